"""Firehose: records are processed and written to S3 in the background, as the stream says."""

from __future__ import annotations

import uuid
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.firehose.exceptions import InvalidArgumentException
from moto.firehose.models import FirehoseBackend

from harness.aws.log_delivery import prefixes, streams, worker
from harness.aws.log_delivery.records import Processors, Record
from harness.aws.supplement.registry import mend

_RECORDS = mend(
    "firehose:PutRecordBatch",
    reason="writes a record at once, unprocessed, below another prefix, whatever the role may do",
    observed="objects lay under `!{timestamp:yyyy}`, unencrypted and without the bucket's lock",
)


_CONFIGURATION = mend(
    "firehose:CreateDeliveryStream",
    reason="takes prefixes and processors that can't be carried out",
    observed="a stream with `!{timestamp:YYY}` in its prefix was applied, and wrote below that",
)


class InvalidSourceError(JsonRESTError):
    """A stream that decompresses takes records from CloudWatch Logs alone."""

    code = 400

    def __init__(self) -> None:
        super().__init__(
            "InvalidSourceException",
            "Only requests from CloudWatch Logs are supported when CloudWatch Logs decompression"
            " is enabled.",
        )


@_RECORDS.around(FirehoseBackend, "put_record_batch")
def _put_record_batch(
    original: Any,
    backend: FirehoseBackend,
    delivery_stream_name: str,
    records: list[dict[str, bytes]],
) -> dict[str, Any]:
    stream: Any = backend.delivery_streams.get(delivery_stream_name)
    destination = None if stream is None else streams.destination_of(stream)
    if destination is None:
        answer: dict[str, Any] = original(backend, delivery_stream_name, records)
        return answer
    if Processors.of(destination.get("ProcessingConfiguration")).decompresses:
        raise InvalidSourceError
    worker.put(stream.delivery_stream_arn, [Record(each["Data"]) for each in records])
    taken = [{"RecordId": uuid.uuid4().hex} for _ in records]
    return {"FailedPutCount": 0, "Encrypted": False, "RequestResponses": taken}


@_CONFIGURATION.around(FirehoseBackend, "create_delivery_stream")
def _create_delivery_stream(original: Any, backend: FirehoseBackend, *given: Any) -> Any:
    for each in given:
        if isinstance(each, dict) and "BucketARN" in each:
            _check(each)
    return original(backend, *given)


@_CONFIGURATION.around(FirehoseBackend, "update_destination")
def _update_destination(
    original: Any, backend: FirehoseBackend, delivery_stream_name: str, *given: Any
) -> None:
    stream = backend.delivery_streams.get(delivery_stream_name)
    present = (streams.destination_of(stream) if stream else None) or {}
    for each in given:
        if isinstance(each, dict):
            _check({**present, **each})
    original(backend, delivery_stream_name, *given)


def _check(destination: dict[str, Any]) -> None:
    """See that a destination in S3 can be written to as it says."""
    try:
        processors = Processors.of(destination.get("ProcessingConfiguration"))
        prefixes.check(
            destination.get("Prefix") or "",
            destination.get("ErrorOutputPrefix") or "",
            processors.partition_keys,
        )
    except ValueError as error:
        raise InvalidArgumentException(str(error)) from None
