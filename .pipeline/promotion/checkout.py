"""The checkout that a release is built from: what Git knows of it, and which files it has."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from promotion.errors import BrokenInputError, Refused

HERE = Path(__file__).resolve().parents[2]
"""The checkout that this code is of."""

COMMIT_VARIABLE, AUTHOR_VARIABLE = "SOURCE_COMMIT", "SOURCE_AUTHOR"
"""What the pipeline knows of a source, as its projects are told."""

UNKNOWN = "unknown"
DIRTY = "-dirty"

_SHOW_COMMIT = ("show", "--no-patch", "--no-show-signature", "--format=%H%n%ae")
_UNCHANGED_AND_WATCHED = "H"
_NOT_IGNORED = ("--others", "--exclude-standard")
_SAID_AT_MOST = 5
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True)
class Revision:
    """What a release is built from."""

    version: str
    commit: str
    """Its id; with ``-dirty`` when the checkout isn't what was committed, or ``unknown``."""
    author: str
    """Who wrote the commit: nobody approves what is theirs. Empty where nobody knows."""


def is_committed(commit: str) -> bool:
    """Tell whether it is a commit's id, by which somebody else finds the same sources."""
    return bool(_COMMIT.fullmatch(commit))


@dataclass(frozen=True)
class Checkout:
    """A checkout of the project, by Git or unpacked from an archive."""

    root: Path = HERE

    def revision(self, *, allow_dirty: bool = False) -> Revision:
        """Say what the checkout is.

        Raises:
            Refused: it isn't what was committed, and that isn't allowed.
            BrokenInputError: the variables tell of no commit, or of another one.
        """
        version = self._version()
        told, author = (os.environ.get(name, "") for name in (COMMIT_VARIABLE, AUTHOR_VARIABLE))
        if not self._has_git:
            # What a pipeline's source action hands on is a commit's files, without Git's data.
            if told:
                return Revision(version, _checked(told), author)
            if not allow_dirty:
                raise _not_committed(f"{self.root} has no Git data, so that no commit is known")
            return Revision(version, UNKNOWN, author)
        commit, written_by = self._git(*_SHOW_COMMIT).splitlines()[:2]
        if told and told != commit:
            raise BrokenInputError(
                f"{COMMIT_VARIABLE} says {told}, and {self.root} is of {commit}: unset one of them"
            )
        if changes := self._changes():
            if not allow_dirty:
                more = len(changes) - _SAID_AT_MOST
                said = ", ".join(changes[:_SAID_AT_MOST]) + (f" and {more} more" * (more > 0))
                raise _not_committed(f"these files aren't as in commit {commit[:12]}: {said}")
            commit += DIRTY
        return Revision(version, commit, author or written_by)

    def files(self, *folders: str) -> list[PurePosixPath]:
        """Name the folders' files that are or may be committed, sorted, from the root.

        Raises:
            BrokenInputError: a folder has none, or one isn't a plain file.
        """
        found = [name for folder in folders for name in self._files_of(folder)]
        for name in found:
            path = self.root / name
            if path.is_symlink() or not path.is_file():
                raise BrokenInputError(
                    f"{name} isn't a file: put one into its place, since a release holds no others"
                )
        return sorted(found)

    def read(self, name: PurePosixPath | str) -> bytes:
        """Give a file's content."""
        try:
            return (self.root / name).read_bytes()
        except OSError as error:
            raise BrokenInputError(
                f"can't read {name} in {self.root}: {error.strerror}; the checkout isn't whole"
            ) from error

    def _files_of(self, folder: str) -> list[PurePosixPath]:
        found = [name for name in self._all_files if name.is_relative_to(folder)]
        if not found:
            raise BrokenInputError(f"{self.root} has no files in {folder}: it isn't a checkout")
        return found

    @cached_property
    def _all_files(self) -> list[PurePosixPath]:
        if self._has_git:
            listed = self._git("ls-files", "-z", "--cached", *_NOT_IGNORED)
        else:
            # What may be committed is Git's to say, here too.
            with tempfile.TemporaryDirectory() as empty:
                self._git("init", "--quiet", "--bare", empty)
                at = (f"--git-dir={empty}", f"--work-tree={self.root}")
                listed = self._git(*at, "ls-files", "-z", *_NOT_IGNORED)
        names = sorted(set(listed.split("\0")) - {""})
        return [PurePosixPath(name) for name in names if os.path.lexists(self.root / name)]

    @property
    def _has_git(self) -> bool:
        # Git itself would also find a repository that the checkout merely lies in.
        return (self.root / ".git").exists()

    def _changes(self) -> list[str]:
        status = self._git("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all")
        changed = [line[3:] for line in status.split("\0") if line]
        # Files that somebody told Git not to look at aren't in its status.
        unwatched = [
            line[2:]
            for line in self._git("ls-files", "-z", "-v").split("\0")
            if line and line[0] != _UNCHANGED_AND_WATCHED
        ]
        return sorted({*changed, *unwatched})

    def _version(self) -> str:
        project = tomllib.loads(self.read("pyproject.toml").decode())["project"]
        return str(project["version"])

    def _git(self, *arguments: str) -> str:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("GIT_")
        }
        command = ["git", "-C", str(self.root), *arguments]
        try:
            return subprocess.run(  # noqa: S603 - git with fixed arguments
                command,
                env={**environment, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"},
                capture_output=True,
                encoding="utf-8",
                check=True,
            ).stdout
        except FileNotFoundError as error:
            raise BrokenInputError("there is no git: install it, it knows the commit") from error
        except subprocess.CalledProcessError as error:
            raise BrokenInputError(f"git can't read {self.root}: {error.stderr.strip()}") from error


def _checked(commit: str) -> str:
    if not is_committed(commit):
        raise BrokenInputError(f"{COMMIT_VARIABLE} is {commit!r}: give a commit's whole id")
    return commit


def _not_committed(evidence: str) -> Refused:
    return Refused(
        rule="release-not-committed",
        evidence=evidence,
        fix=f"commit or remove them, and build from a clone, or tell {COMMIT_VARIABLE}",
        override="nobody for what is promoted; to try something out, build with --allow-dirty",
    )
