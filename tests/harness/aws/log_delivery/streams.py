"""A Firehose delivery stream at work: makes objects of its records and puts them into S3."""

from __future__ import annotations

import datetime
import gzip
import json
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from moto.firehose.models import firehose_backends
from moto.logs.models import logs_backends

from harness.aws import metrics
from harness.aws.access import assume, find_key
from harness.aws.log_delivery import bucket, prefixes
from harness.aws.log_delivery.bucket import PutError
from harness.aws.log_delivery.records import Processors, Record, describe_failed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

FIREHOSE = "firehose.amazonaws.com"
DECOMPRESSION_FAILED = "decompression-failed"
DEFAULT_MEGABYTES = 5

_EXTENSIONS = {"GZIP": ".gz"}


def find_stream(arn: str) -> Any:
    """Return moto's delivery stream, if there is one."""
    _, _, _, region, account_id, name = arn.split(":", 5)
    streams = firehose_backends[account_id][region].delivery_streams
    return streams.get(name.removeprefix("deliverystream/"))


def destination_of(stream: Any) -> dict[str, Any] | None:
    """Return how the stream writes to S3, if it does."""
    first = stream.destinations[0]
    found: dict[str, Any] | None = first.get("ExtendedS3") or first.get("S3")
    return found


@dataclass
class _Object:
    """What becomes one object; ``records`` are kept until it is there."""

    prefix: str
    is_failed: bool = False
    records: list[Record] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, record: Record, text: bytes) -> None:
        self.records.append(record)
        self.texts.append(text)
        self.size += len(text)


class WaitingRecords:
    """The records that a stream has taken and not written yet.

    What can't be put stays, in its order, and is tried again at the next delivery; AWS does that
    for a day. What can't be processed goes to the error prefix.
    """

    def __init__(self, arn: str) -> None:
        self.arn = arn
        self._records: deque[Record] = deque()

    def __len__(self) -> int:
        return len(self._records)

    def take(self, record: Record) -> None:
        """Add a record."""
        self._records.append(record)

    def deliver(self, turn: AbstractContextManager[object]) -> None:
        """Write what waits; ``turn`` guards moto's state, and is held only while that is used."""
        records = [self._records.popleft() for _ in range(len(self._records))]
        if not records:
            return
        with turn:
            stream = find_stream(self.arn)
        destination = None if stream is None else destination_of(stream)
        if stream is None or destination is None:
            return  # deleted, with what was in it
        measured = _Measured(self.arn, stream, destination)
        measured.take(records)
        with turn:
            unusable = _unusable_key(stream)
        if unusable:
            self._records.extendleft(reversed(records))
            measured.unreadable(records, unusable)
            return
        for each in _objects(records, destination):
            body = b"".join(each.texts)
            if destination.get("CompressionFormat") == "GZIP":
                body = gzip.compress(body, 1)
            with turn:
                try:
                    self._put(stream, destination, each, body)
                    measured.delivered(each, len(body))
                except PutError as error:
                    self._records.extendleft(reversed(each.records))
                    measured.refused(each.records, error)

    def _put(self, stream: Any, destination: Mapping[str, Any], each: _Object, body: bytes) -> None:
        extension = destination.get("FileExtension") or _EXTENSIONS.get(
            destination.get("CompressionFormat", ""), ""
        )
        name = prefixes.object_name(
            stream.delivery_stream_name,
            stream.version_id,
            _oldest(each.records, destination),
            extension,
        )
        encryption = (destination.get("EncryptionConfiguration") or {}).get("KMSEncryptionConfig")
        bucket.put(
            assume(destination["RoleARN"], (FIREHOSE,), self.arn),
            destination["BucketARN"].rpartition(":")[2],
            each.prefix + name,
            body,
            kms_key_arn=(encryption or {}).get("AWSKMSKeyARN"),
            keys={"s3:x-amz-acl": "bucket-owner-full-control"},
        )


def _objects(records: list[Record], destination: Mapping[str, Any]) -> Iterator[_Object]:
    """Put records together by prefix, up to the size that the stream collects."""
    hints = destination.get("BufferingHints") or {}
    most = int(hints.get("SizeInMBs", DEFAULT_MEGABYTES)) * 1024 * 1024
    processors = Processors.of(destination.get("ProcessingConfiguration"))
    open_objects: dict[tuple[tuple[str, str], ...] | None, _Object] = {}
    for record in records:
        try:
            text = processors.text_of(record)
            partitions = processors.partitions_of(record)
            key = tuple(partitions.items())
        except (ValueError, KeyError, TypeError) as error:
            text, partitions, key = describe_failed(record, error), {}, None
        if key not in open_objects:
            prefix = _prefix(destination, record, partitions, failed=key is None)
            open_objects[key] = _Object(prefix, is_failed=key is None)
        open_objects[key].add(record, text)
        if open_objects[key].size >= most:
            yield open_objects.pop(key)
    yield from open_objects.values()


def _prefix(
    destination: Mapping[str, Any], record: Record, partitions: Mapping[str, str], *, failed: bool
) -> str:
    at = _oldest([record], destination)
    prefix = destination.get("Prefix") or ""
    if not failed:
        return prefixes.evaluate(prefix, at, partitions=partitions)
    error_prefix = destination.get("ErrorOutputPrefix") or f"{prefix}{DECOMPRESSION_FAILED}/"
    return prefixes.evaluate(error_prefix, at, error_type=DECOMPRESSION_FAILED)


def _oldest(records: list[Record], destination: Mapping[str, Any]) -> datetime.datetime:
    zone = ZoneInfo(destination.get("CustomTimeZone") or "UTC")
    return datetime.datetime.fromtimestamp(min(each.arrived_at for each in records), zone)


@dataclass
class _Measured:
    """Counts what happened to a stream's records, and logs errors where the stream says."""

    arn: str
    stream: Any
    destination: Mapping[str, Any]

    def take(self, records: list[Record]) -> None:
        new = [record for record in records if not vars(record).get("counted")]
        for record in new:
            vars(record)["counted"] = True
        if new:
            self._record(
                ("IncomingRecords", "Count", [len(new)]),
                ("IncomingBytes", "Bytes", [sum(record.size for record in new)]),
            )

    def delivered(self, written: _Object, size: int) -> None:
        records = written.records
        self._record(
            ("DeliveryToS3.Success", "Count", [1]),
            ("DeliveryToS3.Records", "Count", [len(records)]),
            ("DeliveryToS3.Bytes", "Bytes", [size]),
            ("DeliveryToS3.DataFreshness", "Seconds", [_age(records)]),
        )
        if Processors.of(self.destination.get("ProcessingConfiguration")).decompresses:
            outcome = "Failed" if written.is_failed else "Success"
            self._record((f"OutputDecompressedRecords.{outcome}", "Count", [len(records)]))

    def unreadable(self, records: list[Record], metric: str) -> None:
        self._record(
            (metric, "Count", [1]), ("DeliveryToS3.DataFreshness", "Seconds", [_age(records)])
        )

    def refused(self, records: list[Record], error: PutError) -> None:
        self._record(
            ("DeliveryToS3.Success", "Count", [0]),
            ("DeliveryToS3.DataFreshness", "Seconds", [_age(records)]),
        )
        self._log(error)

    def _record(self, *measured: tuple[str, str, list[float]]) -> None:
        _, _, _, region, account_id, _ = self.arn.split(":", 5)
        dimensions = {"DeliveryStreamName": self.stream.delivery_stream_name}
        metrics.record(
            account_id,
            region,
            [
                metrics.Measurement.of("AWS/Firehose", name, dimensions, values, unit=unit)
                for name, unit, values in measured
            ],
        )

    def _log(self, error: PutError) -> None:
        options = self.destination.get("CloudWatchLoggingOptions") or {}
        if not options.get("Enabled"):
            return
        _, _, _, region, account_id, _ = self.arn.split(":", 5)
        group = logs_backends[account_id][region].groups.get(options.get("LogGroupName", ""))
        log_stream = group and group.streams.get(options.get("LogStreamName", ""))
        if log_stream:
            message = {
                "deliveryStreamARN": self.arn,
                "destination": self.destination["BucketARN"],
                "deliveryStreamVersionId": int(self.stream.version_id),
                "message": error.message,
                "errorCode": error.code,
            }
            event = {"timestamp": int(time.time() * 1000), "message": json.dumps(message)}
            log_stream.put_log_events([event])


def _unusable_key(stream: Any) -> str | None:
    """Name the metric of a stream whose own key is gone, since its records can't be read then."""
    encryption = stream.delivery_stream_encryption_configuration or {}
    arn = encryption.get("KeyARN")
    if not arn or encryption.get("KeyType") != "CUSTOMER_MANAGED_CMK":
        return None
    key = find_key(arn)
    if key is None:
        return "KMSKeyNotFound"
    if key.key_state == "Enabled":
        return None
    return "KMSKeyDisabled" if key.key_state == "Disabled" else "KMSKeyInvalidState"


def _age(records: list[Record]) -> float:
    return max(0.0, time.time() - min(record.arrived_at for record in records))
