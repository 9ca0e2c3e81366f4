"""Where two environments' planned resources differ, ids and unknown values apart.

Ids differ by nature: what AWS made of the same resource in both environments counts as the same
thing wherever it is named. Order doesn't count either, since plans don't tell sets from lists.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from promotion.planned import UNKNOWN
from promotion.shared_words import by_name

if TYPE_CHECKING:
    from promotion.planned import PlannedEnvironment, PlannedResource

Path = tuple[str | int, ...]

_LONG_ENOUGH = 6
"""Characters from which on an id is looked for within texts."""


def differing(
    one: PlannedEnvironment, other: PlannedEnvironment
) -> Iterator[tuple[str, Path, Any, Any]]:
    """Yield address, path of an attribute and both values of whatever differs.

    A resource that one environment alone has differs at the empty path, where it is true or false.
    """
    ids = _Ids(one, other)
    for address in sorted(one.resources.keys() | other.resources.keys()):
        here, there = one.resources.get(address), other.resources.get(address)
        if here is None or there is None:
            yield address, (), here is not None, there is not None
            continue
        for name in sorted(here.configured.keys() | there.configured.keys()):
            for path, left, right in _differing(
                ids, (name,), _value(here, name), _value(there, name)
            ):
                yield address, path, left, right


def _value(resource: PlannedResource, name: str) -> Any:
    return resource.configured.get(name, resource.computed.get(name))


def _differing(ids: _Ids, path: Path, one: Any, other: Any) -> Iterator[tuple[Path, Any, Any]]:
    if ids.same(one, other):
        return
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for name in sorted(one.keys() | other.keys()):
            yield from _differing(ids, (*path, name), one.get(name), other.get(name))
    elif isinstance(one, list) and isinstance(other, list):
        named, others = by_name(one), by_name(other)
        if named and others:
            yield from _differing(ids, path, named, others)
            return
        for index, left, right in _unpaired(ids, one, other):
            yield from _differing(ids, (*path, index), left, right)
    else:
        yield path, one, other


def _unpaired(ids: _Ids, one: list[Any], other: list[Any]) -> Iterator[tuple[int, Any, Any]]:
    """Yield what is left when the same things were put together, by its index in the first list."""
    rest = list(other)
    left = []
    for index, item in enumerate(one):
        partner = next((place for place, each in enumerate(rest) if ids.same(item, each)), None)
        if partner is None:
            left.append((index, item))
        else:
            del rest[partner]
    for number, (found, right) in enumerate(zip_longest(left, rest)):
        index, item = found or (len(one) + number - len(left), None)
        yield index, item, right


class _Ids:
    """Tells whether values of two environments are the same thing."""

    def __init__(self, one: PlannedEnvironment, other: PlannedEnvironment) -> None:
        self._one: dict[str, set[str]] = defaultdict(set)
        self._other: dict[str, set[str]] = defaultdict(set)
        for address in sorted(one.resources.keys() & other.resources.keys()):
            made, there = one.resources[address].computed, other.resources[address].computed
            self._pair(address, made, there)
        for address in sorted(one.found.keys() & other.found.keys()):
            self._pair(address, one.found[address], other.found[address])

    def same(self, one: Any, other: Any) -> bool:
        """Whether two values are the same, or may be once they are known."""
        if isinstance(one, str) and isinstance(other, str) and UNKNOWN not in (one, other):
            return one == other or self._same_text(one, other)
        if UNKNOWN in (one, other):
            return one is not None and other is not None
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            names = one.keys() | other.keys()
            return all(self.same(one.get(name), other.get(name)) for name in names)
        if isinstance(one, list) and isinstance(other, list):
            return len(one) == len(other) and not [*_unpaired(self, one, other)]
        return bool(one == other) or (_is_nothing(one) and _is_nothing(other))

    def _pair(self, name: str, one: Any, other: Any) -> None:
        if isinstance(one, str) and isinstance(other, str):
            if one != other and UNKNOWN not in (one, other):
                self._one[one].add(name)
                self._other[other].add(name)
        elif isinstance(one, Mapping) and isinstance(other, Mapping):
            for key in sorted(one.keys() & other.keys()):
                self._pair(f"{name}.{key}", one[key], other[key])
        elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
            for index, (left, right) in enumerate(zip(one, other, strict=True)):
                self._pair(f"{name}[{index}]", left, right)

    def _same_text(self, one: str, other: str) -> bool:
        if self._one.get(one, set()) & self._other.get(other, set()):
            return True
        return _named(one, self._one) == _named(other, self._other)


def _named(text: str, ids: Mapping[str, set[str]]) -> str:
    """Put names in place of ids within a text."""
    held = [found for found in ids if len(found) >= _LONG_ENOUGH and found in text]
    for found in sorted(held, key=len, reverse=True):
        alone = rf"(?<![A-Za-z0-9]){re.escape(found)}(?![A-Za-z0-9])"
        # In an address a backslash is no reference to a group.
        text = re.sub(alone, f"<{min(ids[found])}>".replace("\\", r"\\"), text)
    return text


def unknown(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the paths of what is known after the apply only."""
    if value == UNKNOWN:
        yield path
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from unknown(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from unknown(inner, (*path, index))


def _is_nothing(value: Any) -> bool:
    """Whether a value is what the provider says where nothing was asked for, before or after."""
    if isinstance(value, Mapping):
        return all(map(_is_nothing, value.values()))
    if isinstance(value, list):
        return all(map(_is_nothing, value))
    return not value
