"""Delivers the log files and digests of every trail."""

from __future__ import annotations

import datetime
import gzip
import hashlib
import json
import secrets
import string
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.cloudtrail.models import cloudtrail_backends
from moto.logs.models import logs_backends

from harness.aws.access import Actor, assume, organization_of
from harness.aws.log_delivery import bucket
from harness.aws.log_delivery.bucket import PutError
from harness.aws.trails.digests import Chain, LogFile
from harness.aws.trails.events import moment_of, record_of, resource_arn
from harness.aws.trails.selectors import is_logged, selects

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from harness.aws.calls import Call, CallLog

SERVICE = "cloudtrail.amazonaws.com"

_LETTERS = string.ascii_letters + string.digits


@dataclass
class _File:
    """A log file that has yet to be put into the bucket."""

    account_id: str
    region: str
    key: str
    text: bytes
    oldest: str
    newest: str


@dataclass
class Progress:
    """How far a trail has come. Kept with moto's trail, and gone with it.

    Attributes:
        periods: when it logged, in monotonic seconds; the last one may be open.
        seen: how many of all calls it has looked at.
        error: why the last delivery failed.
        delivered_at: when the last one didn't, in seconds since the epoch.
    """

    periods: list[tuple[float, float]] = field(default_factory=list)
    seen: int = 0
    waiting: list[_File] = field(default_factory=list)
    chains: dict[tuple[str, str], Chain] = field(default_factory=dict)
    error: str = ""
    delivered_at: float = 0.0

    def start(self) -> None:
        """Log from now on; the digests begin a new chain."""
        if not self.is_logging:
            self.periods.append((time.monotonic(), float("inf")))
            for chain in self.chains.values():
                chain.last = None

    def stop(self) -> None:
        """Log nothing that begins after now."""
        if self.is_logging:
            self.periods[-1] = self.periods[-1][0], time.monotonic()

    @property
    def is_logging(self) -> bool:
        """Whether the trail logs now."""
        return bool(self.periods) and self.periods[-1][1] == float("inf")

    def covers(self, call: Call) -> bool:
        """Whether the trail logged when a call began."""
        return any(start <= call.started_at <= end for start, end in self.periods)


def progress_of(trail: Any) -> Progress:
    """Return how far a trail has come."""
    progress: Progress = vars(trail).setdefault("progress", Progress())
    return progress


def deliver(calls: CallLog, turn: AbstractContextManager[object], *, digests: bool) -> None:
    """Write what was called since the last time, for each trail that logs.

    Args:
        calls: the calls that were answered.
        turn: guards moto's state.
        digests: whether to write digests too, as at the end of an hour.
    """
    with turn:
        for trail in _trails():
            progress = progress_of(trail)
            new, progress.seen = calls.after(progress.seen)
            progress.waiting += _files(trail, [each for each in new if progress.covers(each)])
            _put_files(trail, progress)
            if digests and trail.log_validation and progress.is_logging:
                _put_digests(trail, progress)


def key_prefix(trail: Any) -> str:
    """Return what the keys of a trail's objects begin with, up to the account."""
    prefix = f"{trail.s3_key_prefix}/" if trail.s3_key_prefix else ""
    organization = organization_of(trail.account_id) if trail.is_org_trail else None
    return f"{prefix}AWSLogs/{organization}/" if organization else f"{prefix}AWSLogs/"


def put(trail: Any, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
    """Put an object into a trail's bucket.

    Raises:
        PutError: the bucket or the key is missing or doesn't let CloudTrail in.
    """
    bucket.put(
        Actor.service(SERVICE, trail.arn),
        trail.bucket_name,
        key,
        body,
        kms_key_arn=trail.kms_key_id or None,
        keys={"s3:x-amz-acl": "bucket-owner-full-control"},
        context={"aws:cloudtrail:arn": trail.arn},
        metadata=metadata,
    )


def _trails() -> Iterator[Any]:
    for regions in list(cloudtrail_backends.values()):
        for backend in list(regions.values()):
            yield from list(backend.trails.values())


def _files(trail: Any, calls: list[Call]) -> Iterator[_File]:
    """Write one log file for each account and region."""
    by_place: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for call in calls:
        if is_logged(call.service, call.action) and _concerns(trail, call):
            event = record_of(call)
            arn = resource_arn(call) if event["eventCategory"] == "Data" else None
            if selects(trail, event, arn):
                by_place.setdefault((call.account_id, call.region), []).append(event)
                _forward(trail, call, event)
    now = datetime.datetime.now(datetime.UTC)
    for (account_id, region), events in by_place.items():
        times = [event["eventTime"] for event in events]
        random = "".join(secrets.choice(_LETTERS) for _ in range(16))
        key = (
            f"{key_prefix(trail)}{account_id}/CloudTrail/{region}/{now:%Y/%m/%d}/"
            f"{account_id}_CloudTrail_{region}_{now:%Y%m%dT%H%MZ}_{random}.json.gz"
        )
        text = json.dumps({"Records": events}).encode()
        yield _File(account_id, region, key, text, min(times), max(times))


def _concerns(trail: Any, call: Call) -> bool:
    """Whether a trail is about the account and region of a call."""
    if call.account_id != trail.account_id:
        organization = organization_of(trail.account_id)
        if not trail.is_org_trail or organization_of(call.account_id) != organization:
            return False
    return bool(trail.is_multi_region or call.region == trail.region_name)


def _put_files(trail: Any, progress: Progress) -> None:
    waiting, progress.waiting = progress.waiting, []
    for each in waiting:
        try:
            put(trail, each.key, gzip.compress(each.text))
        except PutError as error:
            progress.error = error.code.removeprefix("S3.")
            progress.waiting.append(each)
            continue
        progress.error, progress.delivered_at = "", time.time()
        if trail.log_validation:
            hash_value = hashlib.sha256(each.text).hexdigest()
            delivered = LogFile(trail.bucket_name, each.key, hash_value, each.newest, each.oldest)
            _chain(progress, each.account_id, each.region).files.append(delivered)


def _chain(progress: Progress, account_id: str, region: str) -> Chain:
    """Return a chain; it begins when the trail began to log."""
    began = time.time() - (time.monotonic() - progress.periods[-1][0])
    start = datetime.datetime.fromtimestamp(int(began), datetime.UTC)
    return progress.chains.setdefault((account_id, region), Chain(account_id, region, start))


def _put_digests(trail: Any, progress: Progress) -> None:
    """End the hour of each chain; an hour without log files has a digest too."""
    _chain(progress, trail.account_id, trail.region_name)
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    for chain in progress.chains.values():
        end = max(now, chain.start + datetime.timedelta(seconds=1))
        digest = chain.next(trail.bucket_name, key_prefix(trail), trail.arn, end)
        try:
            put(trail, digest.key, digest.body, digest.metadata)
        except PutError as error:
            progress.error = error.code.removeprefix("S3.")
            continue
        chain.delivered(digest, end)


def _forward(trail: Any, call: Call, event: dict[str, Any]) -> None:
    """Send an event to the trail's log group, if it has one and its role may."""
    arn = (trail.cw_log_group_arn or "").removesuffix(":*")
    if not arn:
        return
    _, _, _, region, account_id, _, name = arn.split(":", 6)
    group = logs_backends[account_id][region].groups.get(name)
    role = assume(trail.cw_role_arn, (SERVICE,), trail.arn)
    stream = f"{call.account_id}_CloudTrail_{call.region}"
    stream_arn = f"{arn}:log-stream:{stream}"
    if (
        group is None
        or role is None
        or not role.may("logs:PutLogEvents", stream_arn, owner=account_id)
    ):
        return
    if stream not in group.streams:
        group.create_log_stream(stream)
    milliseconds = int(moment_of(call).timestamp() * 1000)
    group.streams[stream].put_log_events(
        [{"timestamp": milliseconds, "message": json.dumps(event)}]
    )
