"""Combines every kind of policy into one decision, and says which statement made it.

Source: "Policy evaluation logic" in the IAM user guide, and of its pages "How AWS enforcement
code logic evaluates requests to allow or deny access" and "Cross-account policy evaluation logic".
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, NamedTuple

from harness.iam.policies import Grant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.iam.policies import AccessRequest, Statement


_CALLER = Grant.CALLER


class Decision(enum.Enum):
    """The outcome of evaluating policies."""

    ALLOW = "allow"
    IMPLICIT_DENY = "implicit deny"
    EXPLICIT_DENY = "explicit deny"


class PolicyType(enum.Enum):
    """The kinds of policies, as explanations name them."""

    SERVICE_CONTROL = "SCP"
    RESOURCE_CONTROL = "RCP"
    RESOURCE = "resource policy"
    IDENTITY = "identity policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"


class Level(NamedTuple):
    """The service or resource control policies that are attached to one place of the tree.

    ``place`` is such as ``root``, ``unit Production`` or ``account 777777777777``.
    """

    place: str
    statements: Sequence[Statement]


class Policies(NamedTuple):
    """All policies that have a say in a request; None stands for "there is no such policy".

    Control policies come level by level, from the root of the organization to the account: the
    caller's for service control policies, the resource's for resource control policies. None
    where they don't bind.
    """

    identity: Sequence[Statement] = ()
    boundary: Sequence[Statement] | None = None
    session: Sequence[Statement] | None = None
    resource: Sequence[Statement] | None = None
    service_control: Sequence[Level] = ()
    resource_control: Sequence[Level] = ()


class Verdict(NamedTuple):
    """A decision with what decided it.

    ``statement`` allowed or denied, and is None when nothing allowed. ``place`` is where in the
    organization a control policy is attached, ``grant`` how directly a resource policy allowed.
    """

    decision: Decision
    by: PolicyType
    statement: Statement | None = None
    place: str = ""
    grant: Grant | None = None

    @property
    def allowed(self) -> bool:
        """Whether the request may go ahead."""
        return self.decision is Decision.ALLOW

    def __str__(self) -> str:
        at = f" of {self.place}" if self.place else ""
        if self.statement is None:
            return f"implicit: no {self.by.value}{at} allows it"
        name = f" {self.statement.policy}" if self.statement.policy else ""
        verb = "allowed" if self.allowed else "denied"
        return f"{verb} by {self.by.value}{name}{at}, statement {self.statement.sid}"


def find(
    statements: Sequence[Statement], request: AccessRequest, by: PolicyType, place: str = ""
) -> Verdict:
    """Decide by one kind of policy: an explicit Deny wins, then the most direct Allow."""
    allowed: Statement | None = None
    best: Grant | None = None
    for statement in statements:
        if statement.allows and best is _CALLER:
            continue
        grant = statement.match(request)
        if grant is None:
            continue
        if not statement.allows:
            return Verdict(Decision.EXPLICIT_DENY, by, statement, place)
        if best is None or grant > best:
            allowed, best = statement, grant
    if allowed is None:
        return Verdict(Decision.IMPLICIT_DENY, by, None, place)
    return Verdict(Decision.ALLOW, by, allowed, place, best)


def evaluate(statements: Sequence[Statement], request: AccessRequest) -> Decision:
    """Decide by one policy alone: explicit Deny wins, then any Allow, else an implicit deny."""
    return find(statements, request, PolicyType.IDENTITY).decision


def authorize(request: AccessRequest, policies: Policies, *, resource_account: str) -> Verdict:
    """Decide by all policies that have a say in a request.

    An explicit Deny anywhere is final. Every level of the organization must allow. Within an
    account the identity's or the resource's policy may allow, across accounts both must; a
    boundary and a session policy limit what identity policies give.

    Args:
        request: who asks for what, with its condition keys.
        policies: what to decide by.
        resource_account: 12-digit id of the account that owns the resource.
    """
    controls = [
        find(level.statements, request, kind, level.place)
        for kind, levels in (
            (PolicyType.SERVICE_CONTROL, policies.service_control),
            (PolicyType.RESOURCE_CONTROL, policies.resource_control),
        )
        for level in levels
    ]
    resource = find(policies.resource or (), request, PolicyType.RESOURCE)
    identity = find(policies.identity, request, PolicyType.IDENTITY)
    limits = [
        find(statements, request, kind)
        for kind, statements in (
            (PolicyType.BOUNDARY, policies.boundary),
            (PolicyType.SESSION, policies.session),
        )
        if statements is not None
    ]
    for verdict in (*controls, resource, identity, *limits):
        if verdict.decision is Decision.EXPLICIT_DENY:
            return verdict
    for verdict in controls:
        if not verdict.allowed:
            return verdict
    same_account = request.principal.account_id == resource_account
    granted = _granted(request, resource, identity, same_account=same_account)
    if granted is resource and resource.grant is Grant.CALLER:
        return granted  # "not limited by an implicit deny in a boundary or session policy"
    return next((limit for limit in limits if granted.allowed and not limit.allowed), granted)


def _granted(
    request: AccessRequest, resource: Verdict, identity: Verdict, *, same_account: bool
) -> Verdict:
    """What resource and identity policies give before anything limits it."""
    if request.principal.service is not None:
        return resource
    if same_account and resource.grant in (Grant.ROLE, Grant.CALLER):
        return resource
    if same_account and not _asks_its_policy_first(request):
        return identity
    return identity if resource.allowed else resource


def _asks_its_policy_first(request: AccessRequest) -> bool:
    """Whether identity policies count only if the resource's own policy names the account.

    "Unless the key policy explicitly allows it, you cannot use IAM policies to allow access to a
    KMS key" (KMS developer guide, "Key policies"); role trust policies work alike.
    """
    service, _, action = request.action.lower().partition(":")
    return (service == "kms" and ":key/" in request.resource) or (
        service == "sts" and action.startswith("assumerole")
    )
