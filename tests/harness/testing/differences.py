"""Compares what a test expects with what a plan says, and shows how they differ.

Expectations are partial: a mapping is compared by the keys that it names, a list by its length and
elements, a set by its elements in any order. A mapping or list may stand for a JSON document, and a
mapping for the only element of a list, as Terraform shows a nested block. Anything else is compared
with `==`. No sensitive value is ever shown.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from harness.terraform import SENSITIVE

AFTER_APPLY = "(known after apply)"
"""Stands for a value that a plan can't know."""

MISSING = "__missing__"
"""Expects that there is no value: absent, null, or known only after the apply."""

_HIDDEN = "(not shown, as the value found is sensitive)"
_ABSENT = "nothing of that name"
_SHOWN_CHARACTERS = 160


class ExpectationError(AssertionError):
    """A plan isn't what a test expects; `str()` shows every difference."""

    def __init__(self, subject: str, differences: Iterable[Difference], advice: str = "") -> None:
        self.differences = tuple(differences)
        parts = [subject, *(str(difference) for difference in self.differences)]
        super().__init__("\n".join([*parts, advice] if advice else parts))


@dataclass(frozen=True)
class Difference:
    """One place at which expectation and plan differ, with both sides made readable."""

    path: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"  {self.path}\n    expected: {self.expected}\n    found:    {self.found}"


def compare(expected: Any, found: Any, raw: Any = None, path: str = "") -> Iterator[Difference]:
    """Yield the differences between an expectation and the value found.

    `found` has its sensitive values replaced by `SENSITIVE`; `raw` is the same without that, and
    decides whether a sensitive value is as expected.
    """
    raw = found if raw is None else raw
    if _is(found, SENSITIVE):
        if not _is(expected, SENSITIVE) and (
            _is(raw, SENSITIVE) or any(compare(expected, raw, raw, path))
        ):
            yield Difference(path, _HIDDEN, SENSITIVE)
    elif _is(expected, MISSING):
        if found is not None and not _is(found, AFTER_APPLY):
            yield Difference(path, "no value", show(found))
    elif isinstance(expected, Mapping):
        yield from _compare_mapping(expected, *_mapping_within(found, raw), path)
    elif isinstance(expected, list | tuple):
        yield from _compare_list(expected, *_list_within(found, raw), path)
    elif isinstance(expected, AbstractSet):
        yield from _compare_set(expected, found, path)
    elif not _same(expected, found):
        yield Difference(path, *_contrast(expected, found))


def near(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Return the known names that may have been meant."""
    return difflib.get_close_matches(name, sorted(known), n=count, cutoff=0.5)


def show(value: Any, limit: int = _SHOWN_CHARACTERS) -> str:
    """Write a value as JSON where it can be, cut to a readable length."""
    text = _json(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _compare_mapping(
    expected: Mapping[str, Any], found: Any, raw: Any, path: str
) -> Iterator[Difference]:
    if not isinstance(found, Mapping):
        yield Difference(path, show(expected), show(found))
        return
    for name, value in expected.items():
        inner = f"{path}.{name}" if path else str(name)
        if name in found:
            yield from compare(value, found[name], raw[name], inner)
        elif not _is(value, MISSING):
            close = near(str(name), map(str, found))
            guess = f"; there is {', '.join(close)}" if close else ""
            yield Difference(inner, show(value), _ABSENT + guess)


def _compare_list(expected: Sequence[Any], found: Any, raw: Any, path: str) -> Iterator[Difference]:
    if not isinstance(found, list):
        yield Difference(path, show(expected), show(found))
    elif len(expected) != len(found):
        yield Difference(
            path,
            f"{_elements(len(expected))}: {show(expected)}",
            f"{_elements(len(found))}: {show(found)}",
        )
    else:
        for index, value in enumerate(expected):
            yield from compare(value, found[index], raw[index], f"{path}[{index}]")


def _compare_set(expected: AbstractSet[Any], found: Any, path: str) -> Iterator[Difference]:
    wanted = sorted(expected, key=_json)
    actual, _ = _list_within(found, found)
    if not isinstance(actual, list):
        yield Difference(path, show(wanted), show(actual))
        return
    lacking = [value for value in wanted if not any(_same(value, item) for item in actual)]
    surplus = [item for item in actual if not any(_same(value, item) for value in wanted)]
    if lacking or surplus:
        parts = [f"without {show(lacking)}"] if lacking else []
        parts += [f"with {show(surplus)} besides"] if surplus else []
        yield Difference(path, f"in any order: {show(wanted)}", " and ".join(parts))


def _mapping_within(found: Any, raw: Any) -> tuple[Any, Any]:
    """Open a JSON document, or the list around a block that there is one of."""
    opened = _parsed(found)
    if opened is not found:
        return opened, opened
    if isinstance(found, list) and len(found) == 1 and isinstance(found[0], Mapping):
        return found[0], raw[0]
    return found, raw


def _list_within(found: Any, raw: Any) -> tuple[Any, Any]:
    opened = _parsed(found)
    return (opened, opened) if opened is not found else (found, raw)


def _parsed(value: Any) -> Any:
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _same(expected: Any, found: Any) -> bool:
    # To Python 1 is True; to Terraform they are of different types.
    if isinstance(found, bool) != isinstance(expected, bool) and isinstance(expected, int | float):
        return False
    return bool(expected == found)


def _is(value: Any, sentinel: str) -> bool:
    return isinstance(value, str) and value == sentinel


def _contrast(expected: Any, found: Any) -> tuple[str, str]:
    """Show both values; of long texts the part at which they begin to differ."""
    one, other = _json(expected), _json(found)
    alike = sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    )
    start = max(0, alike - _SHOWN_CHARACTERS // 4)
    if max(len(one), len(other)) <= _SHOWN_CHARACTERS or start == 0:
        return show(expected), show(found)
    end = start + _SHOWN_CHARACTERS
    return f"…{one[start:end]}", f"…{other[start:end]}"


def _json(value: Any) -> str:
    if isinstance(value, str) and value in (AFTER_APPLY, SENSITIVE):
        return value
    try:
        return json.dumps(value, ensure_ascii=False)
    except TypeError:
        return repr(value)


def _elements(count: int) -> str:
    return f"{count} element{'' if count == 1 else 's'}"
