"""The matrix of expected evidence: a row for every requirement and what it was looked at for.

What the catalogue expects and nobody looked at, and what no check looks at, has rows too: they are
NOT-EVALUATED and say why.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pci_dss.evidence.model import Basis, Responsibility, Row, Status, number
from pci_dss.exceptions import GRAPHS, problems
from pci_dss.policy import Result
from pci_dss.record import Record

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pci_dss.catalogue import Catalogue, Control, Requirement
    from pci_dss.exceptions import Exemption, Key
    from pci_dss.record import Check

ATTEMPT, TEST, MANUAL, EXCEPTION, CONTROL, INVENTORY = (
    "attempt",
    "test",
    "manual",
    "exception",
    "control",
    "inventory",
)
"""In place of a check's id: what else a row is of."""
INVENTORIED = "12.5.1"
"""The requirement that systems in scope are listed: it has a row for what no check looks at."""
ACTION = "action"
"""What a row of an attempt has among its evaluated values."""

_STATUS = {
    Result.PASS: Status.PASS,
    Result.FAIL: Status.FAIL,
    Result.NOT_EVALUATED: Status.NOT_EVALUATED,
}
_RESULT = {status: result for result, status in _STATUS.items()}
_WORST_FIRST = (
    Status.FAIL,
    Status.NOT_EVALUATED,
    Status.EXCEPTION,
    Status.PASS,
    Status.MANUAL,
)


@dataclass(frozen=True)
class Scan:
    """What was found in one plan, or in a module's files."""

    environment: str
    """Such as ``environments/dev``."""
    records: Sequence[Record]
    """Files are relative to the repository."""
    types: Mapping[str, str]
    """By address, the type of every managed resource."""


def matrix(
    catalogue: Catalogue,
    checks: Sequence[Check],
    scans: Sequence[Scan],
    seen: Sequence[Row],
    exemptions: Sequence[Exemption],
    today: datetime.date,
) -> list[Row]:
    """Make the rows of an evidence pack, by requirement.

    Args:
        catalogue: what is expected.
        checks: everything that looks at resources.
        scans: what was found.
        seen: rows of attempts, tests and whatever else was looked at.
        exemptions: failures that are accepted.
        today: the day on which they must hold.

    Raises:
        ValueError: something serves a requirement that the catalogue doesn't have.
    """
    rows = rows_of_scans(scans, exemptions, today, seen)
    for requirement in catalogue.requirements.values():
        there = [row for row in rows if row.requirement == requirement.number]
        controls = [*catalogue.controls_of(requirement.number)]
        rows += _unevidenced(requirement, controls, checks, there)
        rows += _unmade(requirement, there)
        rows += _tasks(requirement)
    if unknown := {row.requirement for row in rows} - catalogue.requirements.keys():
        listed = ", ".join(sorted(unknown, key=number))
        raise ValueError(f"the catalogue doesn't have {listed}; add it to catalogue.toml")
    return sorted(rows, key=_order)


def rows_of_scans(
    scans: Sequence[Scan],
    exemptions: Sequence[Exemption],
    today: datetime.date,
    seen: Sequence[Row] = (),
) -> list[Row]:
    """Make the rows of what was looked at alone, and of exceptions that are no use.

    `matrix` adds what is expected and nobody looked at.
    """
    accepted = {each.key: each for each in exemptions if not each.expired(today)}
    found = [*(row for scan in scans for row in _scanned(scan)), *seen]
    return [
        *(_excepted(row, accepted) for row in found),
        *_useless(exemptions, scans, seen, today),
        *(row for scan in scans for row in _uninspected(scan)),
    ]


def overall(rows: Iterable[Row]) -> Status:
    """Say in one word how a requirement stands: the worst of its rows.

    Raises:
        ValueError: there are none.
    """
    return min((row.status for row in rows), key=_WORST_FIRST.index)


def _order(row: Row) -> tuple[tuple[int, ...], int, str, str, str]:
    return (
        number(row.requirement),
        _WORST_FIRST.index(row.status),
        row.check,
        row.environment,
        row.subject,
    )


def _scanned(scan: Scan) -> Iterator[Row]:
    for record in scan.records:
        for requirement in record.requirements:
            yield Row(
                requirement=requirement,
                subject=record.address,
                check=record.check,
                status=_STATUS[record.result],
                basis=Basis.EXAMINED,
                responsibility=Responsibility.MODULE,
                environment=scan.environment,
                title=record.title,
                reasons=record.reasons,
                evaluated=record.evaluated,
                file=record.file,
                line=record.line,
                fix=record.fix,
            )


def _excepted(row: Row, accepted: Mapping[Key, Exemption]) -> Row:
    exemption = accepted.get((row.check, row.environment, row.subject, row.requirement))
    if row.status == Status.FAIL and exemption:
        return replace(row, status=Status.EXCEPTION, exception=exemption.id)
    return row


def _useless(
    exemptions: Sequence[Exemption],
    scans: Sequence[Scan],
    seen: Sequence[Row],
    today: datetime.date,
) -> Iterator[Row]:
    """Exceptions that are expired or unused are failures of their own."""
    found = {scan.environment: [*scan.records] for scan in scans}
    for record, environment in _of_graphs(seen):
        found.setdefault(environment, []).append(record)
    for problem in problems(exemptions, found, today):
        exemption = problem.exemption
        yield Row(
            requirement=exemption.requirement,
            subject=exemption.address,
            check=EXCEPTION,
            status=Status.FAIL,
            basis=Basis.NONE,
            responsibility=Responsibility.CONSUMER,
            environment=exemption.environment,
            title=f"Exception {exemption.id} for {exemption.check}",
            reasons=(problem.reason,),
        )


def _of_graphs(seen: Sequence[Row]) -> Iterator[tuple[Record, str]]:
    """Give what graphs showed as a scan would have, with the environment that it is of."""
    by_subject: dict[tuple[str, str, str], list[Row]] = {}
    for row in seen:
        if row.check.startswith(GRAPHS):
            by_subject.setdefault((row.check, row.environment, row.subject), []).append(row)
    for (check, environment, subject), rows in by_subject.items():
        numbers = tuple(row.requirement for row in rows)
        worst = _RESULT[overall(rows)]
        yield Record(check, rows[0].title, numbers, subject, worst, (), {}, ""), environment


def _uninspected(scan: Scan) -> Iterator[Row]:
    """Resources that no check looks at, or read for another one, are in scope all the same."""
    inspected = {record.address for record in scan.records}
    inspected |= {name.rpartition(": ")[0] for each in scan.records for name in each.evaluated}
    for address, kind in scan.types.items():
        if address not in inspected:
            yield Row(
                requirement=INVENTORIED,
                subject=address,
                check=INVENTORY,
                status=Status.NOT_EVALUATED,
                basis=Basis.NONE,
                responsibility=Responsibility.MODULE,
                environment=scan.environment,
                title="In scope",
                reasons=(f"no check looks at {kind}",),
            )


def _unevidenced(
    requirement: Requirement,
    controls: Sequence[Control],
    checks: Sequence[Check],
    there: Sequence[Row],
) -> Iterator[Row]:
    """Controls that nothing was looked at for, and requirements that nothing at all shows."""
    answered = {row.check for row in there}
    for control in controls:
        serving = [
            check
            for check in checks
            if check.id in control.checks and requirement.number in check.requirements
        ]
        if serving and not answered & {check.id for check in serving}:
            types = sorted({kind for check in serving for kind in check.types})
            named = ", ".join(check.id for check in serving)
            yield _missing(
                requirement,
                CONTROL,
                control.shows,
                f"{named} found no resource of its types in what was looked at: {', '.join(types)}",
            )
    if not there and requirement.responsibility == Responsibility.MODULE:
        yield _missing(
            requirement, CONTROL, requirement.title, "no check, attempt or test is evidence for it"
        )


def _unmade(requirement: Requirement, there: Sequence[Row]) -> Iterator[Row]:
    """Attempts and tests that the catalogue expects and nobody made or ran."""
    made = {row.evaluated.get(ACTION) for row in there if row.check == ATTEMPT}
    for action in requirement.attempts:
        if action not in made:
            yield _missing(requirement, ATTEMPT, action, "the attempt wasn't made")
    ran = {row.subject.partition("::")[0] for row in there if row.check == TEST}
    for test in requirement.tests:
        if test not in ran:
            yield _missing(requirement, TEST, test, "no test in it is marked with the requirement")


def _missing(requirement: Requirement, check: str, subject: str, reason: str) -> Row:
    return Row(
        requirement=requirement.number,
        subject=subject,
        check=check,
        status=Status.NOT_EVALUATED,
        basis=Basis.NONE,
        responsibility=requirement.responsibility,
        title=requirement.title,
        reasons=(reason,),
    )


def _tasks(requirement: Requirement) -> Iterator[Row]:
    """What somebody has to do or show who isn't code."""
    for party, task in requirement.tasks.items():
        yield Row(
            requirement=requirement.number,
            subject=task,
            check=MANUAL,
            status=Status.MANUAL,
            basis=Basis.NONE,
            responsibility=party,
            title=requirement.title,
        )
