"""Attempts and tests as rows of evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pci_dss.evidence.model import Basis, Responsibility, Row, Status
from pci_dss.matrix import ACTION, ATTEMPT, TEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from harness.attempts import Record
    from harness.evidence.requests import Refusal

_BASES = {"seen": Basis.OBSERVED, "evaluated": Basis.EVALUATED}
_OUTCOMES = {"passed": Status.PASS, "failed": Status.FAIL}
_REASONS = {"failed": "the test failed", "skipped": "the test was skipped"}


def of_attempts(records: Iterable[Record]) -> Iterator[Row]:
    """Say what became of attempts: what is possible for a reason is for people to look at."""
    for record in records:
        evaluated = {
            "what": record.what,
            "who": record.who,
            ACTION: record.action,
            "resource": record.resource,
            "answer": record.answer,
            "decided by": record.decided_by,
            "at": record.at,
        }
        status, reasons = _judged(record)
        yield from _attempt(
            record.requirements, record.owner, _BASES[record.how], status, reasons, evaluated
        )


def of_refusals(refusals: Iterable[Refusal], environment: str) -> Iterator[Row]:
    """Say what the edge answered to requests that it must refuse."""
    for refusal in refusals:
        request = refusal.request
        evaluated = {
            "what": request.what,
            "who": request.who,
            ACTION: request.action,
            "answer": refusal.answer,
            "decided by": request.stage,
            "at": refusal.at,
        }
        status = Status.PASS if refusal.as_expected else Status.FAIL
        expected = (f"the answer was to be {request.code}",)
        reasons = () if refusal.as_expected else expected
        yield from _attempt(
            request.requirements, environment, Basis.OBSERVED, status, reasons, evaluated
        )


def of_tests(table: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
    """Say how tests ended, from what ``--pci-table`` wrote as JSON."""
    for listed in table:
        for each in listed["tests"]:
            outcome = each["outcome"]
            status = _OUTCOMES.get(outcome, Status.NOT_EVALUATED)
            reason = _REASONS.get(outcome, "not run on this tree: `make test` runs it")
            yield Row(
                requirement=listed["requirement"],
                subject=each["test"],
                check=TEST,
                status=status,
                basis=Basis.TESTED if outcome in _OUTCOMES else Basis.NONE,
                responsibility=Responsibility.MODULE,
                title="A test that is marked with the requirement",
                reasons=() if status == Status.PASS else (reason,),
            )


def _judged(record: Record) -> tuple[Status, Sequence[str]]:
    if not record.as_expected:
        wanted = "possible" if record.possible else "refused"
        return Status.FAIL, (f"it should be {wanted}",)
    if record.possible:
        return Status.MANUAL, (f"possible, because {record.possible}: see who may be {record.who}",)
    return Status.PASS, ()


def _attempt(
    requirements: Iterable[str],
    environment: str,
    basis: Basis,
    status: Status,
    reasons: Sequence[str],
    evaluated: Mapping[str, Any],
) -> Iterator[Row]:
    for requirement in requirements:
        yield Row(
            requirement=requirement,
            subject=f"{evaluated['who']}: {evaluated['what']} ({evaluated[ACTION]})",
            check=ATTEMPT,
            status=status,
            basis=basis,
            responsibility=Responsibility.MODULE,
            environment=environment,
            title="An attempt that must be refused",
            reasons=reasons,
            evaluated=evaluated,
        )
