"""A test that failed beside others is run once more, alone."""

from __future__ import annotations

import pytest

# Beside others, `unlucky` fails: whatever it waits for is late.
SUITE = """
import os
import pytest

BESIDE_OTHERS = "PYTEST_XDIST_WORKER" in os.environ

def test_steady(): pass

@pytest.mark.parametrize("n", range(UNLUCKY))
def test_unlucky(n): assert not BESIDE_OTHERS

@pytest.mark.parametrize("n", range(BROKEN))
def test_broken(n): assert False
"""


def _run(
    pytester: pytest.Pytester, *options: str, unlucky: int = 0, broken: int = 0
) -> pytest.RunResult:
    pytester.makepyfile(SUITE.replace("UNLUCKY", str(unlucky)).replace("BROKEN", str(broken)))
    return pytester.runpytest_subprocess("-n", "2", *options)


def test_one_that_passes_alone_is_named_and_fails_nothing(pytester: pytest.Pytester) -> None:
    result = _run(pytester, "--again=2", unlucky=2)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        ["*= failed beside others, passed alone =*", "*::test_unlucky?0?", "*::test_unlucky?1?"]
    )
    result.stdout.fnmatch_lines(["E*assert not True"])


def test_one_that_fails_again_fails_the_run(pytester: pytest.Pytester) -> None:
    result = _run(pytester, "--again=2", unlucky=1, broken=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["Once more, alone: *"])
    result.stdout.no_fnmatch_line("*passed alone*")


@pytest.mark.parametrize(("unlucky", "options"), [(3, ["--again=2"]), (1, [])])
def test_many_failures_are_no_bad_luck(
    pytester: pytest.Pytester, unlucky: int, options: list[str]
) -> None:
    result = _run(pytester, *options, unlucky=unlucky)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.no_fnmatch_line("Once more, alone: *")


def test_what_else_fails_a_run_still_does(pytester: pytest.Pytester) -> None:
    pytester.makefile(
        ".tf",
        **{
            "modules/box/main": 'variable "size" {\n  type = number\n  validation {\n'
            "    condition = var.size > 0\n"
            '    error_message = "No box is that small."\n  }\n}\n'
        },
    )
    result = _run(pytester, "--again=2", "--tf-require-validations=modules", unlucky=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*No box is that small.*", "*passed alone*"])
