"""What the contestants of the plan bench assert is true, and can be false."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import hcl2
import pytest

from harness.bench.plan_cases import (
    ACCOUNT,
    CASES,
    SUITE,
    TINY_HCL,
    Case,
    Check,
    as_terraform_test,
)
from harness.bench.plan_with_harness import planner

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.aws import EmbeddedAWS

MODULES = Path(__file__).resolve().parents[2] / "modules"


def document(**values: Any) -> dict[str, Any]:
    resource = {"address": "aws_sqs_queue.a", "values": values}
    return {"planned_values": {"root_module": {"resources": [resource]}}}


@pytest.fixture(scope="module")
def plan(
    aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Case], Mapping[str, Any]]:
    modules = tmp_path_factory.mktemp("modules")
    for module in ("api-gateway", "data"):
        (modules / module).symlink_to(MODULES / module)
    (modules / "tiny").mkdir()
    (modules / "tiny/main.tf").write_text(TINY_HCL, encoding="utf-8")
    return planner(modules, tmp_path_factory.mktemp("work"), aws.environment(ACCOUNT))


@pytest.mark.parametrize("name", CASES)
def test_assertions_hold_of_every_case(
    plan: Callable[[Case], Mapping[str, Any]], name: str
) -> None:
    assert CASES[name].varied(7).unmet(plan(CASES[name].varied(7))) == []


def test_suite_is_twelve_plans_of_two_modules() -> None:
    assert len(SUITE) == 12
    assert {CASES[name].module for name in SUITE} == {"api-gateway", "data"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [(("delay",), 6), (("gone",), 5), (("rules", 1, "days"), 7), (("rules", "days"), 7)],
)
def test_other_and_missing_values_are_named(path: tuple[str | int, ...], expected: int) -> None:
    case = Case("m", {}, (Check("aws_sqs_queue.a", path, expected),))
    assert len(case.unmet(document(delay=5, rules=[{"days": 7}]))) == 1


def test_missing_resource_is_named_as_terraform_writes_it() -> None:
    check = Check('aws_sqs_queue.b["x"]', ("rules", 0, "on"), expected=True)
    assert Case("m", {}, (check,)).unmet(document()) == ['aws_sqs_queue.b["x"].rules[0].on == true']


def test_met_assertions_are_quiet() -> None:
    check = Check("aws_sqs_queue.a", ("rules", 0, "days"), 7)
    assert Case("m", {}, (check,)).unmet(document(rules=[{"days": 7}])) == []


def test_variation_changes_the_name_alone() -> None:
    case = CASES["data: recovery"]
    varied = case.varied(3)
    assert varied.variables == {**case.variables, "name": "bench-3"}
    assert varied.checks == case.checks


def test_terraform_test_makes_every_assertion() -> None:
    cases = [CASES[name] for name in SUITE if CASES[name].module == "api-gateway"]
    text = as_terraform_test(cases)
    runs = hcl2.loads(text)["run"]
    assert len(runs) == len(cases)
    for case in cases:
        for check in case.checks:
            assert f"condition = {check}\n" in text
