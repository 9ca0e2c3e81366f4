"""Runs the self-test with one check put out of order at a time; in the policies' environment.

``python weakened_checks.py plan.json`` prints, by case, the exit code and what was printed.
"""

from __future__ import annotations

import io
import json
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any
from unittest import mock

from checkov.common.models.enums import CheckResult
from checkov.terraform.checks.resource.registry import resource_registry

from pci_dss.policy import policies
from pci_dss.self_test.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Iterator

BUILTIN, OURS = "CKV_AWS_115", "PCI_25"


@contextmanager
def builtin_says(result: CheckResult) -> Iterator[None]:
    """Let checkov's check give one answer to everything."""
    (check,) = [
        each for each in resource_registry.get_checks("aws_lambda_function") if each.id == BUILTIN
    ]
    with mock.patch.object(check, "scan_resource_conf", return_value=result):
        yield


@contextmanager
def ours_yields(*reasons: str) -> Iterator[None]:
    """Let our policy give one answer to everything."""
    (policy,) = [each for each in policies() if each.id == OURS]
    judge = policy.judge
    object.__setattr__(policy, "judge", lambda _: iter(reasons))
    try:
        yield
    finally:
        object.__setattr__(policy, "judge", judge)


def tried(plan: str, check: str) -> dict[str, Any]:
    """Run the self-test of one check."""
    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        code = main([plan, "--only", check])
    return {"code": code, "printed": printed.getvalue()}


if __name__ == "__main__":
    path = sys.argv[1]
    told = {f"{check} as it is": tried(path, check) for check in (BUILTIN, OURS)}
    with builtin_says(CheckResult.PASSED):
        told[f"{BUILTIN} passes everything"] = tried(path, BUILTIN)
    with builtin_says(CheckResult.FAILED):
        told[f"{BUILTIN} fails everything"] = tried(path, BUILTIN)
    with ours_yields():
        told[f"{OURS} passes everything"] = tried(path, OURS)
    with ours_yields("it is there"):
        told[f"{OURS} fails everything"] = tried(path, OURS)
    json.dump(told, sys.stdout)
