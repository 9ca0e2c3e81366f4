"""Which roles, and what runs as them, can read which secret or use which key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.evidence_graphs.checks import Check, Findings
from harness.evidence_graphs.estate import CDE, IN_SCOPE
from harness.evidence_graphs.guarded import Guarded, read_guarded
from harness.evidence_graphs.possibilities import (
    certainly_allows,
    may,
    members,
    strangers,
    unlimited,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.evidence_graphs.estate import Estate
    from harness.evidence_graphs.identities import Role
    from harness.evidence_graphs.possibilities import Access, Caller
    from harness.evidence_graphs.trust import Trust
    from pci_dss.evidence.model import Row

_FIX = (
    "Let its policy and those of roles name who needs it, one by one; take it from whoever is out"
    " of scope, and from whoever can become a role that has it."
)
KEY_REACH = Check(
    "GRAPH_KEY_REACH",
    "A key is used by named roles in scope alone, on any way",
    ("3.6.1.3", "7.2.5"),
    _FIX,
)
SECRET_REACH = Check(
    "GRAPH_SECRET_REACH",
    "A secret is read by named roles in scope alone, on any way",
    ("7.2.5", "7.3.3"),
    _FIX,
)
CHECKS = (KEY_REACH, SECRET_REACH)

_USERS = ("aws_iam_group", "aws_iam_user")


def secrets_reach(estate: Estate, trust: Trust) -> Iterator[Row]:
    """Yield rows for every key, secret and encrypted parameter."""
    for root in estate.roots:
        for thing in read_guarded(root):
            check = KEY_REACH if thing.is_key else SECRET_REACH
            yield from check.rows(root, thing.address, _judged(thing, estate, trust))


def _judged(thing: Guarded, estate: Estate, trust: Trust) -> Findings:
    found = Findings(undecided=[thing.unread] if thing.unread else [])
    reading = _who(thing, thing.reading, trust)
    giving = _who(thing, thing.giving, trust)
    found.evaluated["can be read by"] = {str(role): str(way) for role, way in reading.values()}
    found.evaluated["can be given to others by"] = {
        str(role): str(way) for role, way in giving.values()
    }
    found.wrong += _strangers(thing, estate)
    for role, _ in reading.values():
        if any(certainly_allows(role.caller, action, thing.another) for action in thing.reading):
            found.wrong.append(f"{role.address} can read whatever the account has of the kind")
    if thing.root.scope(thing.item) == CDE:
        for arn in {**giving, **reading}:
            found.wrong += _from_out_of_scope(trust.roles[arn], trust)
    found.undecided += _perhaps(thing, estate, trust)
    return found


def _who(thing: Guarded, actions: Sequence[str], trust: Trust) -> dict[str, tuple[Role, Access]]:
    """Return the roles that may do any of some actions, by ARN."""
    ways = ((role, _access(thing, actions, role.caller)) for role in trust.roles.values())
    return {role.arn: (role, way) for role, way in ways if way}


def _access(thing: Guarded, actions: Sequence[str], caller: Caller) -> Access | None:
    account = thing.root.account_id
    found = (may(caller, action, thing.arn, account, thing.policy) for action in actions)
    way = next((access for access in found if access), None)
    if way and thing.key and actions is thing.reading:
        return way if _access(thing.key, thing.key.reading, caller) else None
    return way


def _strangers(thing: Guarded, estate: Estate) -> Iterator[str]:
    for caller in strangers(thing.policy or (), estate.accounts):
        for actions in (thing.reading, thing.giving):
            if way := _access(thing, actions, caller):
                yield f"{caller}, who isn't of the organization, can reach it: {way}"


def _from_out_of_scope(role: Role, trust: Trust) -> Iterator[str]:
    if role.scope not in IN_SCOPE:
        yield f"{role.address}, which isn't in scope, can reach it"
    for arn, way in trust.becoming(role.arn).items():
        if (other := trust.roles[arn]).scope not in IN_SCOPE:
            yield f"{other.address}, which isn't in scope, can reach it as {way}"


def _perhaps(thing: Guarded, estate: Estate, trust: Trust) -> Iterator[str]:
    """Say who may be able to read it by what isn't known, or isn't followed."""
    for role in trust.roles.values():
        actions = [thing.reading, *([thing.giving] if role.scope not in IN_SCOPE else [])]
        if any(role.unread and _access(thing, each, unlimited(role.caller)) for each in actions):
            yield f"{role.address} may be able to read it: {'; '.join(role.unread)}"
    if thing.root.scope(thing.item) == CDE:
        for caller in members(thing.policy or (), estate.unseen):
            if way := _access(thing, thing.reading, caller):
                whose = f"no root of account {caller.principal.account_id} was looked at"
                yield f"{caller} can read it: {way}; {whose}"
    for root in estate.roots:
        if root.account_id == thing.root.account_id:
            for user in root.resources.of(*_USERS):
                yield f"{user.address}: what users may do isn't followed"
