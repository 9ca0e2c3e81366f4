"""What somebody may do, where the conditions of policies ask for what nobody knows yet.

The decision is made by :mod:`harness.iam`, for a caller whose known keys are given. A condition on
any other key is taken to hold where it lets in, and not to where it refuses: what isn't possible
here is possible in no request. Control policies of the organization and session policies only take
away, and are left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.iam import AccessRequest, Policies, Policy, Principal, authorize, principal_keys

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from harness.iam import Statement
    from harness.iam.conditions import Condition

_VARIABLE = re.compile(r"\$\{([^*?$},]+)[^}]*\}")
_EVERYTHING = Policy({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}).statements
_ANYONE = "arn:aws:iam::999999999999:role/anyone"
_ANY_ROLE = "whoever-it-lets"
_SOMEBODYS_ORGANIZATION = "o-somebodys"


@dataclass(frozen=True)
class Caller:
    """Somebody with permissions of their own."""

    principal: Principal
    keys: Mapping[str, tuple[str, ...]]
    """The condition keys that are known, by lower-case name."""
    statements: Sequence[Statement]
    boundary: Sequence[Statement] | None = None

    def __str__(self) -> str:
        arn = self.principal.role_arn or self.principal.arn
        if arn.endswith(f"/{_ANY_ROLE}"):
            return f"whoever account {self.principal.account_id} lets"
        return "anyone" if arn == _ANYONE else arn


@dataclass(frozen=True)
class Access:
    """That somebody may do something."""

    action: str
    statements: Sequence[str]
    """Policies with their statements that let it."""
    conditions: Sequence[str]
    """Keys that decide it in the end."""

    def __str__(self) -> str:
        return f"{self.action} by {' and '.join(self.statements)}{given(self.conditions)}"


def given(keys: Collection[str]) -> str:
    """Say what else must be so."""
    return f", given {', '.join(sorted(keys))}" if keys else ""


def role_caller(
    arn: str,
    tags: Mapping[str, str],
    statements: Sequence[Statement],
    boundary: Sequence[Statement] | None,
) -> Caller:
    """Make a session of a role."""
    account, name = arn.split(":")[4], arn.rpartition("/")[2]
    session = f"arn:aws:sts::{account}:assumed-role/{name}/session"
    principal = Principal(account, session, arn, bounded=boundary is not None)
    keys = principal_keys(principal, tags=tags) | {"kms:calleraccount": (account,)}
    return Caller(principal, keys, statements, boundary)


def strangers(policy: Sequence[Statement], accounts: Collection[str]) -> Iterator[Caller]:
    """Yield whom a resource's policy could let in from elsewhere: anyone, and who is named.

    Args:
        policy: the resource's own.
        accounts: those that aren't elsewhere.
    """
    yield _stranger(_ANYONE)
    yield from (_stranger(arn) for arn in _named(policy) if arn.split(":")[4] not in accounts)


def members(policy: Sequence[Statement], accounts: Collection[str]) -> Iterator[Caller]:
    """Yield whom a resource's policy could let in from some accounts: any role, and who is named.

    Args:
        policy: the resource's own.
        accounts: the organization's, of which the roles aren't known.
    """
    anybody = [f"arn:aws:iam::{account}:role/{_ANY_ROLE}" for account in accounts]
    named = [arn for arn in _named(policy) if arn.split(":")[4] in accounts and ":role/" in arn]
    for arn in (*anybody, *named):
        yield role_caller(arn, {}, _EVERYTHING, None)


def _named(policy: Iterable[Statement]) -> Iterator[str]:
    for statement in policy:
        for name in statement.principals.aws if statement.allows and statement.principals else ():
            if name != "*":
                yield name if name.startswith("arn:") else f"arn:aws:iam::{name}:root"


def _stranger(arn: str) -> Caller:
    """Make somebody who may do everything in an account of theirs, and sends what they like.

    Whatever tells where a call comes from is theirs, and what only we could have told them isn't.
    """
    account = arn.split(":")[4]
    principal = Principal(account, arn, arn if ":role/" in arn else None)
    keys = principal_keys(principal) | {
        "aws:principalorgid": (_SOMEBODYS_ORGANIZATION,),
        "aws:principalorgpaths": (f"{_SOMEBODYS_ORGANIZATION}/r-theirs/",),
        "aws:sourceaccount": (account,),
        "aws:sourcearn": (arn,),
        "aws:sourceip": ("198.51.100.7",),
        "aws:sourceorgid": (_SOMEBODYS_ORGANIZATION,),
        "aws:sourceorgpaths": (f"{_SOMEBODYS_ORGANIZATION}/r-theirs/",),
        "aws:sourcevpc": ("vpc-theirs",),
        "aws:sourcevpce": ("vpce-theirs",),
        "aws:userid": ("AIDATHEIRS",),
        "kms:calleraccount": (account,),
        "sts:externalid": ("a guess",),
    }
    return Caller(principal, keys, _EVERYTHING)


def may(
    caller: Caller,
    action: str,
    resource: str,
    account: str,
    policy: Sequence[Statement] | None = None,
) -> Access | None:
    """Say by what somebody may do something; None if they can't.

    Args:
        caller: who asks.
        action: such as ``kms:Decrypt``.
        resource: its ARN.
        account: that owns the resource.
        policy: the resource's own.

    Raises:
        PolicyError: a policy isn't understood.
    """
    request = AccessRequest(action, resource, caller.keys.get, caller.principal)
    boundary = caller.boundary
    verdict = authorize(
        request,
        Policies(
            identity=[*_possible(caller.statements, caller)],
            boundary=None if boundary is None else [*_possible(boundary, caller)],
            resource=None if policy is None else [*_possible(policy, caller)],
        ),
        resource_account=account,
    )
    if not verdict.allowed:
        return None
    letting = [*_letting(caller.statements, request, caller), *_letting(policy, request, caller)]
    unknown = {each.key for statement in letting for each in _unknown(statement, caller)}
    named = [f"{each.policy} ({each.sid})" for each in letting if each.policy]
    return Access(action, tuple(named), tuple(sorted(unknown)))


def unlimited(caller: Caller) -> Caller:
    """Make the same caller, had it every permission that its account can give."""
    return replace(caller, statements=_EVERYTHING, boundary=None)


def certainly_allows(caller: Caller, action: str, resource: str) -> bool:
    """Whether somebody's own policies allow something under no condition that isn't known."""
    request = AccessRequest(action, resource, caller.keys.get, caller.principal)
    certain = [each for each in caller.statements if not _unknown(each, caller)]
    return any(each.allows and each.applies(request) for each in certain) and not any(
        not each.allows and each.applies(request) for each in certain
    )


def _possible(statements: Iterable[Statement], caller: Caller) -> Iterator[Statement]:
    """Yield statements as they hold if unknown keys are what the caller needs."""
    for statement in statements:
        unknown = _unknown(statement, caller)
        if statement.allows:
            known = tuple(each for each in statement.conditions if each not in unknown)
            resources = tuple(_with_any(text, caller) for text in statement.resources)
            yield replace(statement, conditions=known, resources=resources)
        elif not unknown:
            yield statement


def _letting(
    statements: Sequence[Statement] | None, request: AccessRequest, caller: Caller
) -> Iterator[Statement]:
    """Yield the original statements that may allow."""
    for statement in statements or ():
        if statement.allows and any(s.applies(request) for s in _possible([statement], caller)):
            yield statement


def _unknown(statement: Statement, caller: Caller) -> list[Condition]:
    return [each for each in statement.conditions if each.key not in caller.keys]


def _with_any(text: str, caller: Caller) -> str:
    """Let a variable that isn't known stand for anything."""
    return _VARIABLE.sub(
        lambda found: found[0] if found[1].strip().lower() in caller.keys else "*", text
    )
