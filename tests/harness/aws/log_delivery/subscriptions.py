"""Which subscriptions a log group has, and which of its events they select."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.logs.utils import EventMessageFilter

from harness.aws.log_delivery.destinations import Sender, is_served

if TYPE_CHECKING:
    from collections.abc import Iterable

    from moto.logs.models import LogGroup, LogsBackend

_NOT_IN = re.compile(r"\s*LogGroupName\s+NOT\s+IN\s+(\[.*\])\s*", re.DOTALL)


@dataclass(frozen=True)
class Subscription:
    """A subscription filter of a group, or the policy of an account."""

    name: str
    pattern: str
    destination_arn: str
    sender: Sender
    is_account_policy: bool = False

    def selects(self, message: str) -> bool:
        """Whether an event with this message is sent."""
        return not self.pattern or _filter_of(self.pattern).matches(message)


def subscriptions_of(backend: LogsBackend, group: LogGroup) -> tuple[Subscription, ...]:
    """Find the subscriptions of a log group whose events this package delivers."""
    account_id, region = backend.account_id, backend.region_name
    found = [
        Subscription(
            each.name,
            each.filter_pattern or "",
            each.destination_arn,
            Sender(account_id, region, each.role_arn),
        )
        for each in group.subscription_filters.values()
    ]
    for (kind, name), policy in account_policies(backend).items():
        if kind == "SUBSCRIPTION_FILTER_POLICY" and group.name not in excluded_groups(
            policy.get("selectionCriteria")
        ):
            document = json.loads(policy["policyDocument"])
            found.append(
                Subscription(
                    name,
                    document.get("FilterPattern", ""),
                    document["DestinationArn"],
                    Sender(account_id, region, document.get("RoleArn")),
                    is_account_policy=True,
                )
            )
    return tuple(each for each in found if is_served(each.destination_arn))


def account_policies(backend: LogsBackend) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the policies of an account and region, by type and name."""
    kept: dict[tuple[str, str], dict[str, Any]]
    kept = vars(backend).setdefault("account_policies", {})
    return kept


@functools.lru_cache(maxsize=64)
def excluded_groups(criteria: str | None) -> frozenset[str]:
    """Read selection criteria: the log groups that a policy leaves out.

    Raises:
        ValueError: they aren't ``LogGroupName NOT IN ["...", ...]``.
    """
    if not criteria:
        return frozenset()
    match = _NOT_IN.fullmatch(criteria)
    names: Iterable[Any] = json.loads(match[1]) if match else [None]
    names = list(names)
    if not names or not all(isinstance(name, str) for name in names):
        raise ValueError(f'selection criteria must read LogGroupName NOT IN ["..."]: {criteria}')
    return frozenset(names)


@functools.lru_cache(maxsize=256)
def _filter_of(pattern: str) -> EventMessageFilter:
    return EventMessageFilter(pattern)
