"""Deployed event source mappings, read through the AWS API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.runtime.events.patterns import Pattern
from harness.runtime.functions import DeploymentError
from harness.runtime.service import parse_arn

if TYPE_CHECKING:
    from collections.abc import Mapping

    import boto3

    from harness.runtime.service import Key

STREAM, QUEUE = "dynamodb", "sqs"
_STREAM_BATCH, _QUEUE_BATCH = 100, 10
REPORTS_FAILURES = "ReportBatchItemFailures"


@dataclass(frozen=True, slots=True)
class EventSourceMapping:
    """One ENABLED mapping. Times in seconds; None is without limit.

    Attributes:
        most_at_once: batches of a queue that may be under way.
        failures_to: ARN of a queue or topic for what a stream's function doesn't take.
    """

    uuid: str
    kind: str
    source_arn: str
    function_arn: str
    function: Key
    batch_size: int
    window: float
    starting_position: str
    bisect: bool
    reports_failures: bool
    most_retries: int | None
    most_age: float | None
    most_at_once: int | None
    failures_to: str | None
    patterns: tuple[Pattern, ...]

    def wants(self, record: Mapping[str, Any]) -> bool:
        """Whether the filters let a record through."""
        return not self.patterns or any(pattern.matches(record) for pattern in self.patterns)


def read_mappings(session: boto3.Session, account_id: str) -> list[EventSourceMapping]:
    """The ENABLED mappings of an account. Blocking.

    Raises:
        DeploymentError: one can't run here; says what.
    """
    client = session.client("lambda")
    pages = client.get_paginator("list_event_source_mappings").paginate()
    return [
        _mapping(described, account_id, session.region_name)
        for page in pages
        for described in page["EventSourceMappings"]
        if described["State"] == "Enabled"
    ]


def _mapping(described: Mapping[str, Any], account_id: str, region: str) -> EventSourceMapping:
    arn, source = described["FunctionArn"], described["EventSourceArn"]
    where = f"The event source mapping {described['UUID']} of {arn}"
    kind = source.split(":")[2]
    if kind not in (STREAM, QUEUE):
        raise DeploymentError(
            f"{where} reads {source}; DynamoDB streams and SQS queues run locally."
        )
    if described.get("TumblingWindowInSeconds"):
        raise DeploymentError(f"{where} has a tumbling window, which doesn't run locally.")
    filters = (described.get("FilterCriteria") or {}).get("Filters") or ()
    destination = (described.get("DestinationConfig") or {}).get("OnFailure") or {}
    return EventSourceMapping(
        uuid=described["UUID"],
        kind=kind,
        source_arn=source,
        function_arn=arn,
        function=parse_arn(arn, account_id, region),
        batch_size=described.get("BatchSize")
        or (_STREAM_BATCH if kind == STREAM else _QUEUE_BATCH),
        window=float(described.get("MaximumBatchingWindowInSeconds") or 0),
        starting_position=described.get("StartingPosition") or "TRIM_HORIZON",
        bisect=bool(described.get("BisectBatchOnFunctionError")),
        reports_failures=REPORTS_FAILURES in (described.get("FunctionResponseTypes") or ()),
        most_retries=_limit(described.get("MaximumRetryAttempts")),
        most_age=_limit(described.get("MaximumRecordAgeInSeconds")),
        most_at_once=(described.get("ScalingConfig") or {}).get("MaximumConcurrency"),
        failures_to=destination.get("Destination"),
        patterns=tuple(Pattern(each["Pattern"], where) for each in filters),
    )


def _limit(number: int | None) -> int | None:
    """-1 and nothing stand for no limit."""
    return None if number is None or number < 0 else number
