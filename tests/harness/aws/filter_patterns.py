"""Patterns of CloudWatch Logs that select events: everything, terms, and JSON fields.

Source: "Filter pattern syntax for metric filters" in the CloudWatch Logs user guide. A comparison
with a field that isn't there is false, also `!=`. What isn't understood is an error.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from moto.logs.utils import EventMessageFilter

Test = Callable[[Any], bool]

_TOKEN = re.compile(
    r'\s*(\(|\)|&&|\|\||!=|=|NOT EXISTS|IS NULL|\$(?:\.\w+)+|"(?:[^"\\]|\\.)*"|[\w.*-]+)'
)
_ABSENT = object()


class PatternError(ValueError):
    """A pattern isn't understood; says which and where."""


@cache
def selector(pattern: str) -> Callable[[str], bool]:
    """Return what tells whether an event's message is selected.

    Raises:
        PatternError: the pattern isn't understood.
    """
    text = pattern.strip()
    if not text:
        return lambda _: True
    if not text.startswith("{"):
        return EventMessageFilter(text).matches
    test = _Parser(text.removeprefix("{").removesuffix("}").strip()).parse()
    return lambda message: _holds(test, message)


def _holds(test: Test, message: str) -> bool:
    try:
        event = json.loads(message)
    except ValueError:
        return False
    return isinstance(event, dict) and test(event)


class _Parser:
    """Reads `($.a = "x") || ($.b NOT EXISTS) && ...`; `&&` binds closer than `||`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0

    def parse(self) -> Test:
        test = self._either()
        if self._place < len(self._text):
            raise self._error()
        return test

    def _either(self) -> Test:
        tests = [self._both()]
        while self._take("||"):
            tests.append(self._both())
        return lambda event: any(test(event) for test in tests)

    def _both(self) -> Test:
        tests = [self._single()]
        while self._take("&&"):
            tests.append(self._single())
        return lambda event: all(test(event) for test in tests)

    def _single(self) -> Test:
        if self._take("("):
            test = self._either()
            if not self._take(")"):
                raise self._error()
            return test
        path = self._next()
        if not path.startswith("$."):
            raise self._error()
        names, operator = path.split(".")[1:], self._next()
        if operator == "NOT EXISTS":
            return lambda event: _field(event, names) is _ABSENT
        if operator == "IS NULL":
            return lambda event: _field(event, names) is None
        if operator not in ("=", "!="):
            raise self._error()
        wanted = self._next().strip('"')
        return lambda event: _compare(_field(event, names), wanted, equal=operator == "=")

    def _take(self, token: str) -> bool:
        found = _TOKEN.match(self._text, self._place)
        if found is None or found[1] != token:
            return False
        self._place = found.end()
        return True

    def _next(self) -> str:
        found = _TOKEN.match(self._text, self._place)
        if found is None:
            raise self._error()
        self._place = found.end()
        return found[1]

    def _error(self) -> PatternError:
        return PatternError(f"not understood at {self._text[self._place :]!r} of {self._text!r}")


def _field(event: Any, names: list[str]) -> Any:
    for name in names:
        if not isinstance(event, dict) or name not in event:
            return _ABSENT
        event = event[name]
    return event


def _compare(value: Any, wanted: str, *, equal: bool) -> bool:
    if value is _ABSENT or value is None:
        return False
    text = json.dumps(value) if isinstance(value, bool) else str(value)
    return fnmatch.fnmatchcase(text, wanted.replace("[", "[[]")) is equal
