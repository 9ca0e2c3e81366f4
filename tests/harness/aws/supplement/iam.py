"""IAM: the policies that AWS manages, loaded when one is named; roles that come meanwhile."""

from __future__ import annotations

import functools
import json
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend

from harness.aws.supplement.registry import mend

PREFIX = "arn:aws:iam::aws:policy/"

_MANAGED = mend(
    "iam:AttachRolePolicy",
    reason="knows no policy of AWS's own (404), or loads all 1,582 for each account",
    observed="aws_iam_role_policy_attachment of AmazonAPIGatewayPushToCloudWatchLogs",
)
_ROLES = mend(
    "iam:CreateRole",
    reason="breaks off whatever looks for a role meanwhile, as each call of a role's session does",
    observed="moto failed at events:CreateEventBus: dictionary changed size during iteration",
)


@_ROLES.around(IAMBackend, "get_roles")
def _get_roles(original: Any, backend: IAMBackend) -> list[Any]:
    return list(original(backend))


@_MANAGED.around(IAMBackend, "attach_role_policy")
def _attach_role_policy(
    original: Any, backend: IAMBackend, policy_arn: str, role_name: str
) -> None:
    _load(backend, policy_arn)
    original(backend, policy_arn, role_name)


@_MANAGED.around(IAMBackend, "get_policy")
def _get_policy(original: Any, backend: IAMBackend, policy_arn: str) -> Any:
    _load(backend, policy_arn)
    return original(backend, policy_arn)


def _load(backend: IAMBackend, arn: str) -> None:
    name = arn.rpartition("/")[2]
    document = _managed_policies().get(name)
    if document is None or arn != PREFIX + document["Path"].lstrip("/") + name:
        return
    if arn not in backend.managed_policies:
        policy = AWSManagedPolicy.from_data(name, backend.account_id, backend.region_name, document)
        backend.managed_policies[arn] = policy
        # Moto tells an account's own policies from AWS's by this list.
        backend.aws_managed_policies.append(policy)


@functools.cache
def _managed_policies() -> dict[str, Any]:
    policies: dict[str, Any] = json.loads(aws_managed_policies_data)
    return policies
