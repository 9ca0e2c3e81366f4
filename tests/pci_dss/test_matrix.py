"""Every requirement and resource has a row, and what nobody looked at says why."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pci_dss.catalogue import Catalogue, Control, Requirement, catalogue
from pci_dss.evidence.model import Basis, Responsibility, Row, Status
from pci_dss.matrix import ATTEMPT, TEST, Scan, matrix, overall
from pci_dss.policy import Result
from pci_dss.record import Check, Record

from .evidence_samples import EXEMPTION as SAMPLE

if TYPE_CHECKING:
    from pci_dss.exceptions import Exemption

DEV = "environments/dev"
TODAY = datetime.date(2026, 11, 23)
LOCK = Check("PCI_4", "The archive is locked", ("10.3.2",), ("aws_s3_bucket",))
TRAIL = Check("CKV_AWS_67", "The trail is everywhere", ("10.2.1",), ("aws_cloudtrail",))
BUCKET = Record(
    check="PCI_4",
    title="The archive is locked",
    requirements=("10.3.2",),
    address="module.archive.aws_s3_bucket.logs",
    result=Result.PASS,
    reasons=(),
    evaluated={"mode": "COMPLIANCE"},
    guideline="",
    fix="Lock it.",
    file="modules/org-logging/bucket.tf",
    line=7,
)
ATTEMPTED = Row(
    requirement="10.3.2",
    subject="administrator of management: delete a log",
    check=ATTEMPT,
    status=Status.PASS,
    basis=Basis.OBSERVED,
    responsibility=Responsibility.MODULE,
    evaluated={"action": "s3:DeleteObjectVersion"},
)
TESTED = replace(
    ATTEMPTED,
    check=TEST,
    subject="tests/log_archive/test_attempts.py::test_it[a]",
    basis=Basis.TESTED,
    evaluated={},
)
EXEMPTION = replace(SAMPLE, environment=DEV, address=BUCKET.address)


def requirement(number: str, **fields: Any) -> Requirement:
    return Requirement(
        **{
            "number": number,
            "title": f"Title of {number}",
            "paraphrase": "p",
            "evidence": "e",
            "responsibility": Responsibility.MODULE,
            **fields,
        }
    )


LOCKED = requirement(
    "10.3.2",
    attempts=["s3:DeleteObjectVersion"],
    tests=["tests/log_archive/test_attempts.py"],
)
CATALOGUE = Catalogue(
    standard="PCI DSS 4.0.1",
    requirements={
        each.number: each
        for each in (
            LOCKED,
            requirement(
                "11.3.2",
                responsibility=Responsibility.MANUAL,
                tasks={Responsibility.MANUAL: "Scan from outside."},
            ),
            requirement("12.5.1"),
        )
    },
    controls=[Control("lock", "Logging", "a locked archive", ["10.3.2"], ours=["PCI_4"])],
    left_out={},
)


def made(
    *records: Record,
    seen: tuple[Row, ...] = (ATTEMPTED, TESTED),
    types: dict[str, str] | None = None,
    exemptions: tuple[Exemption, ...] = (),
    today: datetime.date = TODAY,
    expected: Catalogue = CATALOGUE,
) -> list[Row]:
    scan = Scan(DEV, records, types or {BUCKET.address: "aws_s3_bucket"})
    return matrix(expected, [LOCK, TRAIL], [scan], seen, exemptions, today)


def of(rows: list[Row], number: str) -> list[Row]:
    return [row for row in rows if row.requirement == number]


def test_a_record_becomes_a_row_with_all_that_decided() -> None:
    (row,) = [row for row in made(BUCKET) if row.check == "PCI_4"]
    assert (row.requirement, row.subject, row.status) == ("10.3.2", BUCKET.address, Status.PASS)
    assert (row.environment, row.file, row.line) == (DEV, "modules/org-logging/bucket.tf", 7)
    assert row.basis == Basis.EXAMINED
    assert row.evaluated == {"mode": "COMPLIANCE"}


def test_a_record_serves_each_of_its_requirements() -> None:
    rows = made(replace(BUCKET, requirements=("10.3.2", "12.5.1")))
    assert [row.requirement for row in rows if row.check == "PCI_4"] == ["10.3.2", "12.5.1"]


def test_what_a_check_could_not_decide_stays_visible() -> None:
    undecided = replace(BUCKET, result=Result.NOT_EVALUATED, reasons=("mode isn't known",))
    (row,) = [row for row in made(undecided) if row.check == "PCI_4"]
    assert row.status == Status.NOT_EVALUATED
    assert row.reasons == ("mode isn't known",)


def test_every_requirement_of_the_catalogue_has_rows_without_any_evidence() -> None:
    rows = matrix(catalogue(), [], [], [], [], TODAY)
    assert {row.requirement for row in rows} == set(catalogue().requirements)
    assert {row.status for row in rows} == {Status.NOT_EVALUATED, Status.MANUAL}
    assert all(row.reasons for row in rows if row.status == Status.NOT_EVALUATED)


def test_a_control_without_resources_says_which_it_looked_for() -> None:
    (row,) = [row for row in made() if row.check == "control"]
    assert row.status == Status.NOT_EVALUATED
    assert row.subject == "a locked archive"
    assert "PCI_4 found no resource of its types" in row.reasons[0]
    assert "aws_s3_bucket" in row.reasons[0]


def test_a_requirement_that_nothing_shows_says_so() -> None:
    bare = replace(
        CATALOGUE, requirements={**CATALOGUE.requirements, "1.2.5": requirement("1.2.5")}
    )
    (row,) = of(made(BUCKET, expected=bare), "1.2.5")
    assert row.status == Status.NOT_EVALUATED
    assert row.reasons == ("no check, attempt or test is evidence for it",)


@pytest.mark.parametrize(
    ("seen", "check", "subject", "reason"),
    [
        ((TESTED,), ATTEMPT, "s3:DeleteObjectVersion", "the attempt wasn't made"),
        ((ATTEMPTED,), TEST, "tests/log_archive/test_attempts.py", "no test in it is marked"),
    ],
)
def test_what_was_expected_and_not_seen_is_not_evaluated(
    seen: tuple[Row, ...], check: str, subject: str, reason: str
) -> None:
    (row,) = [row for row in made(BUCKET, seen=seen) if row.check == check]
    assert (row.status, row.subject) == (Status.NOT_EVALUATED, subject)
    assert reason in row.reasons[0]


def test_what_was_expected_and_seen_is_there_once() -> None:
    rows = of(made(BUCKET), "10.3.2")
    assert [row.check for row in rows] == ["PCI_4", ATTEMPT, TEST]
    assert {row.status for row in rows} == {Status.PASS}


def test_tasks_of_people_are_manual() -> None:
    (row,) = of(made(BUCKET), "11.3.2")
    assert (row.status, row.responsibility) == (Status.MANUAL, Responsibility.MANUAL)
    assert row.subject == "Scan from outside."


def test_a_resource_that_no_check_looks_at_is_in_the_inventory() -> None:
    types = {BUCKET.address: "aws_s3_bucket", "aws_iot_thing.till": "aws_iot_thing"}
    (row,) = [row for row in made(BUCKET, types=types) if row.check == "inventory"]
    assert (row.requirement, row.status) == ("12.5.1", Status.NOT_EVALUATED)
    assert (row.subject, row.reasons) == (
        "aws_iot_thing.till",
        ("no check looks at aws_iot_thing",),
    )


def test_a_resource_that_was_read_for_another_one_is_looked_at() -> None:
    types = {BUCKET.address: "aws_s3_bucket", 'aws_x.lock["a: b"]': "aws_x"}
    judged = replace(BUCKET, evaluated={'aws_x.lock["a: b"]: mode': "COMPLIANCE"})
    assert not [row for row in made(judged, types=types) if row.check == "inventory"]


FAILED = replace(BUCKET, result=Result.FAIL, reasons=("the mode is GOVERNANCE",))


def test_an_exception_accepts_exactly_one_failure() -> None:
    other = replace(FAILED, address="aws_s3_bucket.other")
    rows = made(FAILED, other, exemptions=(EXEMPTION,))
    by_subject = {row.subject: row for row in rows if row.check == "PCI_4"}
    assert by_subject[BUCKET.address].status == Status.EXCEPTION
    assert by_subject[BUCKET.address].exception == "EX-1"
    assert by_subject["aws_s3_bucket.other"].status == Status.FAIL
    assert not [row for row in rows if row.check == "exception"]


def test_an_exception_accepts_one_requirement_of_several() -> None:
    rows = made(replace(FAILED, requirements=("10.3.2", "12.5.1")), exemptions=(EXEMPTION,))
    found = {row.requirement: row.status for row in rows if row.check == "PCI_4"}
    assert found == {"10.3.2": Status.EXCEPTION, "12.5.1": Status.FAIL}


def test_an_exception_accepts_what_a_graph_shows_and_is_unused_where_it_passes() -> None:
    exemption = replace(EXEMPTION, check="GRAPH_EGRESS")
    shown = replace(
        ATTEMPTED,
        check="GRAPH_EGRESS",
        subject=BUCKET.address,
        environment=DEV,
        status=Status.FAIL,
        basis=Basis.EVALUATED,
    )
    (row,) = [row for row in made(BUCKET, seen=(shown,), exemptions=(exemption,)) if row.exception]
    assert (row.check, row.status, row.exception) == ("GRAPH_EGRESS", Status.EXCEPTION, "EX-1")
    passing = replace(shown, status=Status.PASS)
    rows = made(BUCKET, seen=(passing,), exemptions=(exemption,))
    assert [row.status for row in rows if row.check == "exception"] == [Status.FAIL]


def test_an_expired_exception_accepts_nothing_and_fails_itself() -> None:
    late = EXEMPTION.expires + datetime.timedelta(days=1)
    rows = of(made(FAILED, exemptions=(EXEMPTION,), today=late), "10.3.2")
    failed = [(row.check, row.status) for row in rows if row.status == Status.FAIL]
    assert failed == [("PCI_4", Status.FAIL), ("exception", Status.FAIL)]


@pytest.mark.parametrize("records", [(BUCKET,), (replace(FAILED, address="elsewhere"),)])
def test_an_unused_exception_fails_itself(records: tuple[Record, ...]) -> None:
    rows = made(*records, exemptions=(EXEMPTION,))
    (row,) = [row for row in rows if row.check == "exception"]
    assert (row.requirement, row.status, row.subject) == (
        "10.3.2",
        Status.FAIL,
        BUCKET.address,
    )
    assert "remove it" in row.reasons[0]


def test_a_requirement_that_the_catalogue_lacks_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"doesn't have 1\.3\.2, 10\.9\.1; add it"):
        made(replace(BUCKET, requirements=("10.9.1", "1.3.2")))


def test_rows_are_ordered_as_people_count_and_worst_first() -> None:
    more = replace(
        CATALOGUE, requirements={**CATALOGUE.requirements, "2.2.6": requirement("2.2.6")}
    )
    rows = made(BUCKET, replace(FAILED, address="aws_s3_bucket.b"), expected=more)
    numbers = [row.requirement for row in rows]
    assert list(dict.fromkeys(numbers)) == ["2.2.6", "10.3.2", "11.3.2", "12.5.1"]
    assert of(rows, "10.3.2")[0].status == Status.FAIL


@pytest.mark.parametrize(
    ("statuses", "word"),
    [
        ([Status.PASS, Status.FAIL, Status.NOT_EVALUATED], Status.FAIL),
        ([Status.PASS, Status.NOT_EVALUATED, Status.EXCEPTION], Status.NOT_EVALUATED),
        ([Status.MANUAL, Status.EXCEPTION, Status.PASS], Status.EXCEPTION),
        ([Status.MANUAL, Status.PASS], Status.PASS),
        ([Status.MANUAL], Status.MANUAL),
    ],
)
def test_a_requirement_stands_as_the_worst_of_its_rows(
    statuses: list[Status], word: Status
) -> None:
    assert overall(replace(TESTED, status=status) for status in statuses) == word
