"""Every PCI check fails what is known to be bad in our own roots, and passes what isn't."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.planned_roots import planned_root
from harness.policies_self_test import ROOTS, judge, written

if TYPE_CHECKING:
    from harness.aws import EmbeddedAWS
    from harness.testing.workbench import Workbench

CAUGHT = {
    "privileged containers": ("CKV_AWS_334", "PCI_1"),
    "egress by all protocols": ("CKV_AWS_382", "PCI_3"),
    "methods for whoever has a key": ("CKV_AWS_59", "PCI_5"),
    "web ACLs that count": ("CKV_AWS_175", "PCI_7"),
    "managed groups that count": ("CKV_AWS_342", "PCI_7"),
    "wide principals": ("CKV_AWS_33", "PCI_10"),
}
"""What checkov's checks are known to pass, and which of ours fails it."""
POLICIES = Path(f"{sys.prefix}-policies/bin/python")
"""Where `make` keeps checkov."""


@pytest.mark.usefixtures("organization_id")
def test_every_mutant_of_our_roots_is_killed_and_nothing_clean_fails(
    aws: EmbeddedAWS, workbench: Workbench, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    plans = {name: planned_root(name, aws, workbench) for name in ROOTS}
    code = judge(POLICIES, written(plans, tmp_path))
    told = capfd.readouterr()
    assert code == 0, told.out + told.err
    assert "mutants killed: 100.0 %" in told.out
    assert "false positives 0.0 %" in told.out
    missed = {
        name
        for name, (builtin, ours) in CAUGHT.items()
        if not re.search(rf"{builtin} passes \d+ mutants that {ours} fails", told.out)
    }
    assert not missed
