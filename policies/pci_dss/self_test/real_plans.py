"""Real plans as mutants are made from them: one resource changed, everything else as it was."""

from __future__ import annotations

import re
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from pci_dss.self_test.changes import attributes, changed, holds
from pci_dss.self_test.stand_ins import resources_of, with_documents
from terraform_plan.references import Resources

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pci_dss.self_test.catalogue import Change, Entry

WRITTEN = "written by hand"
BECOMES = "becomes"
"""In place of a path: the type that a resource is changed into."""
_KEYS = re.compile(r"\[[^\]]*\]")


@dataclass(frozen=True)
class Real:
    """A plan of one of our roots."""

    name: str
    document: dict[str, Any] = field(repr=False)
    stand_ins: int = 0
    """How many JSON documents of it aren't told, and made up here."""

    @classmethod
    def of(cls, name: str, plan: Mapping[str, Any]) -> Real:
        """Take a plan, with stand-ins for documents that it doesn't tell yet."""
        return cls(name, *with_documents(plan))

    def places(self) -> dict[str, dict[str, Any]]:
        """Return all planned resources by address, as they stand in the document."""
        root = self.document["planned_values"]["root_module"]
        return {item["address"]: item for item in resources_of(root) if item["mode"] == "managed"}

    def subjects(self, entry: Entry) -> Iterator[str]:
        """Yield a resource of each block that an entry is for."""
        seen = set()
        for address, item in self.places().items():
            block = _KEYS.sub("", address)
            if item["type"] != entry.type or block in seen:
                continue
            if block not in entry.failing and holds(item["values"], entry.where):
                seen.add(block)
                yield address

    @contextmanager
    def mutated(self, address: str, change: Change) -> Iterator[bool]:
        """Change a resource for a while; tells whether anything is different.

        ``other_type:path`` changes all resources of another type instead, of which there must be
        some, and ``other_type-`` takes them away.
        """
        places = self.places()
        own, others, gone = _sorted_edits(change.edits)
        touched = {address: own} if own else {}
        touched |= {
            place: others[item["type"]] for place, item in places.items() if item["type"] in others
        }
        removed = [item for item in places.values() if item["type"] in gone]
        if others.keys() - {item["type"] for item in places.values()}:
            yield False
            return
        with ExitStack() as restored:
            different = bool(removed)
            for item in removed:
                restored.enter_context(_replaced(item, "mode", "removed"))
            for place, edits in touched.items():
                if kind := edits.get(BECOMES):
                    restored.enter_context(_replaced(places[place], "type", kind))
                before = places[place]["values"]
                after = changed(before, {path: edits[path] for path in edits if path != BECOMES})
                different = different or after != before or BECOMES in edits
                restored.enter_context(_replaced(places[place], "values", after))
                self._configure(
                    place, {name: after.get(name) for name in attributes(edits)}, restored
                )
            yield different

    def _configure(self, address: str, values: dict[str, Any], restored: ExitStack) -> None:
        """Let the configuration say constants for some attributes, which are known then."""
        resources = self.resources()
        block = cast("dict[str, Any]", resources.block(resources.all[address]))
        kept = {
            name: expression
            for name, expression in (block.get("expressions") or {}).items()
            if name not in values
        }
        restored.enter_context(_replaced(block, "expressions", kept | _constants(values)))
        for planned in self.document["resource_changes"]:
            if planned["address"] == address:
                change = planned["change"]
                unknown = change.get("after_unknown") or {}
                left = {name: mark for name, mark in unknown.items() if name not in values}
                restored.enter_context(_replaced(change, "after_unknown", left))

    def resources(self) -> Resources:
        """Read the document as it is now."""
        return Resources(self.document)


@contextmanager
def _replaced(holder: dict[str, Any], key: str, value: Any) -> Iterator[None]:
    before = holder.get(key)
    holder[key] = value
    try:
        yield
    finally:
        holder[key] = before


def written(entry: Entry) -> Real:
    """Make a plan of the resources that an entry brings itself, as our modules have none such."""
    resources, blocks = [], []
    for address, values in entry.beside.items():
        kind, name = address.split(".")
        head = {"address": address, "mode": "managed", "type": kind, "name": name}
        resources.append({**head, "values": dict(values)})
        blocks.append({**head, "expressions": _constants(values)})
    return Real(
        WRITTEN,
        {
            "planned_values": {"root_module": {"resources": resources}},
            "configuration": {"root_module": {"resources": blocks}},
            "resource_changes": [],
        },
    )


def _constants(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {"constant_value": value} for name, value in values.items() if value is not None}


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
