"""What somebody changed by hand: typed, without what is only read or makes no difference.

`terraform plan -refresh-only` calls a change whatever AWS reports otherwise than it was told. Here
a resource has drifted when it was found changed *and* the ordinary plan would change it back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from promotion.plan_document import touched

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DELETED, CHANGED, UNAPPLIED = "deleted", "changed", "unapplied"
_NOTHING = (["no-op"], ["read"])


@dataclass(frozen=True)
class Author:
    """Who did it, as CloudTrail tells."""

    principal: str
    event: str
    at: str


@dataclass(frozen=True)
class Finding:
    """One resource that isn't as the release has it."""

    kind: str
    """`deleted` or `changed` by hand, or `unapplied`: planned, with nothing changed by hand."""
    address: str
    type: str
    id: str
    attributes: Mapping[str, tuple[Any, Any]]
    """By name: as it was applied, and as it was found."""
    author: Author | None = None

    def __str__(self) -> str:
        told = [f"{self.kind}: {self.address} ({self.type} {self.id})"]
        told += [
            f"  {name}: {_short(was)} -> {_short(now)}"
            for name, (was, now) in self.attributes.items()
        ]
        if self.author:
            told.append(f"  by {self.author.principal}, {self.author.event} at {self.author.at}")
        return "\n".join(told)

    def as_document(self) -> dict[str, Any]:
        """Return it for JSON."""
        author = vars(self.author) if self.author else None
        attributes = {
            name: {"applied": was, "found": now} for name, (was, now) in self.attributes.items()
        }
        return {**vars(self), "attributes": attributes, "author": author}


def find(document: Mapping[str, Any], cloudtrail: Any | None = None) -> list[Finding]:
    """Read the findings from a plan with the release and the variables that were applied."""
    planned = {item["address"]: item for item in _managed(document, "resource_changes")}
    drifted = {item["address"]: item for item in _managed(document, "resource_drift")}
    found = [
        _drifted(drifted[address], planned[address], cloudtrail)
        for address in sorted(drifted.keys() & planned.keys())
    ]
    found = [item for item in found if item.kind == DELETED or item.attributes]
    known = {item.address for item in found}
    return found + [
        _unapplied(planned[address]) for address in sorted(planned) if address not in known
    ]


def _drifted(item: Mapping[str, Any], planned: Mapping[str, Any], cloudtrail: Any) -> Finding:
    change = item["change"]
    deleted = change["actions"] == ["delete"]
    restored = set(touched(planned["change"]))
    attributes = (
        {}
        if deleted
        else {name: pair for name, pair in touched(change).items() if name in restored}
    )
    identity = str((change.get("before") or {}).get("id", ""))
    author = _author(cloudtrail, change.get("before") or {}) if cloudtrail else None
    kind = DELETED if deleted else CHANGED
    return Finding(kind, item["address"], item["type"], identity, attributes, author)


def _unapplied(item: Mapping[str, Any]) -> Finding:
    change = item["change"]
    identity = str((change.get("before") or {}).get("id", ""))
    return Finding(UNAPPLIED, item["address"], item["type"], identity, touched(change))


def _managed(document: Mapping[str, Any], section: str) -> Iterator[Mapping[str, Any]]:
    for item in document.get(section) or ():
        if item.get("mode") == "managed" and item["change"]["actions"] not in _NOTHING:
            yield item


def _author(cloudtrail: Any, before: Mapping[str, Any]) -> Author | None:
    """Return the latest one who wrote to a resource, if CloudTrail tells."""
    for name in dict.fromkeys(str(before[key]) for key in ("id", "name", "arn") if before.get(key)):
        lookup = [{"AttributeKey": "ResourceName", "AttributeValue": name}]
        try:
            events = cloudtrail.lookup_events(LookupAttributes=lookup)["Events"]
        except (BotoCoreError, ClientError):
            return None  # the report is worth having without
        writes = [event for event in events if event.get("ReadOnly") != "true"]
        if writes:
            last = max(writes, key=lambda event: event["EventTime"])
            at = last["EventTime"].isoformat(timespec="seconds")
            return Author(last.get("Username", "unknown"), last["EventName"], at)
    return None


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
