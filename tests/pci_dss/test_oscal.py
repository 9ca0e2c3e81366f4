"""OSCAL assessment results hold all of the evidence, claim no more, and others accept them."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pci_dss.evidence import oscal, verify
from pci_dss.evidence.model import Basis, Status

from .evidence_samples import LOGS, evidence, one_of_each, row

if TYPE_CHECKING:
    from collections.abc import Callable

    from pci_dss.evidence.model import Evidence

REPOSITORY = Path(__file__).resolve().parents[2]
JUDGE = REPOSITORY / "policies/oscal_validation"
# Beside the environment of the tests, as `make` names it.
PYTHON = Path(f"{sys.prefix}-oscal/bin/python")

Document = dict[str, Any]


def written(found: Evidence) -> Document:
    document: Document = json.loads(oscal.dumps(found))
    return document


def result(document: Document) -> Document:
    (only,) = document["assessment-results"]["results"]
    assert isinstance(only, dict)
    return only


def finding(document: Document, requirement: str) -> Document:
    """Find what a requirement came to."""
    (found,) = [
        each for each in result(document)["findings"] if each["title"].endswith(f" {requirement}")
    ]
    assert isinstance(found, dict)
    return found


def properties(part: Document) -> dict[str, str]:
    return {each["name"]: each["value"] for each in part["props"]}


def without_title(document: Document) -> None:
    del document["assessment-results"]["metadata"]["title"]


def with_a_state_of_our_own(document: Document) -> None:
    result(document)["findings"][0]["target"]["status"]["state"] = "not-evaluated"


def with_an_empty_list(document: Document) -> None:
    result(document)["risks"] = []


def with_an_id_twice(document: Document) -> None:
    first, second, *_ = result(document)["observations"]
    first["uuid"] = second["uuid"]


def with_a_reference_to_nothing(document: Document) -> None:
    result(document)["observations"].pop()


ACCEPTED = {"one-of-each": one_of_each(), "one-row": evidence(row())}
REFUSED: dict[Callable[[Document], None], str] = {
    without_title: '"title" is a required property',
    with_a_state_of_our_own: '"not-evaluated" is not one of',
    with_an_empty_list: "has less than 1 item",
    with_an_id_twice: "two parts have the same uuid",
    with_a_reference_to_nothing: "nothing has the uuid",
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Ask the judges once, about all documents; they take seconds to start."""
    assert PYTHON.exists(), f"make {PYTHON.parents[1].name}/.installed"
    documents = {name: written(found) for name, found in ACCEPTED.items()}
    for damage in REFUSED:
        documents[damage.__name__] = written(one_of_each())
        damage(documents[damage.__name__])
    folder = tmp_path_factory.mktemp("oscal")
    for name, document in documents.items():
        (folder / name).write_text(json.dumps(document), encoding="utf-8")
    done = subprocess.run(
        [str(PYTHON), str(JUDGE), *documents], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 1, done.stderr
    said = done.stdout.splitlines()
    return lambda name: "\n".join(line for line in said if line.startswith(f"{name}: "))


@pytest.mark.parametrize("name", ACCEPTED)
def test_others_accept_it(name: str, judged: Callable[[str], str]) -> None:
    assert judged(name).startswith(f"{name}: valid by NIST's schema 1.2.3 and by ")


@pytest.mark.parametrize("damage", REFUSED)
def test_the_judges_notice(
    damage: Callable[[Document], None], judged: Callable[[str], str]
) -> None:
    assert REFUSED[damage] in judged(damage.__name__)


def test_results_about_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="nothing was looked at"):
        oscal.dumps(evidence())


def test_no_row_is_lost() -> None:
    found = one_of_each()
    document = written(found)
    observed = {each["uuid"]: properties(each) for each in result(document)["observations"]}
    for requirement, rows in found.by_requirement():
        related = finding(document, requirement)["related-observations"]
        seen = [observed[each["observation-uuid"]] for each in related]
        assert sorted((each["status"], each.get("subject", "")) for each in seen) == sorted(
            (each.status, each.subject) for each in rows
        )


def test_requirements_that_a_check_serves_share_what_it_saw() -> None:
    document = written(evidence(row("10.3.2"), row("10.5.1"), row("10.5.1", "another")))
    assert len(result(document)["observations"]) == 2
    shared = finding(document, "10.3.2")["related-observations"][0]
    assert shared in finding(document, "10.5.1")["related-observations"]


@pytest.mark.parametrize(
    ("statuses", "state", "reason"),
    [
        ([Status.PASS], "satisfied", "pass"),
        ([Status.PASS, Status.FAIL, Status.NOT_EVALUATED], "not-satisfied", "fail"),
        ([Status.PASS, Status.NOT_EVALUATED], "not-satisfied", "other"),
        ([Status.PASS, Status.MANUAL], "not-satisfied", "other"),
        ([Status.PASS, Status.EXCEPTION], "not-satisfied", "other"),
    ],
)
def test_only_what_passes_everywhere_is_satisfied(
    statuses: list[Status], state: str, reason: str
) -> None:
    rows = [row(subject=status, status=status) for status in statuses]
    status = finding(written(evidence(*rows)), "10.3.2")["target"]["status"]
    assert (status["state"], status["reason"]) == (state, reason)
    assert f"1 {statuses[-1]}" in status["remarks"]


def test_what_fails_is_a_risk_with_its_fix_and_an_exception_a_deviation() -> None:
    document = written(one_of_each())
    kept, queue = result(document)["risks"]
    assert (kept["status"], kept["statement"]) == ("open", "kept 30 days; ü ☃ \u2028 `code` <b>")
    assert kept["remediations"][0]["description"] == "Keep 365 days."
    assert queue["status"] == "deviation-approved"
    assert properties(queue) == {"exception": "EX-1"}
    related = finding(document, "3.5.1")["related-risks"]
    assert related == [{"risk-uuid": queue["uuid"]}]


@pytest.mark.parametrize(
    ("basis", "method"),
    [
        (Basis.EXAMINED, "EXAMINE"),
        (Basis.EVALUATED, "EXAMINE"),
        (Basis.OBSERVED, "TEST"),
        (Basis.TESTED, "TEST"),
        (Basis.NONE, "NONE"),
    ],
)
def test_it_says_how_it_is_known(basis: Basis, method: str) -> None:
    (seen,) = result(written(evidence(row(basis=basis))))["observations"]
    assert seen["methods"] == [method]
    assert properties(seen)["basis"] == basis


def test_values_and_places_are_evidence() -> None:
    document = written(one_of_each())
    by_check = {properties(each).get("check"): each for each in result(document)["observations"]}
    (place,) = by_check["PCI_31"]["relevant-evidence"]
    assert place["href"] == "modules/org%20logging/life%23cycle.tf#L12"
    (values,) = result(document)["observations"][0]["relevant-evidence"]
    assert [(each["remarks"], json.loads(each["value"])) for each in values["props"]] == [
        (f"{LOGS}: rule.0.mode", "COMPLIANCE"),
        ("b", {"x": [1, "*"], "y": None}),
    ]


def test_a_resource_keeps_its_id_from_run_to_run_and_what_was_seen_does_not() -> None:
    first, second = (
        result(written(evidence(row(), commit=commit))) for commit in ("1f" * 20, "2f" * 20)
    )
    items = [each["local-definitions"]["inventory-items"] for each in (first, second)]
    assert items[0] == items[1]
    seen = [each["observations"][0]["uuid"] for each in (first, second)]
    assert seen[0] != seen[1]


@pytest.mark.parametrize(
    ("subject", "others", "is_item"),
    [
        (LOGS, {}, True),
        ("aws_sqs_queue.a[0]", {"check": "inventory", "basis": Basis.NONE}, True),
        ("delete a locked object", {"check": "attempt"}, False),
        ("tests/a.py::test_b[1]", {"check": "test"}, False),
        ("Object Lock", {"check": "control", "environment": ""}, False),
        ("aws_sqs_queue.gone", {"check": "exception"}, False),
    ],
)
def test_the_inventory_holds_resources_alone(
    subject: str, others: dict[str, Any], is_item: bool
) -> None:
    found = result(written(evidence(row(subject=subject, **others))))
    items = found["local-definitions"].get("inventory-items", [])
    assert [each["description"] for each in items] == ([subject] if is_item else [])
    assert [len(each.get("subjects", [])) for each in found["observations"]] == [int(is_item)]


def test_the_evidence_itself_is_named_by_its_digest() -> None:
    found = evidence(row())
    resources = written(found)["assessment-results"]["back-matter"]["resources"]
    (link,) = resources[0]["rlinks"]
    assert link["href"] == verify.EVIDENCE
    digest = hashlib.sha256(f"{found.dumps()}\n".encode()).hexdigest()
    assert link["hashes"] == [{"algorithm": "SHA-256", "value": digest}]
    plan = resources[1]
    assert (plan["title"], properties(plan)["sha256"]) == ("environments/log-archive", "ab" * 32)


def test_the_same_evidence_gives_the_same_text() -> None:
    assert oscal.dumps(one_of_each()) == oscal.dumps(one_of_each())


def test_requirements_are_paraphrased() -> None:
    document = json.loads(oscal.dumps(evidence(row()), {"10.3.2": "Nobody changes logs."}))
    (objective,) = document["assessment-results"]["local-definitions"]["objectives-and-methods"]
    assert objective["parts"][0]["prose"] == "Nobody changes logs."
