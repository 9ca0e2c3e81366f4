"""Which buckets keep logs, and how they are locked. What writes into a bucket tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pci_dss.subject import Subject, UndecidedError, together

if TYPE_CHECKING:
    from collections.abc import Iterator


BUCKET = "aws_s3_bucket"
LOCK_CONFIGURATION = "aws_s3_bucket_object_lock_configuration"
_STREAM = "aws_kinesis_firehose_delivery_stream"
_FEEDS = {
    "aws_cloudwatch_log_destination": ("target_arn",),
    "aws_cloudwatch_log_subscription_filter": ("destination_arn",),
    "aws_wafv2_web_acl_logging_configuration": ("log_destination_configs",),
}
"""What hands logs to a stream, and where it names the stream."""


@dataclass(frozen=True)
class Lock:
    """What each new object of a bucket is locked with."""

    mode: str
    days: int


def is_archive(bucket: Subject) -> bool:
    """Whether trails, flow logs or log groups are kept in a bucket.

    Raises:
        UndecidedError: nothing known writes there, and of something it isn't told.
    """
    return _has_any(
        bucket.naming("aws_cloudtrail", "s3_bucket_name"),
        _flow_logs(bucket),
        _log_streams(bucket),
    )


def keeps_logs(bucket: Subject) -> bool:
    """Whether a bucket is an archive, or keeps the access logs of buckets and load balancers.

    S3 delivers its own access logs into no bucket with Object Lock.

    Raises:
        UndecidedError: nothing known writes there, and of something it isn't told.
    """
    return _has_any(
        bucket.naming("aws_s3_bucket_logging", "target_bucket"),
        bucket.naming("aws_lb", "access_logs", 0, "bucket"),
        (each for each in (bucket,) if is_archive(each)),
    )


def lock_of(bucket: Subject) -> Lock | None:
    """Return what a bucket locks new objects with.

    Raises:
        UndecidedError: it isn't known.
    """
    for configuration in bucket.naming(LOCK_CONFIGURATION, "bucket"):
        return default_retention(configuration)
    return lock_within(bucket)


def lock_within(bucket: Subject) -> Lock | None:
    """Return the lock of the deprecated block within a bucket."""
    if bucket.known("object_lock_configuration"):  # otherwise AWS will tell: nobody set it
        for block in bucket.each("object_lock_configuration"):
            return default_retention(bucket, *block)
    return None


def default_retention(subject: Subject, *block: str | int) -> Lock | None:
    """Read the lock of a lock configuration, or of a block of a bucket.

    Raises:
        UndecidedError: mode or days aren't known.
    """
    for rule in subject.each(*block, "rule"):
        for retention in subject.each(*rule, "default_retention"):
            days = subject.number(*retention, "days") or 365 * subject.number(*retention, "years")
            return Lock(str(subject.get(*retention, "mode")), days)
    return None


def bucket_of(subject: Subject, *path: str | int) -> Subject | str:
    """Return the bucket that an attribute names, or its name if it is made elsewhere.

    Raises:
        UndecidedError: it isn't told which.
    """
    found = subject.named(*(path or ("bucket",)), types=[BUCKET])
    if len(found) != 1:
        raise UndecidedError(f"{subject.address}: it isn't told which bucket this is about")
    return found[0]


def _has_any(*writers: Iterator[Subject]) -> bool:
    return any(True for _ in together(writers))


def receives(bucket: Subject, flow_log: Subject) -> bool:
    """Whether a flow log is written into a bucket, under whatever prefix.

    Raises:
        UndecidedError: it isn't told.
    """
    if flow_log.known("log_destination") and bucket.known("bucket"):
        path = flow_log.get("log_destination", default="").partition(":::")[2]
        return bool(path.partition("/")[0] == bucket.get("bucket"))
    found = flow_log.named("log_destination", types=[BUCKET])
    return any(isinstance(each, Subject) and each.address == bucket.address for each in found)


def _flow_logs(bucket: Subject) -> Iterator[Subject]:
    for flow_log in bucket.others("aws_flow_log"):
        if flow_log.get("log_destination_type") == "s3" and receives(bucket, flow_log):
            yield flow_log


def _log_streams(bucket: Subject) -> Iterator[Subject]:
    for stream in bucket.naming(_STREAM, "extended_s3_configuration", 0, "bucket_arn"):
        yield from together(stream.naming(kind, *path) for kind, path in _FEEDS.items())
