"""Who can become which role, in one step or several, and whom a role lets in from elsewhere."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.evidence_graphs.checks import Check, Findings
from harness.evidence_graphs.estate import CDE, IN_SCOPE
from harness.evidence_graphs.identities import Role, read_roles
from harness.evidence_graphs.possibilities import given, may, members, strangers
from harness.iam import PolicyError
from pci_dss.statements import statements_of
from pci_dss.subject import UndecidedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from harness.evidence_graphs.estate import Estate
    from pci_dss.evidence.model import Row
    from pci_dss.statements import Statement

TRUST = Check(
    "GRAPH_TRUST_PATHS",
    "Nobody out of scope and no stranger can become a role of the CDE, on any way",
    ("7.2.5", "7.3.3"),
    "Name the roles that may assume it, with an external id for those of other organizations and a"
    " subject for federated ones; take sts:AssumeRole, iam:PassRole and iam:UpdateAssumeRolePolicy"
    " from whoever is out of scope.",
)

_ASSUME = "sts:AssumeRole"
_SUBJECTS = (":sub", "saml:aud", "saml:sub", "cognito-identity.amazonaws.com:aud")
"""Keys that hold a federated caller to one identity."""


@dataclass(frozen=True)
class Trust:
    """Every way from one role to another."""

    roles: Mapping[str, Role]
    """By ARN."""
    ways: Mapping[str, Mapping[str, str]] = field(repr=False)
    """By the ARN of who becomes another, that one's ARN and how."""

    @classmethod
    def read(cls, estate: Estate) -> Trust:
        """Look at every pair of roles."""
        roles = {role.arn: role for root in estate.roots for role in read_roles(root)}
        ways: dict[str, dict[str, str]] = defaultdict(dict)
        for source in roles.values():
            for target in roles.values():
                if source is not target and (way := _way(source, target)):
                    ways[source.arn][target.arn] = way
        return cls(roles, ways)

    def becoming(self, target: str) -> dict[str, str]:
        """Return who can become a role: by ARN, the way with its steps."""
        found: dict[str, str] = {}
        ends = [(target, "")]
        for arn, rest in ends:  # grows while it is gone through: the nearest come first
            for source, steps in self.ways.items():
                if arn in steps and source != target and source not in found:
                    found[source] = f"{steps[arn]}{', then ' if rest else ''}{rest}"
                    ends.append((source, found[source]))
        return found


def _way(source: Role, target: Role) -> str:
    """Say how one role can become another; nothing if it can't, or it isn't known."""
    account = target.root.account_id
    try:
        if access := may(source.caller, _ASSUME, target.arn, account, target.trusting):
            return f"{target.address}: {access}"
    except PolicyError:
        pass  # told by the target's own row
    if access := may(source.caller, "iam:UpdateAssumeRolePolicy", target.arn, account):
        return f"{target.address}: {access}"
    access = may(source.caller, "iam:PassRole", target.arn, account)
    if access and target.serves:
        return f"{target.address}: {access}"
    for function in target.functions:
        if access := may(source.caller, "lambda:UpdateFunctionCode", function, account):
            return f"{target.address}: {access}"
    return ""


def trust_paths(estate: Estate, trust: Trust) -> Iterator[Row]:
    """Yield rows for every role."""
    for role in trust.roles.values():
        yield from TRUST.rows(role.root, role.address, _judged(role, estate, trust))


def _judged(role: Role, estate: Estate, trust: Trust) -> Findings:
    found = Findings()
    if role.trust is None:
        found.undecided.append("whom it trusts isn't known")
    else:
        try:
            trusted = statements_of(role.trust, f"{role.address}: assume_role_policy")
            found.evaluated["trusts"] = [*_named(trusted)]
            found.wrong += _federated(trusted)
            found.wrong += _strangers(role, estate)
            if role.scope == CDE:
                found.undecided += _unseen(role, estate)
        except (PolicyError, UndecidedError) as error:
            found.undecided.append(f"assume_role_policy: {error}")
    sources = trust.becoming(role.arn)
    found.evaluated["can be become by"] = {
        str(trust.roles[arn]): way for arn, way in sources.items()
    }
    if role.scope == CDE:
        found.wrong += [
            f"{trust.roles[arn].address}, which isn't in scope, can become it: {way}"
            for arn, way in sources.items()
            if trust.roles[arn].scope not in IN_SCOPE
        ]
        found.undecided += _perhaps(role, trust)
    return found


def _perhaps(role: Role, trust: Trust) -> Iterator[str]:
    """Say which roles out of scope may come here by permissions that aren't known."""
    for other in trust.roles.values():
        starts = [other, *(trust.roles[arn] for arn in trust.becoming(other.arn))]
        if other is not role and any(start.scope not in IN_SCOPE for start in starts):
            yield from (f"{other.address} may be able to become it: {why}" for why in other.unread)


def _named(trusted: Iterable[Statement]) -> Iterator[str]:
    for statement in trusted:
        if statement.allows:
            keys = {condition.key for condition in statement.conditions}
            for kind, names in statement.principals.items():
                yield from (f"{kind} {name}{given(keys)}" for name in names)


def _strangers(role: Role, estate: Estate) -> Iterator[str]:
    """Say who of other organizations can assume a role by what they are or send."""
    for caller in strangers(role.trusting, estate.accounts):
        if access := may(caller, _ASSUME, role.arn, role.root.account_id, role.trusting):
            yield f"{caller}, who isn't of the organization, can become it: {access}"


def _unseen(role: Role, estate: Estate) -> Iterator[str]:
    """Say who of the organization's other accounts can assume a role, in scope or not."""
    for caller in members(role.trusting, estate.unseen):
        if access := may(caller, _ASSUME, role.arn, role.root.account_id, role.trusting):
            whose = f"no root of account {caller.principal.account_id} was looked at"
            yield f"{caller} can become it: {access}; {whose}"


def _federated(trusted: Iterable[Statement]) -> Iterator[str]:
    for statement in trusted:
        bound = any(each.binds and each.key.endswith(_SUBJECTS) for each in statement.conditions)
        for provider in statement.principals.get("Federated", ()) if statement.allows else ():
            if not bound:
                yield f"whoever {provider} signs in can become it: {statement} names no subject"
