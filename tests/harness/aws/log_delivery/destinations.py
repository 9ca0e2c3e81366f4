"""Who may send log events where: destinations, delivery streams and the roles in between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from moto.firehose.models import firehose_backends
from moto.logs.models import logs_backends

from harness.aws.access import Actor, assume
from harness.iam import Decision

_NO_DESTINATION = (
    "Could not deliver test message to specified destination. Check if the destination is valid."
)
_NO_STREAM = (
    "Could not deliver test message to specified Firehose stream. Check if the given Firehose"
    " stream is in ACTIVE state."
)
_NO_ROLE = (
    "Role ARN is required when creating subscription filter against destination with Organization"
    " access policy"
)


class UnusableError(Exception):
    """A destination, a stream or a role is missing or of no use; in CloudWatch Logs' words."""


class NotAllowedError(Exception):
    """The destination's policy doesn't let the sender send."""


@dataclass(frozen=True)
class Sender:
    """Who sends: an account and region, and the role that CloudWatch Logs sends with, if any."""

    account_id: str
    region: str
    role_arn: str | None

    @property
    def arn(self) -> str:
        """For what CloudWatch Logs acts when it assumes a role: log groups of the sender."""
        return f"arn:aws:logs:{self.region}:{self.account_id}:log-group:*"


def is_served(arn: str) -> bool:
    """Whether this package delivers there; moto does the rest, such as functions."""
    return ":destination:" in arn or arn.startswith("arn:aws:firehose:")


def check(sender: Sender, action: str, arn: str) -> Any:
    """Find the delivery stream behind an ARN, if the sender may send there.

    Args:
        sender: who sends.
        action: what the destination's policy must allow, such as ``logs:PutSubscriptionFilter``.
        arn: a destination or a delivery stream.

    Returns:
        moto's delivery stream.

    Raises:
        NotAllowedError: the destination's policy doesn't allow the action.
        UnusableError: something on the way is missing or lacks a permission.
    """
    if ":destination:" not in arn:
        return find_stream(arn, sender.role_arn, sender.arn)
    destination = find_destination(arn)
    if destination is None or arn.split(":")[3] != sender.region:
        raise UnusableError(_NO_DESTINATION)
    if _is_for_organizations(destination.access_policy) and not sender.role_arn:
        raise UnusableError(_NO_ROLE)
    if sender.role_arn and not _is_own_role(sender):
        raise UnusableError(_NO_DESTINATION)
    actor = Actor.account(sender.account_id, sender.role_arn)
    owner = arn.split(":")[4]
    decision = actor.decided_by(destination.access_policy, action, arn, owner=owner)
    if decision is not Decision.ALLOW:
        raise NotAllowedError
    return find_stream(destination.target_arn, destination.role_arn, sender.arn)


def find_destination(arn: str) -> Any:
    """Return moto's destination of that ARN, if there is one."""
    _, _, _, region, account_id, *_ = arn.split(":")
    return logs_backends[account_id][region].destinations.get(arn)


def find_stream(arn: str, role_arn: str | None, source_arn: str) -> Any:
    """Return moto's delivery stream, if the role lets CloudWatch Logs put records there.

    Args:
        arn: the stream's.
        role_arn: the role that CloudWatch Logs assumes.
        source_arn: for what it does that.

    Raises:
        UnusableError: it doesn't, or there is none.
    """
    _, _, service, region, account_id, name = arn.split(":", 5)
    stream = None
    if service == "firehose":
        streams = firehose_backends[account_id][region].delivery_streams
        stream = streams.get(name.removeprefix("deliverystream/"))
    role = _assumed(role_arn, source_arn)
    if stream is None or role is None or not _may_put(role, arn):
        raise UnusableError(_NO_STREAM)
    return stream


def _is_for_organizations(policy: str | None) -> bool:
    """Whether the policy looks at the sender's organization, which takes a role to tell."""
    return "aws:principalorg" in (policy or "").lower()


def _is_own_role(sender: Sender) -> bool:
    role = _assumed(sender.role_arn, sender.arn)
    return role is not None and role.principal.account_id == sender.account_id


def _assumed(role_arn: str | None, source_arn: str) -> Actor | None:
    region = source_arn.split(":")[3]
    return assume(role_arn, ("logs.amazonaws.com", f"logs.{region}.amazonaws.com"), source_arn)


def _may_put(role: Actor, stream_arn: str) -> bool:
    owner = stream_arn.split(":")[4]
    return any(
        role.may(action, stream_arn, owner=owner)
        for action in ("firehose:PutRecord", "firehose:PutRecordBatch")
    )
