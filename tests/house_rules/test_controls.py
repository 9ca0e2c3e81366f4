"""Every test that a module's `controls` name exists, and is evidence for their requirement."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing.requirements import check
from harness.testing.static import Folder
from house_rules.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.testing.static import Block

REPOSITORY = Path(__file__).resolve().parents[2]
MODULES = sorted(path.parent for path in REPOSITORY.glob("modules/**/outputs.tf"))
KEYS = {"requirement", "control", "resource", "test"}


def controls_of(folder: Folder) -> Iterator[tuple[Block, Mapping[str, Any]]]:
    """Yield the controls that an output or a local of that name lists."""
    for block in folder.blocks("output", "locals"):
        listed = block.get("value" if block.labels == ("controls",) else "controls")
        if isinstance(listed, list):
            yield from ((block, control) for control in listed)


def untrue_controls(folder: Folder, evidence: Mapping[str, set[str]]) -> Iterator[Finding]:
    """Yield the controls whose test isn't there, or isn't marked with their requirement."""
    for block, control in controls_of(folder):
        if set(control) != KEYS:
            problem = f"a control has {', '.join(sorted(control))}"
            yield Finding(block.file, block.line, problem, f"give it {', '.join(sorted(KEYS))}")
            continue
        requirement, test = control["requirement"], control["test"]
        if test not in evidence:
            problem = f"{requirement} names {test}, which no `@pci` marks or which isn't there"
            yield Finding(block.file, block.line, problem, "name a test that shows the control")
        elif check(requirement) not in evidence[test]:
            marked = ", ".join(sorted(evidence[test]))
            problem = f"{requirement} names {test}, which is evidence for {marked} only"
            yield Finding(block.file, block.line, problem, f'mark it @pci("{requirement}")')


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The requirements of every test, by its id without parameters."""
    table = tmp_path_factory.mktemp("evidence") / "table.json"
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", f"--pci-table={table}"]
    without = ["-p", "no:cacheprovider", "-p", "no:schemathesis"]  # it takes a second to import
    collected = subprocess.run(
        [*command, *without, "tests/modules", "tests/network", "tests/daily_review"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert collected.returncode == 0, collected.stdout + collected.stderr
    requirements: dict[str, set[str]] = {}
    for row in json.loads(table.read_text(encoding="utf-8")):
        for test in row["tests"]:
            name = test["test"].partition("[")[0]
            requirements.setdefault(name, set()).add(row["requirement"])
    return requirements


def test_there_are_controls_to_judge() -> None:
    listing = {module.name for module in MODULES if any(controls_of(Folder.read(module)))}
    assert listing >= {"api-gateway", "data", "lambda-service", "payment-platform"}


def test_every_control_is_shown_by_its_test(evidence: dict[str, set[str]]) -> None:
    findings = [
        str(finding)
        for module in MODULES
        for finding in untrue_controls(Folder.read(module), evidence)
    ]
    assert not findings, "\n".join(findings)


def test_a_control_that_nothing_shows_is_found(tmp_path: Path) -> None:
    (tmp_path / "outputs.tf").write_text(
        """
        locals {
          controls = [
            { requirement = "3.5.1", control = "c", resource = "r", test = "t.py::test_here" },
            { requirement = "3.7.4", control = "c", resource = "r", test = "t.py::test_here" },
            { requirement = "3.5.1", control = "c", resource = "r", test = "t.py::test_gone" },
            { requirement = "3.5.1", test = "t.py::test_here" },
          ]
        }
        """
    )
    evidence = {"t.py::test_here": {"3.5.1"}}
    problems = [finding.problem for finding in untrue_controls(Folder.read(tmp_path), evidence)]
    assert problems == [
        "3.7.4 names t.py::test_here, which is evidence for 3.5.1 only",
        "3.5.1 names t.py::test_gone, which no `@pci` marks or which isn't there",
        "a control has requirement, test",
    ]
