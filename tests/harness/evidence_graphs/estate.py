"""What graph checks look at: the roots of an organization's accounts, as planned or applied."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from terraform_plan.files import Files
from terraform_plan.references import Instance, Resources

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

CDE = "pci-cde"
IN_SCOPE = frozenset({CDE, "pci-connected"})
"""What the tag `scope` says of whatever holds cardholder data, and of what may reach that."""


@dataclass(frozen=True)
class Root:
    """A root, and where it is applied."""

    name: str
    """As evidence calls it, such as ``environments/dev``: its place in the repository."""
    account_id: str
    region: str
    document: Mapping[str, Any] = field(repr=False)
    """A plan as ``terraform show -json`` gives it; best one after the apply, where all is known."""
    repository: Path | None = None
    """Where files and lines of resources are looked up."""

    @cached_property
    def resources(self) -> Resources:
        """The managed resources."""
        return Resources(self.document)

    def place(self, address: str) -> tuple[str, int]:
        """Return file and line of a resource; nothing where they can't be told."""
        item = self.resources.all.get(address)
        if self.repository is None or item is None:
            return "", 0
        repository = self.repository.resolve()
        found = Files(self.document, repository / self.name).place(item)
        if found is None or not found[0].is_relative_to(repository):
            return "", 0
        return found[0].relative_to(repository).as_posix(), found[1]

    def scope(self, item: Instance) -> str:
        """Return what a resource's tag `scope` says; nothing where it has none."""
        tags = item.values.get("tags_all") or item.values.get("tags") or {}
        return str(tags.get("scope") or "")


@dataclass(frozen=True)
class Estate:
    """All roots that are looked at together."""

    roots: Sequence[Root]
    accounts: Collection[str]
    """The organization's. Whoever belongs to another is a stranger."""
    archive: str = ""
    """Name of the root where logs end."""

    @property
    def unseen(self) -> frozenset[str]:
        """The accounts of which no root is looked at."""
        return frozenset(self.accounts) - {root.account_id for root in self.roots}
