"""What lies in the log archive's buckets, read with the archive account's own permission."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3.client import S3Client

    from harness.aws import EmbeddedAWS

SHIPPED = "cloudwatch/"
"""Where the delivery streams put what came from CloudWatch Logs."""


@dataclass(frozen=True, slots=True)
class ArchivedLine:
    """One log event, with the object that holds it and where it came from."""

    bucket: str
    key: str
    account_id: str
    log_group: str
    message: str


class LogArchive:
    """The buckets of the archive account.

    Args:
        aws: the organization.
        account_id: the archive account.
    """

    def __init__(self, aws: EmbeddedAWS, account_id: str) -> None:
        self._aws = aws
        self._s3: S3Client = aws.client("s3", account_id)

    def lines(self, bucket: str) -> Iterator[ArchivedLine]:
        """Yield every log event of a bucket, once everything that was sent has arrived."""
        self._aws.deliver_logs()
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=SHIPPED)
        for page in pages:
            for found in page.get("Contents", ()):
                yield from self._read(bucket, found["Key"])

    def _read(self, bucket: str, key: str) -> Iterator[ArchivedLine]:
        body = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        for text in gzip.decompress(body).decode().splitlines():
            sent = json.loads(text)
            for event in sent["logEvents"]:
                yield ArchivedLine(bucket, key, sent["owner"], sent["logGroup"], event["message"])
