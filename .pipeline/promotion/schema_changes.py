"""What in a schema of a contract breaks clients, seen from the side that reads it.

In a request the new contract has to take all that the old one took; in an answer it may say nothing
that the old one didn't announce.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from promotion.errors import BrokenInputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Side = Literal["request", "response"]
Found = tuple[str, str, str]
"""Rule, place in the contract, and what differs there."""

_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_EXACT = ("pattern", "format", "multipleOf", "uniqueItems", "not", "discriminator")
_ALTERNATIVES = ("oneOf", "anyOf")
_REMARKS = frozenset(
    {"title", "description", "example", "examples", "deprecated", "externalDocs", "xml"}
)
_HANDLED = frozenset(
    {
        *(*_LOWER, *_UPPER, *_EXACT, *_ALTERNATIVES, *_REMARKS),
        *("type", "enum", "nullable", "default", "properties", "required", "items"),
        *("additionalProperties", "readOnly", "writeOnly"),
    }
)


@dataclass
class SchemaComparison:
    """Compares schemas of two contracts, each with its own references."""

    old: Mapping[str, Any]
    new: Mapping[str, Any]
    _compared: set[tuple[str, str, str]] = field(default_factory=set)

    def compare(
        self, old: Mapping[str, Any], new: Mapping[str, Any], side: Side, where: str
    ) -> Iterator[Found]:
        """Yield what breaks clients."""
        # A schema that refers to itself is compared once; so is one that many places refer to.
        if "$ref" in old and "$ref" in new:
            pair = (side, old["$ref"], new["$ref"])
            if pair in self._compared:
                return
            self._compared.add(pair)
        before, after = flattened(self.old, old), flattened(self.new, new)
        yield from _type(before, after, side, where)
        yield from _values(before, after, side, where)
        yield from _bounds(before, after, side, where)
        yield from _exact(before, after, where)
        yield from self._alternatives(before, after, side, where)
        yield from self._properties(before, after, side, where)
        yield from self._additional(before, after, side, where)
        if "items" in before and "items" in after:
            yield from self.compare(before["items"], after["items"], side, f"{where}[]")
        elif ("items" in after) if side == "request" else ("items" in before):
            yield "items-changed", where, "what a list holds is bounded otherwise"

    def _properties(
        self, old: Mapping[str, Any], new: Mapping[str, Any], side: Side, where: str
    ) -> Iterator[Found]:
        before, after = old.get("properties", {}), new.get("properties", {})
        were, are = set(old.get("required", ())), set(new.get("required", ()))
        for name in sorted(before):
            if name not in after:
                yield f"{side}-property-removed", f"{where}.{name}", "it is gone"
            else:
                yield from self.compare(before[name], after[name], side, f"{where}.{name}")
        if side == "request":
            for name in sorted(are - were):
                yield "request-property-required", f"{where}.{name}", "clients have to send it now"
        else:
            for name in sorted((were - are) & set(after)):
                yield "response-property-optional", f"{where}.{name}", "it may be missing now"

    def _additional(
        self, old: Mapping[str, Any], new: Mapping[str, Any], side: Side, where: str
    ) -> Iterator[Found]:
        before, after = old.get("additionalProperties", True), new.get("additionalProperties", True)
        narrow, wide = (after, before) if side == "request" else (before, after)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from self.compare(before, after, side, f"{where}.*")
        elif narrow is not True and narrow != {} and wide is not False:
            more = "are refused or bounded now" if side == "request" else "may be among them now"
            yield f"{side}-additional-properties", where, f"properties that aren't listed {more}"

    def _alternatives(
        self, old: Mapping[str, Any], new: Mapping[str, Any], side: Side, where: str
    ) -> Iterator[Found]:
        for keyword in _ALTERNATIVES:
            before = {_canonical(self.old, item) for item in old.get(keyword, ())}
            after = {_canonical(self.new, item) for item in new.get(keyword, ())}
            if keyword not in old and keyword not in new:
                continue
            lost = (before - after) if side == "request" else (after - before)
            if lost or bool(before) != bool(after):
                yield f"{side}-alternatives", where, f"`{keyword}` is another one"


def flattened(document: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Follow a schema's reference, and put the parts of its `allOf` together.

    Raises:
        BrokenInputError: a reference leads nowhere, or a keyword isn't understood.
    """
    found = dict(resolved(document, schema))
    for part in found.pop("allOf", ()):
        more = flattened(document, part)
        properties = {**found.get("properties", {}), **more.pop("properties", {})}
        required = [*found.get("required", ()), *more.pop("required", ())]
        found = {**found, **more, "properties": properties, "required": required}
    if unknown := [key for key in found if key not in _HANDLED and not key.startswith("x-")]:
        raise BrokenInputError(
            f"a schema has {', '.join(unknown)}, which the comparison of contracts doesn't know:"
            " leave it out, or teach promotion/schema_changes.py what breaks clients in it"
        )
    return found


def resolved(document: Mapping[str, Any], item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference within the document.

    Raises:
        BrokenInputError: it leads nowhere.
    """
    seen: set[str] = set()
    while "$ref" in item:
        reference = str(item["$ref"])
        target: Any = document if reference.startswith("#/") and reference not in seen else None
        seen.add(reference)
        for part in reference.removeprefix("#/").split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            target = target.get(name) if isinstance(target, dict) else None
        if not isinstance(target, dict):
            raise BrokenInputError(f"the contract's reference {reference} leads nowhere in it")
        item = target
    return item


def _type(
    old: Mapping[str, Any], new: Mapping[str, Any], side: Side, where: str
) -> Iterator[Found]:
    before, after = old.get("type"), new.get("type")
    wide, narrow = (after, before) if side == "request" else (before, after)
    contained = before == after or wide is None or (narrow, wide) == ("integer", "number")
    if not contained:
        yield f"{side}-type", where, f"{before or 'anything'} became {after or 'anything'}"
    was, is_now = old.get("nullable", False), new.get("nullable", False)
    if (was and not is_now) if side == "request" else (is_now and not was):
        yield f"{side}-null", where, "null is refused now" if side == "request" else "may be null"


def _values(
    old: Mapping[str, Any], new: Mapping[str, Any], side: Side, where: str
) -> Iterator[Found]:
    narrow, wide = (new, old) if side == "request" else (old, new)
    if "enum" in narrow:
        less = [value for value in wide.get("enum", ["any"]) if value not in narrow["enum"]]
        if less or "enum" not in wide:
            word = "refused" if side == "request" else "new"
            yield f"{side}-values", where, f"{word}: {', '.join(map(str, less))}"


def _bounds(
    old: Mapping[str, Any], new: Mapping[str, Any], side: Side, where: str
) -> Iterator[Found]:
    narrow, wide = (new, old) if side == "request" else (old, new)
    for keyword in (*_LOWER, *_UPPER):
        if keyword not in narrow:
            continue
        bound, other = narrow[keyword], wide.get(keyword)
        beyond = other is not None and (other < bound if keyword in _LOWER else other > bound)
        if other is None or beyond or (isinstance(bound, bool) and bound != other):
            told = f"`{keyword}` was {old.get(keyword, 'unset')}, is {new.get(keyword, 'unset')}"
            yield f"{side}-limit", where, told


def _exact(old: Mapping[str, Any], new: Mapping[str, Any], where: str) -> Iterator[Found]:
    """Nobody can tell which of two patterns takes more: any change of these counts."""
    for keyword in (*_EXACT, "default", "readOnly", "writeOnly"):
        if old.get(keyword) != new.get(keyword):
            told = f"`{keyword}` was {old.get(keyword, 'unset')}, is {new.get(keyword, 'unset')}"
            yield "keyword-changed", where, told


def _canonical(document: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    plain = {key: value for key, value in resolved(document, schema).items() if key not in _REMARKS}
    return json.dumps(plain, sort_keys=True, default=str)
