"""The way of each source's lines: log group, subscription, destination, stream, bucket."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.log_paths.archive import Archive, DeadEndError, Lock
from harness.log_paths.sources import LOG_GROUP, Source, Sources
from terraform_plan.references import Resources, UnresolvedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from terraform_plan.references import Instance

_EXCLUDED = re.compile(r"LogGroupName\s+NOT\s+IN\s*(\[.*\])", re.DOTALL)


@dataclass(frozen=True)
class LogPath:
    """Where one kind of log lines of one resource goes."""

    source: Source
    steps: tuple[str, ...] = ()
    """Addresses from the log group to the last thing that is known of the way."""
    lock: Lock | None = None
    """How the bucket at its end is locked."""
    problem: str = ""
    """Why it is an orphan; empty when it ends in a locked bucket."""
    undecided: bool = False
    """Whether it may be none: the plan doesn't tell all of the way."""


def log_paths(document: Mapping[str, Any], archive: Archive) -> tuple[LogPath, ...]:
    """Follow everything that logs in a plan, or in an applied root's `found.document`."""
    resources = Resources(document)
    subscriptions = _Subscriptions(resources)
    paths = [_path(source, subscriptions, archive) for source in Sources(resources).all()]
    return (*paths, *(_trail(item, archive) for item in resources.of("aws_cloudtrail")))


def _path(source: Source, subscriptions: _Subscriptions, archive: Archive) -> LogPath:
    if source.problem:
        return LogPath(source, problem=source.problem, undecided=source.undecided)
    steps: tuple[str, ...] = (source.group,)
    dead_ends = []
    for subscription, destination_arn in subscriptions.of(source.group):
        try:
            further, lock = archive.follow(destination_arn)
        except DeadEndError as end:
            further = (*steps, subscription, *end.steps)
            dead_ends.append(_ended(source, further, end))
        else:
            return LogPath(source, (*steps, subscription, *further), lock)
    if dead_ends:
        return max(dead_ends, key=lambda path: path.undecided)
    return LogPath(source, steps, problem="no subscription ships all of this log group's lines")


def _trail(item: Instance, archive: Archive) -> LogPath:
    """Follow a trail, which writes to the bucket itself."""
    source = Source(item.address, "trail", "events")
    try:
        steps, lock = archive.keeps(item.values.get("s3_bucket_name") or "")
    except DeadEndError as end:
        return _ended(source, end.steps, end)
    return LogPath(source, steps, lock)


def _ended(source: Source, steps: tuple[str, ...], end: DeadEndError) -> LogPath:
    return LogPath(source, steps, problem=str(end), undecided=end.undecided)


class _Subscriptions:
    """The account's policy, and the filters of single groups, that ship every line."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def of(self, group: str) -> Iterator[tuple[str, str]]:
        """Yield the address of each subscription of a group, and its destination's ARN."""
        name = self._resources.all[group].values.get("name")
        for policy in self._resources.of("aws_cloudwatch_log_account_policy"):
            if policy.values["policy_type"] == "SUBSCRIPTION_FILTER_POLICY":
                document = json.loads(policy.values.get("policy_document") or "{}")
                excluded = _excluded(policy.values.get("selection_criteria") or "")
                if not document.get("FilterPattern") and name not in excluded:
                    yield policy.address, document.get("DestinationArn", "")
        for item in self._resources.of("aws_cloudwatch_log_subscription_filter"):
            if not item.values.get("filter_pattern") and self._is_of(item, group, name):
                yield item.address, item.values.get("destination_arn") or ""

    def _is_of(self, item: Instance, group: str, name: str | None) -> bool:
        if (named := item.values.get("log_group_name")) is not None:
            return bool(named == name)
        try:
            return group in self._resources.named(item, ("log_group_name",), LOG_GROUP)
        except UnresolvedError:
            return False


def _excluded(criteria: str) -> list[str]:
    found = _EXCLUDED.search(criteria)
    return list(json.loads(found[1])) if found else []
