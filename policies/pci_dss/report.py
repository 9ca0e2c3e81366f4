"""What was found, for people on a terminal: what fails, where, why and what to do."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pci_dss.evidence.model import Status, number
from pci_dss.subject import HIDDEN, SENSITIVE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pci_dss.evidence.model import Row

_ORDER = (Status.FAIL, Status.NOT_EVALUATED, Status.EXCEPTION, Status.PASS)
_COLOURS = {Status.FAIL: "31", Status.NOT_EVALUATED: "33", Status.EXCEPTION: "36"}
_SHOWN_VALUES = 4
_NARROWEST, _WIDEST = 60, 110


class Grouping(StrEnum):
    """What the report has a heading for."""

    RESOURCE = "resource"
    REQUIREMENT = "requirement"


@dataclass(frozen=True)
class Finding:
    """What one check says of one thing, for some or all requirements that it serves."""

    environment: str
    subject: str
    check: str
    title: str
    status: Status
    requirements: tuple[str, ...]
    reasons: tuple[str, ...]
    evaluated: Mapping[str, Any]
    file: str
    line: int
    fix: str
    exception: str


def findings(rows: Iterable[Row]) -> list[Finding]:
    """Put the rows of a check on a thing together, which are one for each requirement."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        key = (row.environment, row.subject, row.check, row.status, row.exception)
        groups.setdefault(key, []).append(row)
    found = [
        Finding(
            row.environment,
            row.subject,
            row.check,
            row.title,
            row.status,
            tuple(sorted({each.requirement for each in group}, key=number)),
            tuple(row.reasons),
            row.evaluated,
            row.file,
            row.line,
            row.fix,
            row.exception,
        )
        for group in groups.values()
        for row in group[:1]
    ]
    return sorted(found, key=lambda it: (it.environment, it.subject, _ORDER.index(it.status)))


class Report:
    """Lays findings out as text.

    Args:
        found: what was found.
        colour: whether escape sequences are understood.
        width: columns; those of the terminal if it isn't given.
    """

    def __init__(
        self, found: Sequence[Finding], *, colour: bool = False, width: int | None = None
    ) -> None:
        self._found = found
        self._colour = colour
        columns = width or shutil.get_terminal_size((_WIDEST, 0)).columns
        self._width = max(_NARROWEST, min(_WIDEST, columns))

    def lines(self, grouping: Grouping, *, undecided: bool) -> Iterator[str]:
        """Yield what fails, what is accepted, and on request what wasn't decided."""
        shown = {Status.FAIL, Status.EXCEPTION} | ({Status.NOT_EVALUATED} if undecided else set())
        chosen = [finding for finding in self._found if finding.status in shown]
        for environment in dict.fromkeys(finding.environment for finding in chosen):
            there = [finding for finding in chosen if finding.environment == environment]
            yield self._paint(environment, "1")
            yield "=" * min(len(environment), self._width)
            groups = _by_requirement if grouping == Grouping.REQUIREMENT else _by_resource
            for heading, group in groups(there):
                yield ""
                yield self._paint(heading, "1")
                for finding in group:
                    yield from self._finding(finding, grouping)
            yield ""
        if not undecided:
            yield from self._undecided()
        yield self.counts()

    def counts(self) -> str:
        """Say how many answers of each kind there are."""
        counts = Counter(finding.status for finding in self._found)
        resources = len({(finding.environment, finding.subject) for finding in self._found})
        counted = ", ".join(f"{counts[status]} {status}" for status in _ORDER)
        return f"{counted}; {resources} resources"

    def _finding(self, finding: Finding, grouping: Grouping) -> Iterator[str]:
        status = self._paint(finding.status, _COLOURS.get(finding.status, "32"))
        if grouping == Grouping.RESOURCE:
            rest = f"{finding.title} (PCI DSS {', '.join(finding.requirements)})"
        else:
            rest = f"{finding.subject}{_place(finding)}"
        yield f"  {status} {finding.check} {rest}"
        if finding.exception:
            yield f"    accepted by exception {finding.exception}"
        for reason in finding.reasons:
            if reason != finding.title:  # as of built-in checks
                yield from self._wrapped(reason)
        values = [*_values(finding)]
        for value in values[:_SHOWN_VALUES]:
            yield from self._wrapped(value)
        if len(values) > _SHOWN_VALUES:
            yield f"    and {len(values) - _SHOWN_VALUES} more values, in --json"
        if finding.fix and finding.status == Status.FAIL:
            yield from self._wrapped(f"Fix: {finding.fix}")

    def _undecided(self) -> Iterator[str]:
        open_ones = [each for each in self._found if each.status == Status.NOT_EVALUATED]
        if open_ones:
            about = len({(each.environment, each.subject) for each in open_ones})
            yield from textwrap.wrap(
                f"{len(open_ones)} answers about {about} resources are {Status.NOT_EVALUATED}: what"
                " they rest on isn't known, or no check looks at the resource. --undecided shows"
                " them.",
                self._width,
            )

    def _wrapped(self, text: str) -> list[str]:
        return textwrap.wrap(
            text,
            self._width,
            initial_indent="    ",
            subsequent_indent="      ",
            break_long_words=False,
            break_on_hyphens=False,
        )

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text


def _by_resource(found: Sequence[Finding]) -> Iterator[tuple[str, Sequence[Finding]]]:
    yield from _grouped(found, lambda finding: [f"{finding.subject}{_place(finding)}"])


def _by_requirement(found: Sequence[Finding]) -> Iterator[tuple[str, Sequence[Finding]]]:
    groups = dict(_grouped(found, lambda finding: finding.requirements))
    for requirement in sorted(groups, key=number):
        yield f"PCI DSS {requirement}", groups[requirement]


def _grouped(
    found: Sequence[Finding], keys: Callable[[Finding], Iterable[str]]
) -> Iterator[tuple[str, Sequence[Finding]]]:
    groups: dict[str, list[Finding]] = {}
    for finding in found:
        for key in keys(finding):
            groups.setdefault(key, []).append(finding)
    yield from groups.items()


def _place(finding: Finding) -> str:
    return f"  {finding.file}:{finding.line}" if finding.file else ""


def _values(finding: Finding) -> Iterator[str]:
    """Yield what decided: of the resource itself without its address."""
    for name, value in finding.evaluated.items():
        if value in (HIDDEN, SENSITIVE):
            continue
        shown = "not set" if value is None else json.dumps(value, default=str, ensure_ascii=False)
        yield f"{name.removeprefix(f'{finding.subject}: ')} = {shown}"
