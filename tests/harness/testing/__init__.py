"""What authors of Terraform tests write with; the fixtures come with the pytest plugin.

def test_key_rotates(plan):
    planned = plan("modules/data", name="payments-dev", data_class="payments", tables={...})
    planned.one("aws_kms_key").expect(enable_key_rotation=True)

def test_retention(plan):
    with rejects(variable="retention_days", match="at least 365"):
        plan("modules/data", retention_days=30)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from harness.terraform import SENSITIVE
from harness.testing.applied import AppliedRoot, Clients
from harness.testing.differences import AFTER_APPLY, MISSING, ExpectationError
from harness.testing.options import Options
from harness.testing.planned import PlannedResource, PlannedRoot
from harness.testing.rejects import Rejection, rejects
from harness.testing.workbench import Planner

if TYPE_CHECKING:
    from harness.testing.applies import Applies, applied_fixture
    from harness.testing.requirements import pci

__all__ = [
    "AFTER_APPLY",
    "MISSING",
    "SENSITIVE",
    "AppliedRoot",
    "Applies",
    "Clients",
    "ExpectationError",
    "Options",
    "PlannedResource",
    "PlannedRoot",
    "Planner",
    "Rejection",
    "applied_fixture",
    "pci",
    "rejects",
]


_OF_PLUGINS = {"Applies": "applies", "applied_fixture": "applies", "pci": "requirements"}


def __getattr__(name: str) -> Any:
    # pytest wants to be the first to import its plugins.
    if name in _OF_PLUGINS:
        return getattr(importlib.import_module(f"{__name__}.{_OF_PLUGINS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
