"""Writes a log event in one account, and looks for it in the archive's bucket in another."""

from __future__ import annotations

import contextlib
import gzip
import json
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.aws import EmbeddedAWS

GROUP = "/aws/lambda/payments-dev-probe"
STRANGER = "999999999999"
LOCK_MODE, LOCK_DAYS = "GOVERNANCE", 7


@dataclass(frozen=True)
class Archived:
    """An object of the archive that holds what was looked for."""

    key: str
    version: str
    lines: tuple[dict[str, Any], ...]
    head: dict[str, Any] = field(repr=False)

    @property
    def locked_days(self) -> int:
        """For how many days from now nobody may delete it."""
        until = self.head.get("ObjectLockRetainUntilDate")
        return round((until - datetime.now(UTC)).total_seconds() / 86_400) if until else 0


@dataclass
class Sender:
    """An account whose log groups go to a bucket of the archive."""

    aws: EmbeddedAWS
    account_id: str
    archive_id: str
    bucket: str
    key_arn: str
    destination_arn: str

    def __post_init__(self) -> None:
        self.s3 = self.aws.client("s3", self.archive_id)
        administrator = self.aws.session(self.archive_id, role="payments-deploy")
        self.administrators_s3 = administrator.client("s3")
        self.logs = self.aws.client("logs", self.account_id)
        self.logs.create_log_group(logGroupName=GROUP)
        self.logs.create_log_stream(logGroupName=GROUP, logStreamName="probe")

    def emit(self) -> str:
        """Write an event that no other is like."""
        mark = uuid.uuid4().hex
        event = {"timestamp": int(time.time() * 1000), "message": json.dumps({"probe": mark})}
        self.logs.put_log_events(logGroupName=GROUP, logStreamName="probe", logEvents=[event])
        return mark

    def find(self, mark: str) -> Archived | None:
        """Return the object with the event, once everything was delivered that can be."""
        self.aws.deliver_logs()
        for key in self.keys("cloudwatch/"):
            found = self.s3.get_object(Bucket=self.bucket, Key=key)
            text = gzip.decompress(found["Body"].read()).decode()
            if mark in text:
                lines = tuple(json.loads(line) for line in text.splitlines())
                return Archived(key, found["VersionId"], lines, found)
        return None

    def keys(self, prefix: str = "", bucket: str = "") -> Iterator[str]:
        """Yield the keys of a bucket, this account's if none is named."""
        pages = self.s3.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=bucket or self.bucket, Prefix=prefix):
            yield from (each["Key"] for each in page.get("Contents", ()))

    def shortfalls(self) -> list[str]:
        """Send an event, and say which requirements of PCI DSS its way doesn't meet."""
        archived = self.find(self.emit())
        if archived is None:
            return ["PCI DSS 10.3.3: an event of dev didn't arrive in the archive"]
        found = []
        if archived.head.get("ObjectLockMode") != LOCK_MODE:
            found.append(f"PCI DSS 10.3.2: {archived.key} isn't locked in {LOCK_MODE}")
        elif archived.locked_days < LOCK_DAYS:
            found.append(
                f"PCI DSS 10.5.1: {archived.key} is locked for {archived.locked_days} days only,"
                f" not for {LOCK_DAYS}"
            )
        if archived.head.get("SSEKMSKeyId") != self.key_arn:
            found.append(f"PCI DSS 3.5.1: {archived.key} isn't encrypted under the archive's key")
        if not self.refusal_of(STRANGER).startswith("AccessDenied"):
            found.append("PCI DSS 10.3.1: the destination lets in who isn't of the organization")
        return found

    def refusal_of(self, account_id: str) -> str:
        """Have another account subscribe a group of its own; return why it is refused, or ""."""
        iam, logs = self.aws.client("iam", account_id), self.aws.client("logs", account_id)
        trust = {"Effect": "Allow", "Principal": {"Service": "logs.amazonaws.com"}}
        policy = {"Version": "2012-10-17", "Statement": [{**trust, "Action": "sts:AssumeRole"}]}
        with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_role(RoleName="ship", AssumeRolePolicyDocument=json.dumps(policy))
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName=GROUP)
        try:
            logs.put_subscription_filter(
                logGroupName=GROUP,
                filterName="ship",
                filterPattern="",
                destinationArn=self.destination_arn,
                roleArn=f"arn:aws:iam::{account_id}:role/ship",
            )
        except ClientError as refused:
            return f"{refused.response['Error']['Code']}: {refused.response['Error']['Message']}"
        logs.delete_subscription_filter(logGroupName=GROUP, filterName="ship")
        return ""
