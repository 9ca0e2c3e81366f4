"""Would the organization's guardrails have let a recorded apply or destroy pass, and whom else?

The embedded AWS enforces no control policies, so what a role did there is asked about afterwards.
Only these policies decide here: that the role's own suffice is shown elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.attempts.collect import EVERYTHING
from harness.deploy_permissions import permission_of
from harness.iam import Permissions, PolicyType, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.aws import Call
    from harness.iam import Organization, Statement

# What takes logs, their keys or their way to the archive away.
DESTRUCTIVE = (
    "ec2:DeleteFlowLogs",
    "firehose:DeleteDeliveryStream",
    "kms:DisableKey",
    "kms:ScheduleKeyDeletion",
    "logs:DeleteAccountPolicy",
    "logs:DeleteDataProtectionPolicy",
    "logs:DeleteDestination",
    "logs:DeleteLogGroup",
    "logs:DeleteLogStream",
    "logs:DeleteSubscriptionFilter",
)


# Calls that no apply and no destroy of a workload goes without.
_SIGNS = {"logs:CreateLogGroup": "an apply", "logs:DeleteLogGroup": "a destroy"}


class UnknownResourceError(Exception):
    """A guardrail names resources of a service whose ARNs can't be told from a call."""


@dataclass(frozen=True, slots=True, order=True)
class Done:
    """What somebody did: a permission used on a resource, as far as the call tells."""

    action: str
    resource: str
    region: str


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of asking about everything that was done."""

    done: Sequence[Done]
    refused: Sequence[str]
    """What the guardrails would have refused to the role that did it, and by which statement."""
    open_to_others: Sequence[Done]
    """What is destructive, and the guardrails let others in the account do too."""

    @property
    def destructive(self) -> Sequence[str]:
        """The destructive actions that were done, by name."""
        return sorted({each.action for each in self.done} & {*DESTRUCTIVE})

    @property
    def failures(self) -> list[str]:
        """What isn't as it should be; empty when all is well."""
        actions = {each.action for each in self.done}
        forgotten = [
            f"nothing of {what} was recorded: the call log is too short"
            for action, what in _SIGNS.items()
            if action not in actions
        ]
        others = [f"others may do it too: {each.action}" for each in self.open_to_others]
        return [*forgotten, *self.refused, *others]


def done_by(calls: Iterable[Call], role: str) -> list[Done]:
    """List what a role's sessions did, each once."""
    return sorted(
        {
            Done(permission_of(call), _resource(call), call.region)
            for call in calls
            if f":assumed-role/{role}/" in call.principal_arn
        }
    )


def replay(
    done: Sequence[Done],
    organization: Organization,
    account: str,
    *,
    role: str = "payments-deploy",
    other: str = "OrganizationAccountAccessRole",
) -> Replay:
    """Ask the control policies of an account about everything that was done there.

    Args:
        done: what the role did.
        organization: with its control policies.
        account: 12-digit id.
        role: who did it.
        other: somebody else of the account, who must not get away with destruction.

    Raises:
        UnknownResourceError: a policy can't be asked, since a call's resource isn't known.
    """
    names = {each: f"arn:aws:iam::{account}:role/{each}" for each in (role, other)}
    entities = dict.fromkeys(names.values(), Permissions(EVERYTHING, None, {}))
    snapshot = Snapshot(organization, entities)
    levels = organization.members[account].service_control
    narrow = [each for level in levels for each in level.statements if each.resources != ("*",)]
    refused, open_to_others = [], []
    for each in done:
        _check_known(each, narrow)
        if found := _denial(snapshot, names[role], account, each):
            refused.append(f"{role}: {each.action} on {each.resource} would be {found}")
        if each.action in DESTRUCTIVE and not _denial(snapshot, names[other], account, each):
            open_to_others.append(each)
    return Replay(done, refused, open_to_others)


def _denial(snapshot: Snapshot, who: str, account: str, done: Done) -> str:
    """Say which service control policy refuses, if one does."""
    conditions = {"aws:RequestedRegion": done.region}
    verdict = snapshot.decide(who, done.action, done.resource, account, conditions=conditions)
    by_control = verdict.by is PolicyType.SERVICE_CONTROL
    return str(verdict) if by_control and not verdict.allowed else ""


def _check_known(done: Done, narrow: Iterable[Statement]) -> None:
    for statement in narrow:
        if statement.concerns(done.action) and not done.resource.startswith("arn:"):
            raise UnknownResourceError(
                f"{statement.policy}, statement {statement.sid}, is about certain resources, and"
                f" the call log doesn't tell which {done.action} was about"
            )


def _resource(call: Call) -> str:
    """The ARN of what a call was about, for the services whose guardrails name resources."""
    if call.service == "s3":
        return f"arn:aws:s3:::{call.path.strip('/')}"
    if call.service == "iam" and call.resource.startswith("role/"):
        return f"arn:aws:iam::{call.account_id}:{call.resource}"
    return call.resource or "*"
