"""Outcomes count only for the tree that they were seen on."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from harness.evidence.marked_tests import MarkedTestsError, is_current, marked_tests
from harness.evidence.run import commit

if TYPE_CHECKING:
    from pathlib import Path

WRITTEN = 1_700_000_000
TEST = """
from harness.testing import pci

@pci("10.3.2")
def test_logs_stay() -> None:
    pass
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one marked test, whose files are older than the table of outcomes."""
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "test_logs.py").write_text(TEST, encoding="utf-8")
    (folder / ".gitignore").write_text("build/\n__pycache__/\n", encoding="utf-8")
    (folder / "build").mkdir()
    (folder / "build" / "table.json").write_text("[]", encoding="utf-8")
    for command in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "-qm", "Begin"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    for name in ("test_logs.py", ".gitignore"):
        os.utime(folder / name, (WRITTEN - 10, WRITTEN - 10))
    os.utime(folder / "build" / "table.json", (WRITTEN, WRITTEN))
    return folder


def test_outcomes_of_this_very_tree_are_taken(repository: Path, tmp_path: Path) -> None:
    table = repository / "build" / "table.json"
    assert is_current(repository, table)
    assert marked_tests(repository, table, tmp_path) == []


@pytest.mark.parametrize("name", ["test_logs.py", "new.py"])
def test_outcomes_from_before_a_change_are_not(repository: Path, name: str) -> None:
    (repository / name).touch()
    assert not is_current(repository, repository / "build" / "table.json")


def test_without_outcomes_tests_are_listed_as_not_run(repository: Path, tmp_path: Path) -> None:
    (found,) = marked_tests(repository, repository / "none.json", tmp_path)
    assert found == {
        "requirement": "10.3.2",
        "tests": [{"test": "test_logs.py::test_logs_stay", "outcome": "not run"}],
    }


def test_tests_that_cannot_be_collected_are_an_error(repository: Path, tmp_path: Path) -> None:
    (repository / "test_logs.py").write_text("import nothing_of_this_name", encoding="utf-8")
    with pytest.raises(MarkedTestsError, match="nothing_of_this_name"):
        marked_tests(repository, repository / "none.json", tmp_path)


def test_a_commit_says_when_files_differ_from_it(repository: Path) -> None:
    clean = commit(repository)
    (repository / "new.py").touch()
    assert commit(repository) == f"{clean}-dirty"
