"""Runs real Terraform: finds it and the AWS provider, and gives plans and applies as data."""

from harness.terraform.errors import (
    Diagnostic,
    DiscoveryError,
    TerraformError,
    TerraformTimeoutError,
)
from harness.terraform.plan import (
    SENSITIVE,
    ApplyResult,
    ChangeCounts,
    Outputs,
    Plan,
    Resource,
    ResourceChange,
)
from harness.terraform.progress import Progress, ProgressCallback, ProgressKind
from harness.terraform.root import Root
from harness.terraform.runner import Terraform

__all__ = [
    "SENSITIVE",
    "ApplyResult",
    "ChangeCounts",
    "Diagnostic",
    "DiscoveryError",
    "Outputs",
    "Plan",
    "Progress",
    "ProgressCallback",
    "ProgressKind",
    "Resource",
    "ResourceChange",
    "Root",
    "Terraform",
    "TerraformError",
    "TerraformTimeoutError",
]
