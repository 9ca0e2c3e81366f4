"""Real plans as mutants are made from them: one resource changed, everything else as it was."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pci_dss.self_test.changes import attributes, changed, holds
from terraform_plan.references import Resources

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pci_dss.self_test.catalogue import Change, Entry

_KEYS = re.compile(r"\[[^\]]*\]")


@dataclass(frozen=True)
class Real:
    """A plan of one of our roots."""

    name: str
    document: dict[str, Any] = field(repr=False)

    def places(self) -> dict[str, dict[str, Any]]:
        """Return all planned resources by address, as they stand in the document."""
        root = self.document["planned_values"]["root_module"]
        return {item["address"]: item for item in _resources(root) if item["mode"] == "managed"}

    def subjects(self, entry: Entry) -> Iterator[str]:
        """Yield a real resource of each block that an entry is for."""
        seen = set()
        for address, item in self.places().items():
            block = _KEYS.sub("", address)
            if item["type"] != entry.type or block in seen:
                continue
            if holds(item["values"], entry.where):
                seen.add(block)
                yield address

    @contextmanager
    def mutated(self, address: str, change: Change) -> Iterator[bool]:
        """Change a resource for a while; tells whether anything is different.

        ``other_type:path`` changes all resources of another type instead, and ``other_type-``
        takes them away.
        """
        places = self.places()
        own, others, gone = _sorted_edits(change.edits)
        touched = {address: own} if own else {}
        touched |= {
            place: others[item["type"]] for place, item in places.items() if item["type"] in others
        }
        removed = [item for item in places.values() if item["type"] in gone]
        before = {place: places[place]["values"] for place in touched}
        unknown = self._unknown()
        marks = {place: unknown[place]["change"].get("after_unknown") for place in touched}
        try:
            for place, edits in touched.items():
                places[place]["values"] = changed(before[place], edits)
                if place in unknown:
                    unknown[place]["change"]["after_unknown"] = {
                        name: mark
                        for name, mark in (marks[place] or {}).items()
                        if name not in attributes(edits)
                    }
            for item in removed:
                item["mode"] = "removed"
            yield bool(removed) or any(
                places[place]["values"] != values for place, values in before.items()
            )
        finally:
            for place, values in before.items():
                places[place]["values"] = values
                unknown[place]["change"]["after_unknown"] = marks[place]
            for item in removed:
                item["mode"] = "managed"

    def resources(self) -> Resources:
        """Read the document as it is now."""
        return Resources(self.document)

    def _unknown(self) -> dict[str, dict[str, Any]]:
        return {change["address"]: change for change in self.document["resource_changes"]}


def _sorted_edits(
    edits: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, dict[str, Any]], set[str]]:
    """Tell edits of the resource from those of other types, and types that are taken away."""
    own: dict[str, Any] = {}
    others: dict[str, dict[str, Any]] = {}
    gone = set()
    for path, value in edits.items():
        kind, colon, inner = path.partition(":")
        if colon and kind.startswith("aws_"):
            others.setdefault(kind, {})[inner] = value
        elif path.startswith("aws_") and path.endswith("-"):
            gone.add(path.removesuffix("-"))
        else:
            own[path] = value
    return own, others, gone


def _resources(module: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from module.get("resources", ())
    for child in module.get("child_modules", ()):
        yield from _resources(child)
