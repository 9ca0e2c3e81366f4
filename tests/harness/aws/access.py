"""What AWS's services may do for their users here: roles, buckets, keys and destinations say.

moto lets anybody do anything. The data planes behind it, such as the delivery of logs, ask first,
since a lost grant must show as it would on AWS. A policy that isn't understood allows nothing.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.organizations.models import organizations_backends

from harness.iam import (
    AccessRequest,
    Decision,
    Policies,
    Policy,
    PolicyError,
    Principal,
    Statement,
    authorize,
    evaluate,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PARTITION = "aws"

log = logging.getLogger(__name__)


def organization_of(account_id: str) -> str | None:
    """Return the id of the organization that an account belongs to, if any."""
    founder, partition = organizations_backends.master_accounts.get(
        account_id, (account_id, PARTITION)
    )
    organization = organizations_backends[founder][partition].org
    return organization.id if organization else None


@dataclass(frozen=True)
class Actor:
    """Who does something: a role that a service has assumed, or a service itself."""

    principal: Principal
    statements: Sequence[Statement] = ()
    boundary: Sequence[Statement] | None = None
    keys: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def account(cls, account_id: str, role_arn: str | None = None) -> Actor:
        """Somebody of an account, as far as a resource's policy has to know them."""
        arn = role_arn or f"arn:{PARTITION}:iam::{account_id}:root"
        principal = Principal(account_id, arn, role_arn)
        return cls(principal, keys=_principal_keys(account_id, arn))

    @classmethod
    def service(cls, name: str, source_arn: str, account_id: str | None = None) -> Actor:
        """An AWS service that acts for a resource of its user; a bucket's ARN names no account."""
        account_id = account_id or source_arn.split(":")[4]
        keys = {
            "aws:principalisawsservice": "true",
            "aws:principalservicename": name,
            "aws:sourcearn": source_arn,
            "aws:sourceaccount": account_id,
        }
        if organization := organization_of(account_id):
            keys["aws:sourceorgid"] = organization
        return cls(Principal("", "", service=name), keys=keys)

    def may(
        self,
        action: str,
        resource: str,
        *,
        owner: str,
        policy: str | None = None,
        keys: Mapping[str, str] | None = None,
    ) -> bool:
        """Whether the actor may do this to a resource of the account ``owner``.

        Args:
            action: such as ``s3:PutObject``.
            resource: its ARN.
            owner: the resource's account.
            policy: the resource's own policy, if it has one.
            keys: further condition keys of the request.
        """
        try:
            request = self._request(action, resource, owner, keys or {})
            statements = _statements(policy)
            if self.principal.service is not None:
                return evaluate(statements or (), request) is Decision.ALLOW
            policies = Policies(self.statements, self.boundary, resource=statements)
            verdict = authorize(request, policies, resource_account=owner)
        except PolicyError as error:
            log.warning("%s on %s is refused: %s", action, resource, error)
            return False
        return verdict.allowed

    def decided_by(
        self,
        policy: str | None,
        action: str,
        resource: str,
        *,
        owner: str,
        keys: Mapping[str, str] | None = None,
    ) -> Decision:
        """What a resource's policy alone says to the actor."""
        try:
            request = self._request(action, resource, owner, keys or {})
            return evaluate(_statements(policy) or (), request)
        except PolicyError as error:
            log.warning("%s on %s is refused: %s", action, resource, error)
            return Decision.EXPLICIT_DENY

    def may_use_key(
        self,
        action: str,
        key: Any,
        *,
        context: Mapping[str, str],
        keys: Mapping[str, str] | None = None,
    ) -> bool:
        """Whether the actor may use a KMS key, whose policy must allow it in any case.

        Args:
            action: such as ``kms:GenerateDataKey``.
            key: moto's key.
            context: the encryption context.
            keys: further condition keys of the request.
        """
        known = {f"kms:encryptioncontext:{name}": value for name, value in context.items()}
        known |= {"kms:calleraccount": self.principal.account_id, **(keys or {})}
        try:
            request = self._request(action, key.arn, key.account_id, known)
            if evaluate(_statements(key.policy) or (), request) is not Decision.ALLOW:
                return False
        except PolicyError as error:
            log.warning("%s with %s is refused: %s", action, key.arn, error)
            return False
        return self.may(action, key.arn, owner=key.account_id, policy=key.policy, keys=known)

    def _request(
        self, action: str, resource: str, owner: str, keys: Mapping[str, str]
    ) -> AccessRequest:
        known = {
            "aws:securetransport": "true",
            "aws:resourceaccount": owner,
            "aws:principalisawsservice": "false",
            **self.keys,
            **{name.lower(): value for name, value in keys.items()},
        }
        if organization := organization_of(owner):
            known["aws:resourceorgid"] = organization

        def lookup(name: str) -> Sequence[str] | None:
            value = known.get(name.lower())
            return None if value is None else (value,)

        return AccessRequest(action, resource, lookup, self.principal)


def assume(role_arn: str | None, services: Sequence[str], source_arn: str) -> Actor | None:
    """Let a service assume a role for one of its resources; None if it may not, or there is none.

    Args:
        role_arn: the role.
        services: the service's names, such as ``firehose.amazonaws.com``.
        source_arn: the resource for which the service acts.
    """
    role = find_role(role_arn)
    if role is None or not any(_trusts(role, service, source_arn) for service in services):
        return None
    try:
        return Actor(
            Principal(role.account_id, _session_arn(role), role.arn),
            statements=[each for text in _documents(role) for each in Policy(text).statements],
            boundary=_boundary(role),
            keys=_principal_keys(role.account_id, role.arn),
        )
    except PolicyError as error:
        log.warning("%s can do nothing: %s", role.arn, error)
        return None


def find_role(arn: str | None) -> Any:
    """Return moto's role of that ARN, if there is one."""
    if not arn or ":role/" not in arn:
        return None
    roles, name = iam_backends[arn.split(":")[4]][PARTITION].roles, arn.rpartition("/")[2]
    found = (role for role in list(roles.values()) if role.name == name)
    return next((role for role in found if role.arn == arn), None)


def find_key(arn: str) -> Any:
    """Return moto's KMS key of that key or alias ARN, if there is one."""
    if not arn.startswith("arn:"):
        return None
    _, _, _, region, account_id, name = arn.split(":", 5)
    backend = kms_backends[account_id][region]
    if name.startswith("alias/"):
        return next((key for key in list(backend.keys.values()) if name in key.aliases), None)
    return backend.keys.get(name.removeprefix("key/"))


def _trusts(role: Any, service: str, source_arn: str) -> bool:
    return Actor.service(service, source_arn).may(
        "sts:AssumeRole",
        role.arn,
        owner=role.account_id,
        policy=role.assume_role_policy_document,
        keys={"sts:externalid": source_arn.split(":")[4]},
    )


def _principal_keys(account_id: str, arn: str) -> dict[str, str]:
    keys = {"aws:principalaccount": account_id, "aws:principalarn": arn}
    if organization := organization_of(account_id):
        keys["aws:principalorgid"] = organization
    return keys


def _session_arn(role: Any) -> str:
    return f"arn:{PARTITION}:sts::{role.account_id}:assumed-role/{role.name}/service"


def _documents(role: Any) -> list[str]:
    attached = [_default_document(policy) for policy in role.managed_policies.values()]
    return [*role.policies.values(), *attached]


def _boundary(role: Any) -> Sequence[Statement] | None:
    arn = role.permissions_boundary_arn
    if arn is None:
        return None
    policy = iam_backends[role.account_id][PARTITION].managed_policies.get(arn)
    return Policy(_default_document(policy)).statements if policy else ()


def _default_document(policy: Any) -> str:
    return str(next(each.document for each in policy.versions if each.is_default))


def _statements(document: str | None) -> Sequence[Statement] | None:
    return Policy(document, resource_based=True).statements if document else None
