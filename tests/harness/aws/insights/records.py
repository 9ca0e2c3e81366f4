"""What a log event has for a query: its own fields, and those of the JSON that it is."""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

Value: TypeAlias = str | int | float | None
"""None is a field that the event doesn't have."""

Record: TypeAlias = dict[str, Value]

TIMES = ("@timestamp", "@ingestionTime")
_MOST_FIELDS = 200  # that AWS discovers in an event


def record_of(
    message: str, *, timestamp: int, ingested: int, log: str, stream: str, pointer: str
) -> Record:
    """Give the fields of an event; times are epoch milliseconds, ``log`` is account and group."""
    discovered = dict(_discovered(message))
    own: Record = {
        "@message": message,
        "@timestamp": timestamp,
        "@ingestionTime": ingested,
        "@log": log,
        "@logStream": stream,
        "@ptr": pointer,
    }
    return {**discovered, **own}


def number(value: Value) -> float | None:
    """Read a value as a number, which JSON may have written as text."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return value


def written(value: int | float | str) -> str:
    """Write a value as results do."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def written_time(epoch_ms: float) -> str:
    """Write a time as results do."""
    at = datetime.datetime.fromtimestamp(epoch_ms / 1000, datetime.UTC)
    return f"{at:%Y-%m-%d %H:%M:%S}.{int(epoch_ms) % 1000:03d}"


def _discovered(message: str) -> Iterator[tuple[str, Value]]:
    if not message.lstrip().startswith("{"):
        return
    try:
        document = json.loads(message)
    except (ValueError, RecursionError):
        return
    for count, field in enumerate(_leaves(document, "")):
        if count == _MOST_FIELDS:
            return
        yield field


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Value]]:
    """Yield what isn't an object or a list, by its path: ``a.b``, ``list.0.c``."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{path}.{index}")
    elif isinstance(value, bool):
        yield path, int(value)
    elif value is not None:
        yield path, value
