"""What a plan changes, read from `terraform show -json` and told without any value."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from promotion.shared_words import SharedWords, by_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SENSITIVE, UNKNOWN, GONE = "sensitive", "known after apply", "removed"
_SIGNS = {"create": "+", "update": "~", "delete": "-", "forget": "-"}
_NOTHING = ("no-op",), ("read",)


@dataclass(frozen=True)
class Counts:
    """How many resources a plan adds, changes and destroys; a replacement adds and destroys."""

    add: int = 0
    change: int = 0
    destroy: int = 0

    def __str__(self) -> str:
        return f"+{self.add} ~{self.change} -{self.destroy}"

    @property
    def total(self) -> int:
        """All of them together."""
        return self.add + self.change + self.destroy


@dataclass(frozen=True)
class Change:
    """What happens to one resource: which attributes, by path, and a fingerprint of each value."""

    address: str
    actions: tuple[str, ...]
    attributes: Mapping[str, str]

    def __str__(self) -> str:
        sign = "/".join(_SIGNS.get(action, action) for action in self.actions)
        names = dict.fromkeys(path.partition(".")[0] for path in self.attributes)
        told = ", ".join(names) if self.actions == ("update",) else ""
        return f"{sign} {self.address}" + (f": {told}" if told else "")

    def as_document(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Change:
        """Read what `as_document` wrote."""
        actions = tuple(document["actions"])
        return cls(document["address"], actions, dict(document["attributes"]))


def counts(changes: Sequence[Change]) -> Counts:
    """Count what changes do."""
    actions = [action for change in changes for action in change.actions]
    return Counts(actions.count("create"), actions.count("update"), actions.count("delete"))


def changes(document: Mapping[str, Any], environment: str, account_id: str) -> list[Change]:
    """Return the changes to managed resources, by address, as another environment would have them.

    What names the environment or its account, or was made by AWS there, is replaced before values
    are fingerprinted.
    """
    normal = _Normal(document, environment, account_id)
    found = [
        Change(
            normal.address(item["address"]),
            tuple(item["change"]["actions"]),
            _attributes(item["change"], normal),
        )
        for item in _managed(document, "resource_changes")
    ]
    return sorted(found, key=lambda change: change.address)


def outputs_changed(document: Mapping[str, Any]) -> list[str]:
    """Return the names of outputs that change."""
    found = document.get("output_changes") or {}
    return sorted(name for name, change in found.items() if change["actions"] != ["no-op"])


def touched(change: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return the attributes that a change of the document changes: before and after.

    Values that Terraform marks as sensitive, or knows after the apply only, are named so.
    """
    before, after = change.get("before") or {}, change.get("after") or {}
    unknown = change.get("after_unknown") or {}
    hidden = _marked(change.get("before_sensitive")) | _marked(change.get("after_sensitive"))
    found: dict[str, tuple[Any, Any]] = {}
    for name in sorted({*before, *after, *unknown}):
        if unknown.get(name) is True:
            found[name] = (SENSITIVE if name in hidden else before.get(name), UNKNOWN)
        elif before.get(name) != after.get(name):
            pair = (before.get(name), after.get(name))
            found[name] = (SENSITIVE, SENSITIVE) if name in hidden else pair
    return found


def _managed(document: Mapping[str, Any], section: str) -> Iterator[Mapping[str, Any]]:
    for item in document.get(section) or ():
        if item.get("mode") == "managed" and tuple(item["change"]["actions"]) not in _NOTHING:
            yield item


def _attributes(change: Mapping[str, Any], normal: _Normal) -> dict[str, str]:
    """Fingerprint what an attribute becomes, by its path without indexes."""
    if change["actions"] == ["delete"]:
        return {}
    before, after = change.get("before") or {}, change.get("after") or {}
    unknown = change.get("after_unknown") or {}
    found: dict[str, str] = {}
    for name, (_, new) in touched(change).items():
        if new in (SENSITIVE, UNKNOWN):
            found[name] = str(new)
            continue
        was = dict(normal.fingerprints(name, before.get(name), None))
        becomes = dict(normal.fingerprints(name, after.get(name), unknown.get(name)))
        found |= {
            path: becomes.get(path, GONE)
            for path in sorted({*was, *becomes})
            if was.get(path) != becomes.get(path)
        }
    return found


def _marked(marks: Any) -> set[str]:
    """Name the attributes that hold something sensitive, at any depth."""
    return (
        {name for name, mark in marks.items() if _any(mark)} if isinstance(marks, dict) else set()
    )


def _any(mark: Any) -> bool:
    inner = mark.values() if isinstance(mark, dict) else mark if isinstance(mark, list) else ()
    return mark is True or any(map(_any, inner))


class _Normal:
    """Takes out of values what differs between environments of the same release."""

    def __init__(self, document: Mapping[str, Any], environment: str, account_id: str) -> None:
        made = dict(_made_by_aws(document.get("prior_state") or {}))
        planned = _resources((document.get("planned_values") or {}).get("root_module") or {})
        networks = [
            item["values"]["cidr_block"] for item in planned if item.get("type") == "aws_vpc"
        ]
        self._shared = SharedWords(environment, account_id, networks, made)

    def address(self, address: str) -> str:
        """Replace names in keys of instances; types and names of resources are words."""
        return re.sub(r'"([^"]*)"', lambda found: f'"{self._shared.text(found[1])}"', address)

    def fingerprints(self, path: str, value: Any, unknown: Any) -> Iterator[tuple[str, str]]:
        """Yield a fingerprint for each path below; order doesn't count, sets look like lists."""
        leaves: dict[str, list[str]] = {}
        for at, leaf in _leaves(path, self._shared.say(value), unknown):
            leaves.setdefault(at, []).append(leaf if isinstance(leaf, str) else json.dumps(leaf))
        for at, texts in leaves.items():
            if UNKNOWN in texts:
                yield at, UNKNOWN
            else:
                yield at, hashlib.sha256("\0".join(sorted(texts)).encode()).hexdigest()[:16]


def _leaves(path: str, value: Any, unknown: Any) -> Iterator[tuple[str, Any]]:
    """Yield single values with the names that lead to them, those of blocks included."""
    if unknown is True:
        yield path, UNKNOWN
    elif isinstance(value, dict):
        named = unknown if isinstance(unknown, dict) else {}
        for name in sorted({*value, *named}):
            yield from _leaves(f"{path}.{name}", value.get(name), named.get(name))
    elif isinstance(value, list):
        marks = unknown if isinstance(unknown, list) else []
        names = by_name(value) or {}
        places = [f"{path}.{name}" for name in names] or [path] * len(value)
        for place, item, mark in zip_longest(places, value, marks[: len(value)]):
            yield from _leaves(place, item, mark)
    elif value not in (None, "", False):
        yield path, value


_IDENTIFIERS = ("arn", "id", "invoke_arn", "key_id", "unique_id", "version_id")
_SHORTEST = 8


def _made_by_aws(state: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield ids that AWS chose, and where they belong."""
    for resource in _resources((state.get("values") or {}).get("root_module") or {}):
        values = resource.get("values") or {}
        for name in _IDENTIFIERS:
            value = values.get(name)
            if isinstance(value, str) and len(value) >= _SHORTEST and re.search(r"\d", value):
                yield value, f"{{{resource['address']}.{name}}}"


def _resources(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from module.get("resources") or ()
    for child in module.get("child_modules") or ():
        yield from _resources(child)
