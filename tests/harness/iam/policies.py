"""Policy documents, and which of their statements apply to a request.

Source: "IAM JSON policy elements" in the IAM user guide. A policy that isn't understood raises
:class:`PolicyError`; nothing is allowed by accident.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.iam.conditions import Condition, Lookup, PolicyError, any_of, expand, wildcard

if TYPE_CHECKING:
    import re

_ELEMENTS = {
    "Sid", "Effect", "Action", "NotAction", "Resource", "NotResource",
    "Principal", "NotPrincipal", "Condition",
}  # fmt: skip


class Grant(enum.IntEnum):
    """How directly a statement of a resource policy means the caller."""

    ACCOUNT = 1
    """The caller's account, which leaves the rest to identity policies there."""
    ROLE = 2
    """The role behind the caller's session."""
    CALLER = 3
    """The caller itself, or everyone."""


# Looking up a member of an enumeration takes as long as matching a short pattern.
_CALLER, _ROLE, _ACCOUNT = Grant.CALLER, Grant.ROLE, Grant.ACCOUNT


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. ``arn`` is the session's or user's; ``role_arn`` the role behind a session.

    ``bounded`` says that a permissions boundary is attached, which some resource policies notice.
    """

    account_id: str
    arn: str
    role_arn: str | None = None
    service: str | None = None
    bounded: bool = False


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

    def grant(self, principal: Principal) -> Grant | None:
        """How directly the principal is named, if at all."""
        if principal.service is not None:
            return _CALLER if self.anyone or principal.service in self.services else None
        if self.anyone or principal.arn in self.aws:
            return _CALLER
        if principal.role_arn in self.aws:
            return _ROLE
        return _ACCOUNT if self._names_account(principal) else None

    def exempts(self, principal: Principal) -> bool:
        """Whether a ``Deny`` for everyone but these spares the principal.

        "When you use NotPrincipal with Deny, you must also specify the account ARN of the
        not-denied principal", and for a session its role and account; it "will always deny any
        IAM principal that has a permissions boundary policy attached" ("NotPrincipal").
        """
        if principal.service is not None or self.anyone:
            return self.grant(principal) is not None
        named = principal.arn in self.aws and principal.role_arn in (None, *self.aws)
        return named and self._names_account(principal) and not principal.bounded

    def _names_account(self, principal: Principal) -> bool:
        account = principal.account_id
        return account in self.aws or f"arn:aws:iam::{account}:root" in self.aws


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, checked when it was read."""

    allows: bool
    actions: re.Pattern[str]
    excludes_actions: bool
    resources: tuple[str, ...]
    excludes_resources: bool
    principals: _Principals | None
    excludes_principals: bool
    conditions: tuple[Condition, ...]
    variables: bool
    policy: str = ""
    sid: str = ""

    def applies(self, request: AccessRequest) -> bool:
        """Whether every element of the statement matches the request."""
        return self.match(request) is not None

    def match(self, request: AccessRequest) -> Grant | None:
        """Return how directly the statement means the caller; None when it doesn't apply."""
        if not self.concerns(request.action) or not self._covers(request):
            return None
        grant: Grant | None = _CALLER
        if self.principals is not None:
            grant = self._named(self.principals, request.principal)
        if grant is not None:
            for condition in self.conditions:
                if not condition.holds(request.lookup, variables=self.variables):
                    return None
        return grant

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
        return (self.actions.fullmatch(action) is None) is self.excludes_actions

    def _named(self, principals: _Principals, principal: Principal) -> Grant | None:
        if not self.excludes_principals:
            return principals.grant(principal)
        if self.allows:
            return _CALLER if principals.grant(principal) is None else None
        return None if principals.exempts(principal) else _CALLER

    def _covers(self, request: AccessRequest) -> bool:
        for text in self.resources:
            # "The resource that includes a policy variable with no value will not match any
            # resource" ("Variables and tags").
            pattern = expand(text, request.lookup) if self.variables else text
            if pattern is not None and wildcard(pattern).fullmatch(request.resource):
                return not self.excludes_resources
        return self.excludes_resources


class Policy:
    """A policy document.

    Args:
        document: JSON text or what it parses to.
        resource_based: whether statements must name principals.
        name: what explanations call the policy.

    Raises:
        PolicyError: an element, operator or value isn't understood.
    """

    def __init__(
        self,
        document: str | Mapping[str, Any],
        *,
        resource_based: bool = False,
        name: str = "",
    ) -> None:
        parsed = json.loads(document) if isinstance(document, str) else document
        variables = parsed.get("Version") == "2012-10-17"
        self.statements = tuple(
            replace(
                _statement(item, variables=variables, resource_based=resource_based),
                policy=name,
                sid=item.get("Sid") or f"number {number}",
            )
            for number, item in enumerate(_listed(parsed.get("Statement", ())), start=1)
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
        actions=any_of(actions),
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
