"""The organization's tree with its control policies, and whom they bind.

Source: "Service control policies (SCPs)" and "Resource control policies (RCPs)" in the AWS
Organizations user guide: neither affects the management account or service-linked roles, SCPs
affect no service principal, and what isn't allowed at every level isn't allowed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.iam.decisions import Level
from harness.iam.policies import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harness.iam.context import Keys
    from harness.iam.policies import Principal

_SERVICE_LINKED = ":role/aws-service-role/"


@dataclass(frozen=True, slots=True)
class Member:
    """An account: its place in the tree and the control policies from the root down to it."""

    path: str
    """As in ``aws:PrincipalOrgPaths``: ``o-id/r-id/ou-id/``."""
    service_control: Sequence[Level] = ()
    resource_control: Sequence[Level] = ()


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization as its control policies see it."""

    id: str
    management_account: str
    members: Mapping[str, Member] = field(default_factory=dict)
    """By account id, the management account among them."""

    def service_control(self, principal: Principal) -> Sequence[Level]:
        """The levels that limit what a principal may do anywhere."""
        if principal.service is not None or _SERVICE_LINKED in (principal.role_arn or ""):
            return ()
        member = self._bound(principal.account_id)
        return member.service_control if member else ()

    def resource_control(self, principal: Principal, account: str) -> Sequence[Level]:
        """The levels that limit what anyone may do to an account's resources."""
        if _SERVICE_LINKED in (principal.role_arn or ""):
            return ()
        member = self._bound(account)
        return member.resource_control if member else ()

    def keys(self, prefix: str, account: str) -> Keys:
        """Return ``aws:PrincipalOrgID``, ``aws:ResourceOrgPaths`` and their like for an account."""
        member = self.members.get(account)
        if member is None:
            return {}
        return {f"aws:{prefix}orgid": (self.id,), f"aws:{prefix}orgpaths": (member.path,)}

    def _bound(self, account: str) -> Member | None:
        return None if account == self.management_account else self.members.get(account)


def read_organization(organizations: Any) -> Organization:
    """Read the tree and what is attached to it.

    Args:
        organizations: a boto3 client of AWS Organizations in the management account.
    """
    described = organizations.describe_organization()["Organization"]
    root = organizations.list_roots()["Roots"][0]
    reader = _Reader(organizations, {kind["Type"] for kind in root.get("PolicyTypes", ())})
    members = dict(reader.members(f"{described['Id']}/{root['Id']}/", root["Id"], "root", (), ()))
    return Organization(described["Id"], described["MasterAccountId"], members)


@dataclass(slots=True)
class _Reader:
    client: Any
    enabled: set[str]
    policies: dict[str, Policy] = field(default_factory=dict)

    def members(
        self, path: str, target: str, place: str, services: tuple[Level, ...], resources: Any
    ) -> Iterator[tuple[str, Member]]:
        """Yield the accounts below a root or unit, whose own policies are added first."""
        services, resources = self._with(target, place, services, resources)
        for account in self._all("list_accounts_for_parent", "Accounts", ParentId=target):
            own = self._with(account["Id"], f"account {account['Id']}", services, resources)
            yield account["Id"], Member(path, *own)
        units = self._all(
            "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=target
        )
        for unit in units:
            below = f"{path}{unit['Id']}/"
            yield from self.members(below, unit["Id"], f"unit {unit['Name']}", services, resources)

    def _with(
        self, target: str, place: str, services: tuple[Level, ...], resources: tuple[Level, ...]
    ) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        return (
            services + self._level("SERVICE_CONTROL_POLICY", target, place),
            resources + self._level("RESOURCE_CONTROL_POLICY", target, place),
        )

    def _level(self, kind: str, target: str, place: str) -> tuple[Level, ...]:
        if kind not in self.enabled:
            return ()
        attached = self._all("list_policies_for_target", "Policies", TargetId=target, Filter=kind)
        statements = [
            statement
            for summary in attached
            for statement in self._policy(kind, summary["Id"], summary["Name"]).statements
        ]
        return (Level(place, statements),)

    def _policy(self, kind: str, policy_id: str, name: str) -> Policy:
        if policy_id not in self.policies:
            content = self.client.describe_policy(PolicyId=policy_id)["Policy"]["Content"]
            by_resource = kind == "RESOURCE_CONTROL_POLICY"
            self.policies[policy_id] = Policy(content, resource_based=by_resource, name=name)
        return self.policies[policy_id]

    def _all(self, operation: str, key: str, **arguments: str) -> list[Any]:
        pages = self.client.get_paginator(operation).paginate(**arguments)
        return [item for page in pages for item in page[key]]
