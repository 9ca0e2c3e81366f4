"""Known-bad and known-good changes to real resources, as data: folder `mutants`."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOLDER = Path(__file__).with_name("mutants")


_KEYS = {"check", "type", "bad", "good", "where", "beside", "base", "failing", "passed_by"}


class CatalogueError(Exception):
    """A file of mutants can't be used; says which entry and why."""


@dataclass(frozen=True)
class Change:
    """What is done to a resource, by path; see `changes.changed`."""

    edits: Mapping[str, Any]

    def __str__(self) -> str:
        edits = (f"{path} = {_short(value)}" for path, value in self.edits.items())
        return ", ".join(edits) or "as it is"


AS_IT_IS = Change({})
"""A real resource, unchanged."""


@dataclass(frozen=True)
class Entry:
    """Changes to every real resource of a type that a check must fail, and others it must pass."""

    check: str
    type: str
    bad: tuple[Change, ...]
    good: tuple[Change, ...]
    where: Mapping[str, Any]
    """By path, what a resource must hold to be changed."""
    beside: Mapping[str, Any]
    """Written resources of types that our modules don't have, by `type.name`."""
    base: Change = AS_IT_IS
    """What makes each of them clean, where something that we accept is wrong with all of them."""
    failing: tuple[str, ...] = ()
    """Addresses without keys of real resources that rightly fail as they are."""
    passed_by: str = ""
    """A built-in check that passes what is bad here. Then `check` is ours, which must not."""


def entries(folder: Path = FOLDER) -> tuple[Entry, ...]:
    """Read all files.

    Raises:
        CatalogueError: an entry isn't whole.
    """
    return tuple(entry for path in sorted(folder.glob("*.toml")) for entry in _read(path))


def _read(path: Path) -> Iterator[Entry]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"{path}: {error}") from error
    for number, item in enumerate(document.get("mutants", ()), start=1):
        place = f"{path}, entry {number}"
        if strange := item.keys() - _KEYS:
            raise CatalogueError(f"{place}: nobody reads {', '.join(sorted(strange))}")
        try:
            yield Entry(
                item["check"],
                item["type"],
                tuple(map(Change, item["bad"])),
                tuple(map(Change, item.get("good", ()))),
                item.get("where", {}),
                item.get("beside", {}),
                Change(item.get("base", {})),
                tuple(item.get("failing", ())),
                item.get("passed_by", ""),
            )
        except (KeyError, TypeError) as error:
            raise CatalogueError(f"{place}: it lacks {error}") from error


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
