"""Decides whether IAM policies let a caller do something.

Source: "Policy evaluation logic" and "IAM JSON policy elements" in the IAM user guide. A
policy that isn't understood raises :class:`PolicyError`; nothing is allowed by accident.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.iam.conditions import Condition, Lookup, PolicyError, expand, wildcard

__all__ = [
    "AccessRequest",
    "Decision",
    "Policy",
    "PolicyError",
    "Principal",
    "authorize",
    "evaluate",
]

_ELEMENTS = {
    "Sid", "Effect", "Action", "NotAction", "Resource", "NotResource",
    "Principal", "NotPrincipal", "Condition",
}  # fmt: skip


class Decision(enum.Enum):
    """The outcome of evaluating policies."""

    ALLOW = "allow"
    IMPLICIT_DENY = "implicit deny"
    EXPLICIT_DENY = "explicit deny"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. ``arn`` is the session's or user's; ``role_arn`` the role behind a session."""

    account_id: str
    arn: str
    role_arn: str | None = None
    service: str | None = None


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """What is asked, with the condition keys as ``lookup`` finds them."""

    action: str
    resource: str
    lookup: Lookup
    principal: Principal


@dataclass(frozen=True, slots=True)
class _Principals:
    """A ``Principal`` element."""

    anyone: bool
    aws: tuple[str, ...]
    services: tuple[str, ...]

    def matches(self, principal: Principal) -> bool:
        if principal.service is not None:
            return self.anyone or principal.service in self.services
        return self.names(principal) or self._names_account(principal)

    def names(self, principal: Principal) -> bool:
        """Whether the principal itself is meant, not merely its account."""
        return self.anyone or principal.arn in self.aws or principal.role_arn in self.aws

    def _names_account(self, principal: Principal) -> bool:
        account = principal.account_id
        return account in self.aws or f"arn:aws:iam::{account}:root" in self.aws


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, checked when it was read."""

    allows: bool
    actions: tuple[str, ...]
    excludes_actions: bool
    resources: tuple[str, ...]
    excludes_resources: bool
    principals: _Principals | None
    excludes_principals: bool
    conditions: tuple[Condition, ...]
    variables: bool

    def applies(self, request: AccessRequest) -> bool:
        """Whether every element of the statement matches the request."""
        return (
            self.concerns(request.action)
            and self._covers(request)
            and self._addresses(request.principal)
            and all(
                condition.holds(request.lookup, variables=self.variables)
                for condition in self.conditions
            )
        )

    def bound_to(self, keys: Lookup) -> Statement:
        """The same statement with the variables filled in that ``keys`` can resolve for good."""
        if not self.variables:
            return self
        filled = (expand(text, keys) for text in self.resources)
        resources = tuple(
            text if known is None else known
            for text, known in zip(self.resources, filled, strict=True)
        )
        return replace(self, resources=resources)

    def concerns(self, action: str) -> bool:
        """Whether the statement is about ``action``; case doesn't matter."""
        named = any(wildcard(text, ignore_case=True).fullmatch(action) for text in self.actions)
        return named != self.excludes_actions

    def grants_directly(self, principal: Principal) -> bool:
        """Whether it means the principal itself; naming an account only delegates to it."""
        return self.principals is None or self.excludes_principals or self._named(principal)

    def _named(self, principal: Principal) -> bool:
        return self.principals is not None and (
            principal.service is not None or self.principals.names(principal)
        )

    def _covers(self, request: AccessRequest) -> bool:
        named = unresolved = False
        for text in self.resources:
            pattern = expand(text, request.lookup) if self.variables else text
            if pattern is None:
                unresolved = True
            elif wildcard(pattern).fullmatch(request.resource):
                named = True
                break
        if self.excludes_resources and unresolved and not named:
            return not self.allows  # an unknown exception must not widen an Allow
        return named != self.excludes_resources

    def _addresses(self, principal: Principal) -> bool:
        if self.principals is None:
            return True
        return self.principals.matches(principal) != self.excludes_principals


class Policy:
    """A policy document.

    Args:
        document: JSON text or what it parses to.
        resource_based: whether statements must name principals.

    Raises:
        PolicyError: an element, operator or value isn't understood.
    """

    def __init__(self, document: str | Mapping[str, Any], *, resource_based: bool = False) -> None:
        parsed = json.loads(document) if isinstance(document, str) else document
        variables = parsed.get("Version") == "2012-10-17"
        self.statements = tuple(
            _statement(item, variables=variables, resource_based=resource_based)
            for item in _listed(parsed.get("Statement", ()))
        )


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(
        str(item).lower() if isinstance(item, bool) else str(item) for item in _listed(value)
    )


def _statement(item: Mapping[str, Any], *, variables: bool, resource_based: bool) -> Statement:
    if unknown := set(item) - _ELEMENTS:
        raise PolicyError(f"Unknown elements in a statement: {', '.join(sorted(unknown))}.")
    if item.get("Effect") not in ("Allow", "Deny"):
        raise PolicyError(f"Effect must be Allow or Deny, not {item.get('Effect')!r}.")
    actions, excludes_actions = _either(item, "Action", required=True)
    resources, excludes_resources = _either(item, "Resource", required=not resource_based)
    principals = item.get("Principal", item.get("NotPrincipal"))
    if resource_based != (principals is not None):
        raise PolicyError(
            "A resource policy's statement needs a Principal."
            if resource_based
            else "An identity policy's statement can't have a Principal."
        )
    return Statement(
        allows=item["Effect"] == "Allow",
        actions=actions,
        excludes_actions=excludes_actions,
        resources=resources or ("*",),
        excludes_resources=excludes_resources,
        principals=None if principals is None else _principals(principals),
        excludes_principals="NotPrincipal" in item,
        conditions=tuple(
            Condition(operator, key, _texts(wanted))
            for operator, block in item.get("Condition", {}).items()
            for key, wanted in block.items()
        ),
        variables=variables,
    )


def _either(item: Mapping[str, Any], name: str, *, required: bool) -> tuple[tuple[str, ...], bool]:
    if (name in item) and (f"Not{name}" in item):
        raise PolicyError(f"A statement can't have both {name} and Not{name}.")
    if f"Not{name}" in item:
        return _texts(item[f"Not{name}"]), True
    if required and name not in item:
        raise PolicyError(f"A statement needs {name} or Not{name}.")
    return _texts(item.get(name, ())), False


def _principals(element: Any) -> _Principals:
    if element == "*":
        return _Principals(anyone=True, aws=(), services=())
    if not isinstance(element, Mapping) or set(element) - {"AWS", "Service", "Federated"}:
        raise PolicyError(f"Principal {element!r} isn't understood.")
    aws = _texts(element.get("AWS", ()))
    if odd := [text for text in aws if "*" in text and text != "*"]:
        raise PolicyError(f"A principal can't contain wildcards: {', '.join(odd)}.")
    return _Principals("*" in aws, aws, _texts(element.get("Service", ())))


def evaluate(statements: Sequence[Statement], request: AccessRequest) -> Decision:
    """Explicit Deny wins, then any Allow, else an implicit deny."""
    decision = Decision.IMPLICIT_DENY
    for statement in statements:
        if statement.applies(request):
            if not statement.allows:
                return Decision.EXPLICIT_DENY
            decision = Decision.ALLOW
    return decision


def authorize(
    request: AccessRequest,
    *,
    resource_account: str,
    identity: Sequence[Statement],
    boundary: Sequence[Statement] | None,
    resource: Sequence[Statement] | None,
) -> Decision:
    """Combine a caller's policies with the policy of the resource.

    Within an account either side may allow; across accounts both must. A permissions
    boundary limits what is left. None stands for "there is no such policy".
    """
    by_identity = evaluate(identity, request)
    by_boundary = Decision.ALLOW if boundary is None else evaluate(boundary, request)
    by_resource = Decision.IMPLICIT_DENY if resource is None else evaluate(resource, request)
    if Decision.EXPLICIT_DENY in (by_identity, by_boundary, by_resource):
        return Decision.EXPLICIT_DENY
    if by_boundary is not Decision.ALLOW:
        return Decision.IMPLICIT_DENY
    if request.principal.account_id != resource_account:
        both = by_identity is Decision.ALLOW and by_resource is Decision.ALLOW
        return Decision.ALLOW if both else Decision.IMPLICIT_DENY
    if by_identity is Decision.ALLOW or _directly_allowed(resource, request):
        return Decision.ALLOW
    return Decision.IMPLICIT_DENY


def _directly_allowed(resource: Sequence[Statement] | None, request: AccessRequest) -> bool:
    return any(
        statement.allows
        and statement.grants_directly(request.principal)
        and statement.applies(request)
        for statement in resource or ()
    )
