"""Event source mappings: kept as given; the runtime reads the sources, as Lambda does."""

from __future__ import annotations

from typing import Any

from moto.awslambda.models import EventSourceMapping, LambdaBackend
from moto.dynamodb.models.table import StreamShard
from moto.sqs.models import Queue

from harness.aws import changes
from harness.aws.supplement.registry import mend

_MAPPING = mend(
    "lambda:CreateEventSourceMapping",
    reason="turns an alias into the version behind it, invokes by itself within the call that"
    " writes, and clears the stream for its other readers",
    observed="put_item into a table with a mapped stream failed for want of Docker; the mapping of"
    " an alias read back as version 1",
)


@_MAPPING.around(LambdaBackend, "create_event_source_mapping")
def _create(original: Any, backend: LambdaBackend, spec: dict[str, Any]) -> EventSourceMapping:
    mapping: EventSourceMapping = original(backend, spec)
    mapping.function_arn = _qualified(mapping.function_arn, spec["FunctionName"])
    return mapping


@_MAPPING.around(LambdaBackend, "update_event_source_mapping")
def _update(
    original: Any, backend: LambdaBackend, uuid: str, spec: dict[str, Any]
) -> EventSourceMapping | None:
    mapping: EventSourceMapping | None = original(backend, uuid, spec)
    if mapping is not None and "FunctionName" in spec:
        mapping.function_arn = _qualified(mapping.function_arn, spec["FunctionName"])
    return mapping


def _qualified(arn: str, name: str) -> str:
    """Put the qualifier that was given in place of the version that moto found."""
    parts = name.split(":")
    given = parts[7:] if name.startswith("arn:") else parts[1:]
    return ":".join([*arn.split(":")[:7], *given[:1]])


@_MAPPING.around(StreamShard, "add")
def _add_record(original: Any, shard: StreamShard, *images: Any) -> None:
    shard.table.lambda_event_source_mappings.clear()
    original(shard, *images)
    changes.tell()


@_MAPPING.around(Queue, "add_message")
def _add_message(original: Any, queue: Queue, *arguments: Any, **options: Any) -> None:
    queue.lambda_event_source_mappings.clear()
    original(queue, *arguments, **options)
    changes.tell()
