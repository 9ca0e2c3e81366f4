"""The catalogue names everything that evidence is expected for, and nothing that isn't there."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest

from harness.attempts import ATTEMPTS
from harness.evidence.requests import REQUESTS
from harness.evidence_graphs import CHECKS
from harness.testing.requirements import check as standard_number
from pci_dss.catalogue import CATALOGUE, CONTROLS, catalogue, read
from pci_dss.policy import policies

REPOSITORY = Path(__file__).resolve().parents[2]
WRITTEN = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))
WRITTEN_CONTROLS = tomllib.loads(CONTROLS.read_text(encoding="utf-8"))
PROFILE = tomllib.loads(CATALOGUE.with_name("profile.toml").read_text(encoding="utf-8"))["builtin"]


def test_every_number_is_one_of_the_standard() -> None:
    for number in catalogue().requirements:
        assert standard_number(number) == number


def test_every_requirement_is_paraphrased_and_says_what_satisfies_it() -> None:
    for requirement in catalogue().requirements.values():
        for text in (requirement.title, requirement.paraphrase, requirement.evidence):
            assert len(text.split()) >= 2, requirement.number


def test_every_policy_serves_requirements_of_its_controls() -> None:
    for policy in policies():
        served = {
            number
            for control in catalogue().controls
            if policy.id in control.ours
            for number in control.requirements
        }
        assert set(policy.requirements) <= served, policy.id


def test_every_trusted_check_serves_requirements_of_its_controls() -> None:
    for builtin, numbers in PROFILE.items():
        served = {
            number
            for control in catalogue().controls
            if builtin in control.builtin
            for number in control.requirements
        }
        assert set(numbers) <= served, builtin


def test_all_forty_policies_and_all_graph_checks_are_expected() -> None:
    named = {each for control in catalogue().controls for each in control.ours}
    forty = {f"PCI_{number}" for number in range(1, 41)}
    assert named == forty | {check.id for check in CHECKS}


def test_every_graph_check_serves_requirements_of_its_control() -> None:
    for check in CHECKS:
        (control,) = [each for each in catalogue().controls if check.id in each.ours]
        assert set(check.requirements) <= set(control.requirements), check.id


def test_nothing_that_is_distrusted_or_left_out_is_run() -> None:
    refused = set(catalogue().left_out).union(
        *(control.distrusted for control in catalogue().controls)
    )
    assert len(refused) == 19
    assert not refused & set(PROFILE)


def test_every_attempt_is_expected_where_it_is_evidence() -> None:
    made = {(number, each.action) for each in ATTEMPTS for number in each.requirements}
    made |= {(number, each.action) for each in REQUESTS for number in each.requirements}
    expected = {
        (number, action)
        for number, requirement in catalogue().requirements.items()
        for action in requirement.attempts
    }
    assert expected == made


def test_every_marked_test_is_expected_and_every_expected_one_is_marked() -> None:
    marked = {
        (number, str(path.relative_to(REPOSITORY)))
        for path in REPOSITORY.glob("tests/*/test_*.py")
        for number in _marks(path)
    }
    expected = {
        (number, test)
        for number, requirement in catalogue().requirements.items()
        for test in requirement.tests
    }
    assert expected == marked


def _marks(path: Path) -> set[str]:
    """Numbers in `@pci(...)` and `pci(...)` of a file; those in texts aren't marks."""
    return {
        str(argument.value)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "pci"
        for argument in node.args
        if isinstance(argument, ast.Constant)
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": "waf-rules"}, "two controls are called waf-rules"),
        ({"requirements": ["9.9.9"]}, "serves 9.9.9: not in the catalogue"),
        ({"builtin": ["CKV_AWS_120"]}, "both trusts and leaves out CKV_AWS_120"),
        ({"builtin": ["CKV_AWS_59"]}, "both trusts and leaves out CKV_AWS_59"),
        ({"buildin": []}, "api-authorization: .*buildin"),
    ],
)
def test_a_wrong_control_says_what_is_wrong(changes: dict[str, Any], message: str) -> None:
    first, *others = WRITTEN_CONTROLS["control"]
    with pytest.raises(ValueError, match=message):
        read(WRITTEN, {**WRITTEN_CONTROLS, "control": [{**first, **changes}, *others]})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"responsibility": "somebody"}, "requirement 10.3.2: .*somebody"),
        ({"tasks": {"nobody": "rest"}}, "requirement 10.3.2: .*nobody"),
        ({"responsible": "module"}, "requirement 10.3.2: .*responsible"),
    ],
)
def test_a_wrong_requirement_says_what_is_wrong(changes: dict[str, Any], message: str) -> None:
    requirements = WRITTEN["requirement"]
    changed = {**requirements, "10.3.2": {**requirements["10.3.2"], **changes}}
    with pytest.raises(ValueError, match=message):
        read({**WRITTEN, "requirement": changed}, WRITTEN_CONTROLS)


@pytest.mark.parametrize("field", ["title", "paraphrase", "evidence", "responsibility"])
def test_a_requirement_lacks_nothing(field: str) -> None:
    requirements = WRITTEN["requirement"]
    less = {name: value for name, value in requirements["10.3.2"].items() if name != field}
    with pytest.raises(ValueError, match=f"requirement 10.3.2: .*{field}"):
        read({**WRITTEN, "requirement": {**requirements, "10.3.2": less}}, WRITTEN_CONTROLS)
