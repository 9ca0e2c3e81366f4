"""The list of validations that no test triggered, and the option that fails the run for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Project = Callable[[Mapping[str, str]], pytest.Pytester]

PLANS = """
def test_plan(plan):
    plan("modules/box", name="abc")
"""
NAME = """
from harness.testing import rejects

def test_name(plan):
    with rejects(variable="name", match="three letters"):
        plan("modules/box", name="ab")
"""
SIZES = """
import pytest
from harness.testing import rejects

@pytest.mark.parametrize(("size", "words"), [(0, "room"), (10, "big")])
def test_size(plan, size, words):
    with rejects(variable="size", match=words):
        plan("modules/box", name="abc", size=size)
"""
UNTRIGGERED = [
    "*validations that no test triggered*",
    "modules/box/main.tf:16 size: A box has room.",
    "modules/box/main.tf:21 size: No box is that big.",
]
REQUIRE = "--tf-require-validations=modules"


def test_what_is_left_is_listed_and_passes_without_the_option(project: Project) -> None:
    result = project({"test_name.py": NAME}).runpytest_inprocess()
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(UNTRIGGERED)
    result.stdout.no_fnmatch_line("*main.tf:6 name*")


def test_a_run_without_negative_tests_is_quiet(project: Project) -> None:
    result = project({"test_plan.py": PLANS}).runpytest_inprocess()
    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("*no test triggered*")


def test_the_option_fails_a_green_run(project: Project) -> None:
    result = project({"test_name.py": NAME}).runpytest_inprocess(REQUIRE)
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(UNTRIGGERED)


def test_the_option_knows_modules_that_no_test_plans(project: Project) -> None:
    result = project({"test_nothing.py": "def test_nothing(): pass"}).runpytest_inprocess(REQUIRE)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["modules/box/main.tf:6 name: Use at least three letters, not *"])


def test_a_run_that_triggers_all_passes(project: Project) -> None:
    here = project({"test_name.py": NAME, "test_sizes.py": SIZES})
    result = here.runpytest_inprocess(REQUIRE)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("*no test triggered*")


def test_refused_in_other_words_is_not_triggered(project: Project) -> None:
    here = project({"test_name.py": NAME.replace("three letters", "four letters")})
    result = here.runpytest_inprocess(REQUIRE)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["modules/box/main.tf:6 name: *", *UNTRIGGERED[1:]])


def test_an_interrupted_run_stays_interrupted(project: Project) -> None:
    test = "import pytest\n\ndef test_exit():\n    pytest.exit('enough')\n"
    result = project({"test_exit.py": test}).runpytest_inprocess(REQUIRE)
    assert result.ret == pytest.ExitCode.INTERRUPTED


def test_a_directory_that_is_not_there_is_named(project: Project) -> None:
    result = project({}).runpytest_inprocess("--tf-require-validations=modlues")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*there is no directory modlues"])
