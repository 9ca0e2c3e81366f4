"""VPC endpoints, and what their policies let through."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.iam import AccessRequest, Decision, Policy, Principal, evaluate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Endpoint:
    """A gateway or interface endpoint; `route_tables` are a gateway's, the rest an interface's."""

    address: str
    service: str
    """Its last part: `s3`, `ecr.api`."""
    kind: str
    route_tables: tuple[str, ...] = ()
    subnets: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    policy: Mapping[str, Any] | None = field(default=None, repr=False)
    """None is AWS's own, which lets everything through."""

    def admits(
        self,
        action: str,
        resource: str = "*",
        *,
        principal_account: str,
        resource_account: str,
        principal_organization: str | None = None,
        resource_organization: str | None = None,
    ) -> bool:
        """Whether a call by somebody's credentials to somebody's resource passes.

        Raises:
            PolicyError: the policy says something that isn't understood.
        """
        if self.policy is None:
            return True
        keys = {
            "aws:principalaccount": principal_account,
            "aws:principalorgid": principal_organization,
            "aws:resourceaccount": resource_account,
            "aws:resourceorgid": resource_organization,
        }

        def lookup(key: str) -> Sequence[str] | None:
            value = keys.get(key)
            return None if value is None else [value]

        arn = f"arn:aws:sts::{principal_account}:assumed-role/any/session"
        caller = Principal(account_id=principal_account, arn=arn)
        request = AccessRequest(action=action, resource=resource, lookup=lookup, principal=caller)
        policy = Policy(self.policy, resource_based=True)
        return evaluate(policy.statements, request) is Decision.ALLOW


def parse_policy(text: str | None) -> Mapping[str, Any] | None:
    """Read a policy's JSON."""
    return json.loads(text) if text else None
