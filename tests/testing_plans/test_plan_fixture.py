"""The fixture `plan` in a project of somebody else's layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pytest

    Project = Callable[[Mapping[str, str]], pytest.Pytester]

PLANS = """
from harness.testing import Options

def test_it_takes_names_and_mappings(plan):
    one = plan("modules/box", name="abc")
    assert one.label == "modules/box"
    assert plan("modules/box", {"name": "abc"}).plan is one.plan
    assert plan("modules/box", {"name": "xyz"}, name="abc").plan is one.plan

def test_it_takes_files(plan):
    options = Options(files={"two.tf": 'resource "terraform_data" "two" {}'})
    plan("modules/box", name="abc", options=options).expect_counts(resources=2)

def test_it_shows_differences(plan):
    plan("modules/box", name="abc").one("terraform_data").expect(input={"name": "xyz"})
"""


def test_paths_are_relative_to_the_rootdir_wherever_the_test_lies(project: Project) -> None:
    result = project({"deep/inside/test_box.py": PLANS}).runpytest_inprocess()
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*modules/box: terraform_data.box isn't as expected",
            "E*  input.name",
            'E*    expected: "xyz"',
            'E*    found:    "abc"',
        ]
    )
    result.stdout.no_fnmatch_line("*harness/testing/planned.py*")


def test_tests_that_plan_are_marked(project: Project) -> None:
    tests = PLANS + "\ndef test_other():\n    pass\n"
    result = project({"test_box.py": tests}).runpytest_inprocess(
        "--strict-markers", "--collect-only", "-q", "-m", "not plan"
    )
    result.stdout.fnmatch_lines(["test_box.py::test_other", "*1/4 tests collected*"])
