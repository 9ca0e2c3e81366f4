"""`make pipeline`: one release reaches four accounts by the deployed pipeline."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from harness.pipeline.gates import STAGES
from harness.pipeline.preparation import WORKLOADS
from harness.platform import REPOSITORY

pytestmark = [pytest.mark.thorough, pytest.mark.timeout(3600)]

_STAGE = re.compile(r"^(\S) (\S+) +([0-9.]+) s(?:  release ([0-9a-f]{12}))?(.*)$", re.MULTILINE)
_ACCOUNT = re.compile(r"^✓ (\S+) +\d{12}  ([0-9a-f]{12})$", re.MULTILINE)


@pytest.fixture(scope="module")
def output() -> str:
    done = subprocess.run(
        [sys.executable, "-m", "harness", "pipeline"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_same_release_stands_in_all_four_accounts(output: str) -> None:
    accounts = dict(_ACCOUNT.findall(output))
    assert list(accounts) == list(WORKLOADS)
    assert len(set(accounts.values())) == 1


def test_every_stage_has_a_line_with_its_time_and_the_release(output: str) -> None:
    lines = {name: (mark, digest, rest) for mark, name, _, digest, rest in _STAGE.findall(output)}
    assert [name for name in lines if name in STAGES] == list(STAGES)
    digests = {digest for name, (_, digest, _) in lines.items() if name in STAGES[2:]}
    assert len(digests) == 1
    assert {mark for name, (mark, _, _) in lines.items() if name in STAGES} == {"✓"}


def test_two_people_approved(output: str) -> None:
    assert "approved: approve-first by alice, approve-second by bob" in output
