"""The workload environments are the same files, but for those that say what differs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from house_rules.environment_rules import MAY_DIFFER, environments_are_alike, workload_roots

ENVIRONMENTS = Path(__file__).parents[2] / "environments"


def test_environments_are_the_same_to_the_byte() -> None:
    findings = [str(finding) for finding in environments_are_alike(ENVIRONMENTS)]
    assert not findings, "\n".join(findings)


def test_all_four_are_compared() -> None:
    roots = workload_roots(ENVIRONMENTS)
    assert [root.name for root in roots] == ["dev", "integration", "production", "qa"]
    accounts = json.loads((ENVIRONMENTS / "organization.json").read_text())["accounts"]
    others = {path.parent.name for path in ENVIRONMENTS.glob("*/platform.tf")}
    assert others == {root.name for root in roots} <= accounts.keys(), "a root escapes the rule"


@pytest.fixture
def environments(tmp_path: Path) -> Path:
    for root in workload_roots(ENVIRONMENTS):
        ignored = shutil.ignore_patterns(".terraform", "*.tfstate*")
        shutil.copytree(root, tmp_path / root.name, ignore=ignored)
    return tmp_path


@pytest.mark.parametrize("name", ["platform.tf", ".terraform.lock.hcl", "variables.tf"])
def test_a_changed_file_is_found_with_its_line(environments: Path, name: str) -> None:
    changed = environments / "qa" / name
    lines = changed.read_text().splitlines(keepends=True)
    changed.write_text("".join([*lines[:4], "# only here\n", *lines[4:]]))
    (finding,) = environments_are_alike(environments)
    assert (finding.file, finding.line) == (changed, 5)
    assert "isn't the file of dev" in finding.problem


def test_a_byte_at_the_end_is_found(environments: Path) -> None:
    changed = environments / "production/waf.tf"
    changed.write_bytes(changed.read_bytes() + b"\n")
    (finding,) = environments_are_alike(environments)
    assert finding.file == changed


@pytest.mark.parametrize("name", ["debug.tf", "debug.auto.tfvars", "templates/debug.json"])
def test_a_file_of_one_environment_is_found(environments: Path, name: str) -> None:
    added = environments / "integration" / name
    added.parent.mkdir(exist_ok=True)
    added.write_text("{}")
    (finding,) = environments_are_alike(environments)
    assert finding.file == added


def test_a_file_that_dev_alone_has_is_missing_elsewhere(environments: Path) -> None:
    (environments / "dev/debug.tf").write_text("")
    found = [
        str(finding.file.relative_to(environments))
        for finding in environments_are_alike(environments)
    ]
    assert found == ["integration/debug.tf", "production/debug.tf", "qa/debug.tf"]


@pytest.mark.parametrize("name", sorted(MAY_DIFFER - {"environment.tf"}))
def test_no_environment_lacks_its_own(environments: Path, name: str) -> None:
    (environments / "qa" / name).unlink()
    (finding,) = environments_are_alike(environments)
    assert finding.problem == f"{name} is missing"


def test_what_a_run_leaves_behind_is_no_difference(environments: Path) -> None:
    (environments / "qa/.terraform").mkdir()
    (environments / "qa/.terraform/terraform.tfstate").write_text("{}")
    (environments / "qa/terraform.tfstate.backup").write_text("{}")
    assert not list(environments_are_alike(environments))
