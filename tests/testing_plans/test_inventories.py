"""Inventories: read, compared, and written anew on request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

from harness.testing.inventory import InventoryError, describe, differences, read
from testing_plans.samples import write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from harness.testing import PlannedRoot

    Planned = Callable[..., PlannedRoot]
    Project = Callable[[Mapping[str, str]], pytest.Pytester]

CARGO = """
variable "place" { type = string }
variable "secret" {
  type      = string
  default   = "hunter2"
  sensitive = true
}
resource "terraform_data" "cargo" {
  input = {
    b_policy = jsonencode({ Version = "1", Statement = [{ Effect = "Allow" }] })
    a_text   = "one\\ntwo"
    nothing  = null
    code     = var.secret
    file     = "${var.place}/dist.zip"
    files    = ["x", "${var.place}/dist.zip"]
    when     = plantimestamp()
    off      = false
    none     = 0
  }
}
output "id" { value = terraform_data.cargo.id }
output "secret" {
  value     = var.secret
  sensitive = true
}
"""
COMPARES = """
def test_box(plan):
    plan("modules/box", name="abc", size=3).matches("inventory/box.yaml")
"""


@pytest.fixture
def cargo(planned: Planned) -> PlannedRoot:
    return planned(CARGO, place="/home/ada/tree")


def test_an_inventory_is_sorted_and_holds_for_its_own_plan(
    cargo: PlannedRoot, tmp_path: Path
) -> None:
    write(tmp_path, {"cargo.yaml": describe(cargo, places=["/home/ada"])})
    inventory = read(tmp_path / "cargo.yaml")
    assert not [*differences(inventory, cargo)]
    assert inventory["values"] == {
        "terraform_data.cargo": {
            "input": {
                "a_text": "one\ntwo",
                "b_policy": {"Version": "1", "Statement": [{"Effect": "Allow"}]},
                "code": "(sensitive value)",
                "none": 0,
                "off": False,
            }
        }
    }
    assert inventory["counts"] == {"modules": 0, "resources": 1, "terraform_data": 1}
    assert inventory["outputs"] == {"id": "(known after apply)", "secret": "(sensitive value)"}
    names = [*inventory["values"]["terraform_data.cargo"]["input"]]
    assert names == sorted(names)


def test_no_secret_place_or_moment_is_written(cargo: PlannedRoot) -> None:
    text = describe(cargo, places=["/home/ada"])
    for volatile in ("hunter2", "/home/ada", cargo.document["timestamp"]):
        assert volatile in json.dumps(cargo.document)
        assert volatile not in text


def test_chosen_sections_and_what_is_missing_are_kept(cargo: PlannedRoot) -> None:
    previous = {
        "values": {
            "terraform_data.gone": "__missing__",
            "terraform_data.cargo": {"triggers_replace": "__missing__", "input": {"gone": 1}},
        }
    }
    again = yaml.safe_load(describe(cargo, previous=previous))
    assert set(again) == {"values"}
    assert again["values"]["terraform_data.gone"] == "__missing__"
    assert again["values"]["terraform_data.cargo"]["triggers_replace"] == "__missing__"
    assert "gone" not in again["values"]["terraform_data.cargo"]["input"]


@pytest.mark.parametrize(
    ("inventory", "path", "shown"),
    [
        ({"values": {"terraform_data.crago": {}}}, "terraform_data.crago", "terraform_data.cargo"),
        ({"values": {"terraform_data.cargo": "__missing__"}}, "terraform_data.cargo", "planned"),
        (
            {"values": {"terraform_data.cargo": {"input": {"off": True}}}},
            "terraform_data.cargo.input.off",
            "false",
        ),
        (
            {"values": {"terraform_data.cargo": {"input": "__missing__"}}},
            "terraform_data.cargo.input",
            "no value",
        ),
        ({"counts": {"terraform_data": 2}}, "terraform_data", "1 (terraform_data.cargo)"),
        ({"outputs": {"ip": "x"}}, "outputs.ip", "id"),
        ({"outputs": {"secret": "x"}}, "outputs.secret", "(sensitive value)"),
    ],
)
def test_what_differs_is_told(
    cargo: PlannedRoot, inventory: dict[str, dict[str, object]], path: str, shown: str
) -> None:
    (difference,) = differences(inventory, cargo)
    assert difference.path == path
    assert shown in str(difference)
    assert "hunter2" not in str(difference)


def test_what_is_missing_may_be_expected(cargo: PlannedRoot) -> None:
    inventory = {
        "values": {"terraform_data.other": "__missing__", "terraform_data.cargo": None},
        "outputs": {"id": "__missing__", "other": "__missing__"},
    }
    assert not [*differences(inventory, cargo)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("values: [", "is no YAML"),
        ("- values", "needs the sections values, counts, outputs"),
        ("value: {}", "has a section 'value'; an inventory has values"),
        ("counts: 3", "'counts' must map"),
    ],
)
def test_what_is_no_inventory_is_told(tmp_path: Path, text: str, words: str) -> None:
    write(tmp_path, {"box.yaml": text})
    with pytest.raises(InventoryError, match=words):
        read(tmp_path / "box.yaml")


def test_an_inventory_is_written_on_request_and_compared_after_that(project: Project) -> None:
    here = project({"tests/unit/test_box.py": COMPARES})
    missing = here.runpytest_inprocess()
    missing.assert_outcomes(failed=1)
    missing.stdout.fnmatch_lines(
        [
            "*There is no inventory tests/unit/inventory/box.yaml.",
            "*python -m pytest 'tests/unit/test_box.py::test_box' --tf-update-inventory",
        ]
    )
    written = here.runpytest_inprocess("--tf-update-inventory")
    written.assert_outcomes(passed=1)
    written.stdout.fnmatch_lines(
        [
            "*inventories written*",
            "tests/unit/inventory/box.yaml by tests/unit/test_box.py::test_box",
        ]
    )
    compared = here.runpytest_inprocess()
    compared.assert_outcomes(passed=1)
    compared.stdout.no_fnmatch_line("*inventories written*")
    again = here.runpytest_inprocess("--tf-update-inventory")
    again.stdout.fnmatch_lines(["none: all are as the plans are"])


def test_a_mismatch_shows_the_difference_and_the_command(project: Project) -> None:
    inventory = "values:\n  terraform_data.box:\n    input: {sizes: [4, 2]}\n"
    here = project(
        {"tests/test_box.py": COMPARES, "tests/inventory/box.yaml": inventory},
    )
    result = here.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*modules/box isn't as tests/inventory/box.yaml has it",
            "*terraform_data.box.input.sizes[[]0]",
            "*expected: 4",
            "*found:    3",
            "*python -m pytest 'tests/test_box.py::test_box' --tf-update-inventory",
        ]
    )
    here.runpytest_inprocess("--tf-update-inventory").assert_outcomes(passed=1)
    updated = yaml.safe_load((here.path / "tests/inventory/box.yaml").read_text())
    assert set(updated) == {"values"}
    assert updated["values"]["terraform_data.box"]["input"]["sizes"] == [3, 2]
