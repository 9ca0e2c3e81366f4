"""Everything that decides on calls in some accounts, gathered once and asked many times."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from harness.iam.context import Keys, given_keys, principal_keys
from harness.iam.decisions import Level, Policies, Verdict, authorize
from harness.iam.policies import AccessRequest, Principal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.iam.entities import Permissions
    from harness.iam.organization import Organization
    from harness.iam.policies import Statement

SESSION = "session"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Policies of an organization and of what is deployed in its accounts.

    ``entities`` holds roles and users by ARN, ``resources`` the policies of resources by ARN.
    """

    organization: Organization
    entities: Mapping[str, Permissions] = field(default_factory=dict)
    resources: Mapping[str, Sequence[Statement]] = field(default_factory=dict)

    def decide(
        self,
        who: str,
        action: str,
        resource: str,
        account: str,
        *,
        conditions: Mapping[str, str | Sequence[str]] | None = None,
        session: Sequence[Statement] | None = None,
    ) -> Verdict:
        """Decide whether somebody may do something; nothing is sent.

        Args:
            who: ARN of a role or user, or a service such as ``delivery.logs.amazonaws.com``.
            action: such as ``s3:DeleteObjectVersion``.
            resource: ARN, or ``*`` for actions that name none.
            account: that owns the resource.
            conditions: further condition keys by name, over those that follow from the rest.
            session: statements of a session policy, if the session was made with one.

        Raises:
            KeyError: the role or user isn't part of the snapshot.
            PolicyError: a policy isn't understood.
        """
        principal, keys = self._identify(who)
        keys |= {
            "aws:resourceaccount": (account,),
            "aws:securetransport": ("true",),
            "aws:viaawsservice": ("false",),
            **self.organization.keys("resource", account),
            **_region_key(resource),
            **given_keys(conditions or {}),
        }
        permissions = self.entities.get(who)
        policies = Policies(
            identity=permissions.statements if permissions else (),
            boundary=permissions.boundary if permissions else None,
            session=session,
            resource=self._resource_policy(resource),
            service_control=self.organization.service_control(principal),
            resource_control=self.organization.resource_control(principal, account),
        )
        request = AccessRequest(action, resource, keys.get, principal)
        return authorize(request, policies, resource_account=account)

    def _identify(self, who: str) -> tuple[Principal, Keys]:
        if not who.startswith("arn:"):
            principal = Principal("", who, service=who)
            return principal, principal_keys(principal)
        account = who.split(":")[4]
        permissions = self.entities[who]
        arn, role_arn = who, None
        if ":role/" in who:
            role_arn = who
            arn = f"arn:aws:sts::{account}:assumed-role/{who.rpartition('/')[2]}/{SESSION}"
        bounded = permissions.boundary is not None
        principal = Principal(account, arn, role_arn, bounded=bounded)
        keys = principal_keys(principal, tags=permissions.tags)
        return principal, keys | self.organization.keys("principal", account)

    def _resource_policy(self, resource: str) -> Sequence[Statement] | None:
        found = self.resources.get(resource)
        if found is None and resource.startswith("arn:aws:s3:::"):
            return self.resources.get(resource.partition("/")[0])
        return found

    def control_statements(self) -> list[tuple[str, str]]:
        """Name every denying statement of the control policies: policy and Sid, sorted."""
        return sorted(
            {
                (statement.policy, statement.sid)
                for member in self.organization.members.values()
                for level in (*member.service_control, *member.resource_control)
                for statement in level.statements
                if not statement.allows
            }
        )

    def without(self, policy: str, sid: str) -> Snapshot:
        """The same, had one statement of one control policy never been written."""
        members = {
            account: replace(
                member,
                service_control=_dropping(member.service_control, policy, sid),
                resource_control=_dropping(member.resource_control, policy, sid),
            )
            for account, member in self.organization.members.items()
        }
        return replace(self, organization=replace(self.organization, members=members))


def _region_key(resource: str) -> Keys:
    """The region that is asked, where the resource tells."""
    region = (*resource.split(":"), "", "", "", "")[3]
    return {"aws:requestedregion": (region,)} if region else {}


def _dropping(levels: Sequence[Level], policy: str, sid: str) -> Sequence[Level]:
    return tuple(
        Level(
            level.place,
            [each for each in level.statements if (each.policy, each.sid) != (policy, sid)],
        )
        for level in levels
    )
