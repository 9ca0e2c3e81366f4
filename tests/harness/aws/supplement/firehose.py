"""Firehose: records are processed and written to S3 in the background, as the stream says."""

from __future__ import annotations

import uuid
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.firehose.models import FirehoseBackend

from harness.aws.log_delivery import streams, worker
from harness.aws.log_delivery.records import Processors, Record
from harness.aws.supplement.registry import mend

_RECORDS = mend(
    "firehose:PutRecordBatch",
    reason="writes a record at once, unprocessed, below another prefix, whatever the role may do",
    observed="objects lay under `!{timestamp:yyyy}`, unencrypted and without the bucket's lock",
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
