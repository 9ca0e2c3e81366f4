"""`make pipeline` of a checkout whose Terraform asks nobody before production."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from harness.mutants import copy_tree
from harness.platform import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

STAGES = "modules/delivery/stages.tf"
PACKAGES = (".pipeline", "tests")
ONE_IS_MISSING = "the stage prod-approve has 1 approval actions, production needs 2"


@pytest.mark.thorough
@pytest.mark.timeout(1800)
def test_a_pipeline_without_an_approval_promotes_nothing(tmp_path: Path) -> None:
    """The pipeline is deployed as that checkout declares it, and read back."""
    copy_tree(REPOSITORY, tmp_path)
    stages = tmp_path / STAGES
    declared = stages.read_text()
    changed = declared.replace('["approve-first", "approve-second"]', '["approve-first"]')
    assert changed != declared
    stages.write_text(changed)
    done = subprocess.run(
        [sys.executable, "-m", "harness", "pipeline"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(str(tmp_path / x) for x in PACKAGES)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    *_, last = done.stdout.strip().splitlines()
    assert last == f"✗ {ONE_IS_MISSING}", "a stage was run"
