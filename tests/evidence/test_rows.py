"""Attempts, requests and tests become rows that say how they are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.attempts import Record
from harness.evidence.requests import REQUESTS, Refusal
from harness.evidence.rows import of_attempts, of_refusals, of_tests
from pci_dss.evidence.model import Basis, Status

if TYPE_CHECKING:
    from collections.abc import Sequence


def record(**changes: Any) -> Record:
    return Record(
        **{
            "what": "delete an archived log for good",
            "who": "administrator of management",
            "account_id": "111111111111",
            "action": "s3:DeleteObjectVersion",
            "resource": "arn:aws:s3:::logs/a",
            "owner": "log-archive",
            "requirements": ("10.3.2", "10.5.1"),
            "at": "2026-11-23T10:00:00.000+00:00",
            "how": "seen",
            "answer": "AccessDenied",
            "decided_by": "denied by bucket policy logs, statement Deletion",
            "possible": "",
            **changes,
        }
    )


def test_an_attempt_serves_each_of_its_requirements() -> None:
    rows = [*of_attempts([record()])]
    assert [row.requirement for row in rows] == ["10.3.2", "10.5.1"]
    assert {(row.status, row.basis) for row in rows} == {(Status.PASS, Basis.OBSERVED)}
    assert rows[0].evaluated["action"] == "s3:DeleteObjectVersion"
    assert rows[0].evaluated["decided by"] == "denied by bucket policy logs, statement Deletion"


def test_what_was_only_evaluated_says_so() -> None:
    assert {row.basis for row in of_attempts([record(how="evaluated")])} == {Basis.EVALUATED}


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"answer": "allowed"}, Status.FAIL, "it should be refused"),
        ({"answer": "NoSuchBucket"}, Status.FAIL, "it should be refused"),
        ({"possible": "it applies"}, Status.FAIL, "it should be possible"),
        ({"possible": "it applies", "answer": "allowed"}, Status.MANUAL, "possible, because"),
    ],
)
def test_an_attempt_that_was_not_refused_says_why(
    changes: dict[str, str], status: Status, reason: str
) -> None:
    for row in of_attempts([record(**changes)]):
        assert row.status == status
        assert reason in row.reasons[0]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda each: each.what)
def test_a_request_that_got_through_fails(request_: Any) -> None:
    through = [*of_refusals([Refusal(request_, "status 200", "now")], "dev")]
    refused = [*of_refusals([Refusal(request_, request_.code, "now")], "dev")]
    assert {row.status for row in through} == {Status.FAIL}
    assert request_.code in through[0].reasons[0]
    assert {(row.status, row.basis) for row in refused} == {(Status.PASS, Basis.OBSERVED)}
    assert [row.requirement for row in refused] == [*request_.requirements]


def listed(outcome: str) -> Sequence[Any]:
    return [
        {"requirement": "10.3.2", "tests": [{"test": "tests/a.py::test_b", "outcome": outcome}]}
    ]


@pytest.mark.parametrize(
    ("outcome", "status", "basis", "reasons"),
    [
        ("passed", Status.PASS, Basis.TESTED, ()),
        ("failed", Status.FAIL, Basis.TESTED, ("the test failed",)),
        ("skipped", Status.NOT_EVALUATED, Basis.NONE, ("the test was skipped",)),
        (
            "not run",
            Status.NOT_EVALUATED,
            Basis.NONE,
            ("not run on this tree: `make test` runs it",),
        ),
    ],
)
def test_a_test_is_evidence_only_if_it_ran(
    outcome: str, status: Status, basis: Basis, reasons: tuple[str, ...]
) -> None:
    (row,) = of_tests(listed(outcome))
    assert (row.status, row.basis, row.reasons) == (status, basis, reasons)
    assert row.subject == "tests/a.py::test_b"
