"""What xdist's workers trigger and write is reported where the run ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NAME = """
from harness.testing import rejects

def test_name(plan):
    with rejects(variable="name", match="three letters"):
        plan("modules/box", name="ab")
"""
SIZE = """
from harness.testing import rejects

def test_size(plan):
    with rejects(variable="size", match="room"):
        plan("modules/box", name="abc", size=0)
    plan("modules/box", name="abc").matches("box.yaml")
"""


def test_what_workers_did_counts_together(
    project: Callable[[Mapping[str, str]], pytest.Pytester],
) -> None:
    here = project({"test_name.py": NAME, "test_size.py": SIZE})
    options = ("--tf-require-validations=modules", "--tf-update-inventory")
    result = here.runpytest_subprocess("-n", "2", "--dist", "loadfile", *options)
    result.assert_outcomes(passed=2)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["modules/box/main.tf:21 size: No box is that big."])
    result.stdout.no_fnmatch_line("modules/box/main.tf:6 *")
    result.stdout.no_fnmatch_line("modules/box/main.tf:16 *")
    result.stdout.fnmatch_lines(["box.yaml by test_size.py::test_size"])
