"""What changed between two packs, by requirement: ``10.3.2 PASS to FAIL: address``.

    python -m pci_dss.evidence.delta OLD NEW

OLD and NEW are packs, which are verified first, or the evidence.json of a run that wasn't sealed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pci_dss.evidence import verify
from pci_dss.evidence.model import Evidence, Row, Status, number
from pci_dss.evidence.trend import standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

NOT_WORSE, WORSE, BROKEN = 0, 1, 2

_BEST_FIRST = (
    Status.PASS,
    Status.EXCEPTION,
    Status.MANUAL,
    Status.NOT_EVALUATED,
    Status.FAIL,
)
_Key = tuple[str, str, str, str]


class DeltaError(Exception):
    """Something isn't evidence that can be compared; says why."""


class Direction(StrEnum):
    """What a change means for compliance."""

    WORSE = "worse"
    BETTER = "better"
    NEITHER = "neither"


@dataclass(frozen=True)
class Change:
    """One requirement on one thing that has another status than before, is new or gone."""

    row: Row
    """As it is; as it was, where it is gone."""
    before: Status | None
    after: Status | None
    direction: Direction

    def __str__(self) -> str:
        row = self.row
        where = " ".join(filter(None, (row.environment, row.subject)))
        reasons = f": {'; '.join(row.reasons)}" if row.reasons and self.after else ""
        return f"{row.requirement} {self._told}: {where} ({row.check}){reasons}"

    @property
    def _told(self) -> str:
        if self.before is None:
            return f"new {self.after}"
        return f"{self.before} to {self.after}" if self.after else f"{self.before} gone"


@dataclass(frozen=True)
class Delta:
    """All changes, those for the worse first, and how requirements stand."""

    old: str
    new: str
    changes: Sequence[Change]
    standings: Sequence[tuple[str, Status | None, Status | None]]
    """Requirements that stand otherwise than before: before and after."""

    @property
    def counts(self) -> Counter[Direction]:
        """Changes by direction."""
        return Counter(change.direction for change in self.changes)

    def lines(self) -> Iterator[str]:
        """Say it to people."""
        yield f"From {self.old} to {self.new}"
        for requirement, before, after in self.standings:
            yield f"{requirement} {before or 'nothing'} to {after or 'nothing'}"
        for direction in Direction:
            found = [change for change in self.changes if change.direction == direction]
            if found:
                yield f"{len(found)} {direction}:"
                yield from (f"  {change}" for change in found)
        if not self.changes:
            yield "Nothing changed."

    def as_json(self) -> dict[str, Any]:
        """Return what :func:`json.dumps` takes."""
        return asdict(self)


def delta(old: Evidence, new: Evidence) -> Delta:
    """Compare evidence, row by row."""
    before, after = _by_key(old.rows), _by_key(new.rows)
    still = _Still(new.rows)
    changes = [
        change
        for key in before.keys() | after.keys()
        if (change := _change(before.get(key), after.get(key), still))
    ]
    stood, stands = standing(old), standing(new)
    return Delta(
        old.commit,
        new.commit,
        sorted(changes, key=_order),
        [
            (requirement, stood.get(requirement), stands.get(requirement))
            for requirement in sorted(stood.keys() | stands.keys(), key=number)
            if stood.get(requirement) != stands.get(requirement)
        ],
    )


def read(path: Path) -> Evidence:
    """Read the evidence of a pack, if it is what was sealed, or of a file.

    Raises:
        DeltaError: it isn't evidence, or the pack was changed.
    """
    try:
        if path.is_dir():
            if found := verify.findings(path):
                raise DeltaError(f"{path} isn't what was sealed: {found[0]}")
            path /= verify.EVIDENCE
        return Evidence.loads(path.read_bytes())
    except OSError as error:
        raise DeltaError(f"can't read {error.filename}: {error.strerror}") from error
    except (ValueError, verify.VerificationError) as error:
        raise DeltaError(f"{path}: {error}") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m pci_dss.evidence.delta",
        description=__doc__,
        epilog="exit status: 0 nothing is worse, 1 something is, 2 they can't be compared",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    try:
        found = delta(read(options.old), read(options.new))
    except DeltaError as error:
        print(error, file=sys.stderr)
        return BROKEN
    if options.json:
        print(json.dumps(found.as_json(), indent=1, default=str))
    else:
        print("\n".join(found.lines()))
    return WORSE if found.counts[Direction.WORSE] else NOT_WORSE


class _Still:
    """What is still looked at."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._subjects = {(row.environment, row.subject) for row in rows}
        self._requirements = {row.requirement for row in rows}

    def lacks_only(self, row: Row) -> bool:
        """Whether what a row was about is there, and only the look at it is gone."""
        is_there = (row.environment, row.subject) in self._subjects
        return is_there or row.requirement not in self._requirements


def _change(before: Row | None, after: Row | None, still: _Still) -> Change | None:
    was, is_ = (row.status if row else None for row in (before, after))
    row = after or before
    if row is None or was == is_:
        return None
    return Change(row, was, is_, _direction(row, was, is_, still))


def _direction(row: Row, was: Status | None, is_: Status | None, still: _Still) -> Direction:
    if is_ is None:
        if was == Status.FAIL:
            return Direction.BETTER
        return Direction.WORSE if still.lacks_only(row) else Direction.NEITHER
    if was is None:
        is_good = is_ in (Status.PASS, Status.MANUAL)
        return Direction.NEITHER if is_good else Direction.WORSE
    is_worse = _BEST_FIRST.index(is_) > _BEST_FIRST.index(was)
    return Direction.WORSE if is_worse else Direction.BETTER


def _by_key(rows: Iterable[Row]) -> dict[_Key, Row]:
    """Give rows by what they are about; of several about the same the worst."""
    found: dict[_Key, Row] = {}
    for row in sorted(rows, key=lambda row: _BEST_FIRST.index(row.status)):
        found[row.requirement, row.environment, row.subject, row.check] = row
    return found


def _order(change: Change) -> tuple[int, tuple[int, ...], str, str, str]:
    row = change.row
    place = list(Direction).index(change.direction)
    return place, number(row.requirement), row.environment, row.subject, row.check


if __name__ == "__main__":
    sys.exit(main())
