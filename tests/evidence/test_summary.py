"""The end of a run names what fails, once, with where it is and what mends it."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from harness.evidence import oscal_judge
from harness.evidence.oscal_judge import JudgeError
from harness.evidence.run import Made
from harness.evidence.summary import show
from pci_dss.evidence.model import Basis, Evidence, Responsibility, Row, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

FAILED = Row(
    requirement="10.3.2",
    subject='module.archive.aws_s3_bucket.logs["eu"]',
    check="PCI_32",
    status=Status.FAIL,
    basis=Basis.EXAMINED,
    responsibility=Responsibility.MODULE,
    environment="environments/log-archive",
    title="Logs aren't destroyed by a mistake",
    reasons=("destroying it deletes the logs in it",),
    file="modules/org-logging/archive/access_logs.tf",
    line=8,
    fix="Leave force_destroy off.",
)
TESTED = replace(FAILED, status=Status.PASS, check="test", subject="tests/a.py::test_b", reasons=())


def shown(rows: Sequence[Row], problems: Sequence[str] = ()) -> tuple[Made, str]:
    evidence = Evidence("1f" * 20, "2026-11-23T10:00:00Z", {}, [], rows)
    made = Made(evidence, "ab" * 32, [*problems], None)
    console = Console(record=True, width=110, file=io.StringIO())
    show(made, Path("build/evidence"), console)
    return made, console.export_text()


def test_a_failure_of_two_requirements_is_named_once_with_its_place_and_fix() -> None:
    made, text = shown([FAILED, replace(FAILED, requirement="3.7.5"), TESTED])
    assert not made.is_good
    assert text.count(FAILED.subject) == 1
    assert (
        f"FAIL 10.3.2, 3.7.5 PCI_32 environments/log-archive {FAILED.subject} "
        "(modules/org-logging/archive/access_logs.tf:8)"
    ) in text
    assert "destroying it deletes the logs in it\n     Fix: Leave force_destroy off." in text


def test_the_table_counts_rows_by_requirement_and_the_command_that_verifies_is_said() -> None:
    made, text = shown([TESTED, replace(TESTED, subject="tests/a.py::test_c")])
    assert made.is_good
    (line,) = [each for each in text.splitlines() if each.startswith("10.3.2")]
    assert line.split()[-2:] == ["2", "PASS"]
    command = "python3 build/evidence/verify.py build/evidence --fingerprint " + "ab" * 32
    assert command in text


def test_a_pack_that_does_not_verify_is_no_good() -> None:
    made, text = shown([TESTED], ["changed: evidence.json"])
    assert not made.is_good
    assert "✗ changed: evidence.json" in text


def test_oscal_is_not_called_valid_where_nothing_can_judge_it(tmp_path: Path) -> None:
    with pytest.raises(JudgeError, match="run `make evidence`, which makes it"):
        oscal_judge.findings(tmp_path / "python", tmp_path)
