"""Rows that say the same about several things, together: as a page shows them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from pci_dss.evidence.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pci_dss.evidence.model import Basis, Row

K = TypeVar("K")


@dataclass(frozen=True)
class Alike:
    """Rows of one check with the same status for the same reasons."""

    status: Status
    reasons: Sequence[str]
    exception: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class CheckGroup:
    """What one check found."""

    check: str
    title: str
    fix: str
    open: Sequence[Alike]
    """All but what passes."""
    passed: Sequence[Row]

    @property
    def counts(self) -> Counter[Status]:
        """Rows by status."""
        rows = [*self.passed, *(row for alike in self.open for row in alike.rows)]
        return Counter(row.status for row in rows)


@dataclass(frozen=True)
class Answer:
    """What several got for an answer, and what decided it."""

    status: Status
    basis: Basis
    answer: str
    decided_by: str
    reasons: Sequence[str]
    by: Sequence[str]


@dataclass(frozen=True)
class AttemptGroup:
    """One attempt, and what became of it."""

    what: str
    action: str
    answers: Sequence[Answer]


@dataclass(frozen=True)
class TestGroup:
    """The tests of one file."""

    file: str
    counts: Counter[Status]
    reasons: Sequence[str]
    """Why some aren't evaluated, or what failed."""
    names: Sequence[tuple[str, int]]
    """Tests, and how many cases each has."""


def by_check(rows: Iterable[Row]) -> list[CheckGroup]:
    """Group rows by check, those with something open first."""
    groups = [
        CheckGroup(
            check,
            found[0].title,
            next((row.fix for row in found if row.fix), ""),
            _alike(row for row in found if row.status != Status.PASS),
            [row for row in found if row.status == Status.PASS],
        )
        for check, found in _grouped((row.check, row) for row in rows)
    ]
    return sorted(groups, key=lambda group: not group.open)


def attempts(rows: Iterable[Row]) -> list[AttemptGroup]:
    """Group attempts by what was tried, and by the answer."""
    named = (((_value(row, "what") or row.subject, _value(row, "action")), row) for row in rows)
    return [
        AttemptGroup(what, action, _answers(found)) for (what, action), found in _grouped(named)
    ]


def _answers(rows: Iterable[Row]) -> list[Answer]:
    keyed = (
        (
            (
                row.status,
                row.basis,
                _value(row, "answer"),
                _value(row, "decided by"),
                (*row.reasons,),
            ),
            row,
        )
        for row in rows
    )
    return [Answer(*key, [_value(row, "who") for row in found]) for key, found in _grouped(keyed)]


def tests(rows: Iterable[Row]) -> list[TestGroup]:
    """Group tests by file."""
    groups = []
    for file, found in _grouped((row.subject.partition("::")[0], row) for row in rows):
        names = Counter(row.subject.partition("::")[2].partition("[")[0] for row in found)
        reasons = dict.fromkeys(reason for row in found for reason in row.reasons)
        counts = Counter(row.status for row in found)
        groups.append(TestGroup(file, counts, [*reasons], sorted(names.items())))
    return groups


def _alike(rows: Iterable[Row]) -> list[Alike]:
    keyed = (((row.status, tuple(row.reasons), row.exception), row) for row in rows)
    return [Alike(*key, found) for key, found in _grouped(keyed)]


def _grouped(pairs: Iterable[tuple[K, Row]]) -> list[tuple[K, list[Row]]]:
    groups: dict[K, list[Row]] = {}
    for key, row in pairs:
        groups.setdefault(key, []).append(row)
    return list(groups.items())


def _value(row: Row, name: str) -> str:
    return str(row.evaluated.get(name, ""))
