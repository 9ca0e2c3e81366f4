"""The deploy role's policies name everything that applying dev called.

The embedded AWS enforces no identity policy, so what the role did is compared with what it may.
Resources and conditions are the module tests' matter; this one finds actions that are missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.iam import read_role
from harness.testing import pci

if TYPE_CHECKING:
    from harness.aws import Call
    from harness.platform import Platform

ROLE = "payments-deploy"
# Where a call's name isn't its permission's.
SERVICES = {"monitoring": "cloudwatch"}
PERMISSIONS = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjects": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
}
NEEDS_NONE = {"sts:GetCallerIdentity"}


def permission_of(call: Call) -> str:
    """Give the IAM action of a call; API Gateway's management has the HTTP methods instead."""
    service = SERVICES.get(call.service, call.service)
    action = call.method if service == "apigateway" else call.action
    return PERMISSIONS.get(f"{service}:{action}", f"{service}:{action}")


@pci("7.2.5")
def test_the_role_may_do_what_applying_needs(platform: Platform) -> None:
    done = {
        permission_of(call)
        for call in platform.aws.calls
        if f":assumed-role/{ROLE}/" in call.principal_arn
    }
    assert len(done) > 100, "the log has forgotten the apply"
    iam = platform.aws.client("iam", platform.account_id)
    statements = [each for each in read_role(iam, ROLE).statements if each.allows]
    missing = {
        action
        for action in done - NEEDS_NONE
        if not any(statement.concerns(action) for statement in statements)
    }
    assert sorted(missing) == []
