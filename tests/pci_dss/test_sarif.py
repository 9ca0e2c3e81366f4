"""Code hosts are told what is wrong, undecided and excepted, once for each check and thing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pci_dss.evidence import sarif
from pci_dss.evidence.model import Basis, Responsibility, Row, Status

from .evidence_samples import EXEMPTION, LOGS, evidence, one_of_each, row

if TYPE_CHECKING:
    from pci_dss.exceptions import Exemption

FAILED = row(status=Status.FAIL, reasons=["the mode is GOVERNANCE"], file="modules/a b.tf", line=7)


def run(*rows: Row, exemptions: tuple[Exemption, ...] = ()) -> Any:
    document = json.loads(sarif.dumps(evidence(*rows), exemptions))
    assert document["version"] == "2.1.0"
    (found,) = document["runs"]
    return found


def test_a_failure_is_an_error_at_its_file_and_line() -> None:
    (result,) = run(FAILED)["results"]
    assert (result["kind"], result["level"]) == ("fail", "error")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "modules/a%20b.tf", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 7}
    assert f"{LOGS}: the mode is GOVERNANCE" in result["message"]["text"]


def test_what_passes_and_what_people_do_is_no_result() -> None:
    manual = row(check="manual", status=Status.MANUAL, responsibility=Responsibility.MANUAL)
    assert run(row(), manual)["results"] == []


def test_a_check_that_passes_everywhere_is_a_rule_all_the_same() -> None:
    rules = run(row(fix="Lock it."))["tool"]["driver"]["rules"]
    assert [(rule["id"], rule["help"]["text"]) for rule in rules] == [("PCI_4", "Lock it.")]


def test_one_result_names_all_requirements_of_a_check() -> None:
    (result,) = run(FAILED, row("3.5.1", status=Status.FAIL, reasons=FAILED.reasons))["results"]
    assert result["properties"]["requirements"] == ["3.5.1", "10.3.2"]
    assert "PCI DSS 3.5.1, 10.3.2" in result["message"]["text"]


def test_what_is_undecided_is_open_and_no_alert() -> None:
    (result,) = run(row(status=Status.NOT_EVALUATED, reasons=["mode isn't known"]))["results"]
    assert (result["kind"], result["level"]) == ("open", "none")


def test_an_exception_is_suppressed_by_its_approver() -> None:
    excepted = row(status=Status.EXCEPTION, exception="EX-1", reasons=["short"])
    (result,) = run(excepted, exemptions=(EXEMPTION,))["results"]
    (suppression,) = result["suppressions"]
    assert (suppression["kind"], suppression["status"]) == ("external", "accepted")
    assert suppression["justification"] == "EX-1, approved by CISO until 2027-10-01: a second copy"


def test_a_failed_test_is_at_its_own_file() -> None:
    failed = row(
        subject="tests/a/test_b.py::test_c[1]",
        check="test",
        status=Status.FAIL,
        basis=Basis.TESTED,
    )
    (result,) = run(failed)["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "tests/a/test_b.py"


def test_what_has_no_file_is_named() -> None:
    (result,) = run(row(check="attempt", status=Status.FAIL, subject="deploy: delete"))["results"]
    assert result["locations"] == [
        {"logicalLocations": [{"fullyQualifiedName": "deploy: delete", "kind": "resource"}]}
    ]


def test_a_thing_keeps_its_fingerprint_when_its_reason_or_line_changes() -> None:
    (one,) = run(FAILED)["results"]
    (other,) = run(row(status=Status.FAIL, reasons=["else"], file="modules/a b.tf", line=9))[
        "results"
    ]
    (elsewhere,) = run(row(status=Status.FAIL, environment="environments/dev"))["results"]
    assert one["partialFingerprints"] == other["partialFingerprints"]
    assert one["partialFingerprints"] != elsewhere["partialFingerprints"]


def test_every_result_points_at_its_rule() -> None:
    document = json.loads(sarif.dumps(one_of_each()))["runs"][0]
    rules = document["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    assert document["results"]
    for result in document["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


def test_the_same_evidence_gives_the_same_text() -> None:
    assert sarif.dumps(one_of_each()) == sarif.dumps(one_of_each())
