"""The source action: a repository's files, as a code connection would bring them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from harness.evidence.commits import git
from harness.pipeline.artifacts import pack

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_FIELDS = {
    "CommitId": "%H",
    "CommitMessage": "%s",
    "AuthorDate": "%aI",
    "AuthorDisplayName": "%an",
    "AuthorEmail": "%ae",
    "AuthorId": "%ae",
}


@dataclass(frozen=True)
class Revision:
    """What a source action puts out."""

    content: bytes
    variables: Mapping[str, str]

    @property
    def id(self) -> str:
        """The commit."""
        return self.variables["CommitId"]


class Source(Protocol):
    """Where a source action gets its artifact."""

    def fetch(self, configuration: Mapping[str, str]) -> Revision:
        """Bring the newest revision of what the action's configuration names."""


class WorkingTree:
    """The files that git knows or would know of a checkout, as they lie there."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def fetch(self, configuration: Mapping[str, str]) -> Revision:
        """Pack the checkout; its commit and author are those of HEAD."""
        listed = git(
            self._directory, "ls-files", "-z", "--cached", "--others", "--exclude-standard"
        )
        paths = [self._directory / name for name in listed.split("\0") if name]
        told = git(self._directory, "log", "-1", f"--format={'%x00'.join(_FIELDS.values())}")
        return Revision(
            pack(self._directory, [each for each in paths if each.is_symlink() or each.is_file()]),
            {
                **dict(zip(_FIELDS, told.split("\0"), strict=True)),
                "BranchName": configuration.get("BranchName", ""),
                "FullRepositoryName": configuration.get("FullRepositoryId", ""),
                "ConnectionArn": configuration.get("ConnectionArn", ""),
            },
        )

    @property
    def is_clean(self) -> bool:
        """Whether the files are those of the commit."""
        return not git(self._directory, "status", "--porcelain")
