"""`@pci`: what may be marked, and the table of requirements with their tests."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing.requirements import check, pci

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SUITE = """
import pytest
from harness.testing import pci

@pci("10.5.1", "3.5.1")
def test_kept():
    pass

@pci("10.5.1")
def test_shipped():
    assert False

@pci("2.2.6")
@pytest.mark.parametrize("port", [22, 80])
def test_closed(port):
    pytest.skip("nothing listens")

@pci("9.4.1")
def test_left_out():
    pass

@pci("8.3.10.1")
class TestPasswords:
    def test_length(self):
        pass

    @pci("10.2.1")
    def test_teardown(self, broken):
        pass

@pytest.fixture
def broken():
    yield
    raise RuntimeError("not taken down")
"""
EXPECTED = [
    ("2.2.6", "test_suite.py::test_closed[22]", "skipped"),
    ("2.2.6", "test_suite.py::test_closed[80]", "skipped"),
    ("3.5.1", "test_suite.py::test_kept", "passed"),
    ("8.3.10.1", "test_suite.py::TestPasswords::test_length", "passed"),
    ("8.3.10.1", "test_suite.py::TestPasswords::test_teardown", "failed"),
    ("9.4.1", "test_suite.py::test_left_out", "not run"),
    ("10.2.1", "test_suite.py::TestPasswords::test_teardown", "failed"),
    ("10.5.1", "test_suite.py::test_kept", "passed"),
    ("10.5.1", "test_suite.py::test_shipped", "failed"),
]


@pytest.fixture
def suite(
    pytester: pytest.Pytester, lean: tuple[str, ...]
) -> Callable[..., tuple[pytest.RunResult, str]]:
    """Run the suite, all but one test of it, and give the table that it wrote."""

    def run(name: str, *options: str) -> tuple[pytest.RunResult, str]:
        pytester.makepyfile(test_suite=SUITE)
        table = pytester.path / "out" / name
        result = pytester.runpytest("-k", "not left_out", f"--pci-table={table}", *lean, *options)
        return result, table.read_text(encoding="utf-8")

    return run


@pytest.mark.parametrize("number", ["1.1.1", "10.5.1", "8.3.10.1", "12.10.7", "A1.1.1", "3.6.1.3"])
def test_numbers_of_the_standard_are_taken(number: str) -> None:
    assert check(number) == number
    assert pci(number).args == (number,)


@pytest.mark.parametrize(
    "wrong", ["10", "10.5", "10.5.1.1.1", "13.1.1", "0.1.1", "10.05.1", "v10.5.1", "10.5.1 ", 10.5]
)
def test_what_is_no_number_of_a_requirement_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="is no requirement of PCI DSS: write its number"):
        pci(wrong)


@pytest.mark.parametrize("wrong", ["10.8.1", "4.3.1", "A2.2.1"])
def test_a_section_that_the_standard_lacks_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=f"v4.0.1 has no requirement {wrong}"):
        pci(wrong)


def test_a_mark_names_a_requirement() -> None:
    with pytest.raises(ValueError, match="needs a requirement"):
        pci()


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "two workers"])
def test_the_table_has_every_test_and_how_it_ended(suite: Any, workers: tuple[str, ...]) -> None:
    result, text = suite("table.json", *workers)
    found = [
        (row["requirement"], test["test"], test["outcome"])
        for row in json.loads(text)
        for test in row["tests"]
    ]
    assert found == EXPECTED
    result.stdout.fnmatch_lines(
        ["PCI DSS: 5 requirements by 6 tests (2 failed, 2 passed, 2 skipped)"]
    )


def test_a_failure_names_the_requirement_that_it_leaves_open(suite: Any) -> None:
    result, _ = suite("table.json")
    result.stdout.fnmatch_lines(
        [
            "PCI DSS 10.2.1 isn't shown: test_suite.py::TestPasswords::test_teardown failed",
            "PCI DSS 10.5.1 isn't shown: test_suite.py::test_shipped failed",
        ]
    )
    result.stdout.no_fnmatch_line("PCI DSS 3.5.1 isn't shown*")


def test_the_table_as_csv(suite: Any) -> None:
    _, text = suite("table.csv")
    header, *rows = csv.reader(text.splitlines())
    assert header == ["requirement", "test", "outcome"]
    assert [tuple(row) for row in rows] == EXPECTED


def test_the_table_for_people(suite: Any) -> None:
    _, text = suite("table.md")
    lines = text.splitlines()
    assert lines[2] == "| 2.2.6 | `test_suite.py::test_closed[22]` | skipped |"
    assert len(lines) == 2 + len(EXPECTED)


def test_a_wrong_number_ends_the_collection(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("from harness.testing import pci\n\n@pci('10.9.1')\ndef test_a(): pass\n")
    result = pytester.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*test_a_wrong_number_ends_the_collection.py:3: in *"])
    result.stdout.fnmatch_lines(["*has no requirement 10.9.1: the last section*10 is 10.7*"])


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["one process", "a worker"])
def test_a_wrong_plain_mark_is_an_error_too(
    pytester: pytest.Pytester, workers: tuple[str, ...], lean: tuple[str, ...]
) -> None:
    pytester.makepyfile("import pytest\n\n@pytest.mark.pci('ten')\ndef test_a(): pass\n")
    result = pytester.runpytest(*lean, *workers)
    assert result.parseoutcomes()["errors"] >= 1
    result.stdout.fnmatch_lines(["*::test_a: 'ten' is no requirement of PCI DSS*"])


def test_a_table_of_no_known_kind_is_refused(pytester: pytest.Pytester, tmp_path: Path) -> None:
    result = pytester.runpytest(f"--pci-table={tmp_path}/table.xlsx")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*table.xlsx: end the name with .json, .md, .csv*"])


def test_a_run_without_marks_says_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_a(): pass\n")
    result = pytester.runpytest()
    result.stdout.no_fnmatch_line("PCI DSS*")
