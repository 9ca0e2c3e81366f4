"""Ships log lines to CloudWatch Logs in batches, off the event loop."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections import defaultdict
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

MAX_EVENTS = 10_000  # of one PutLogEvents call
MAX_BYTES = 1_048_576  # of one PutLogEvents call
_EVENT_OVERHEAD = 26  # bytes that each event counts more than its text

Target = tuple[str, str]  # log group, stream
Event = tuple[int, str]  # epoch milliseconds, message


class LogShipper:
    """Collects events and sends them about once an ``interval`` (seconds) from a thread.

    Events of a log group that takes none are dropped, as Lambda and API Gateway do, and the
    group is reported on standard error once.
    """

    def __init__(self, client: CloudWatchLogsClient, interval: float = 0.5) -> None:
        self._client = client
        self._interval = interval
        self._lock = threading.Lock()
        self._pending: dict[Target, list[Event]] = defaultdict(list)
        self._streams: set[Target] = set()
        self._reported: set[str] = set()
        self._closing = threading.Event()
        self._sending = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="log-shipper", daemon=True)
        self._thread.start()

    def put(self, group: str, stream: str, message: str, when: float | None = None) -> None:
        """Queue one event; ``when`` in epoch seconds, now by default. Never blocks."""
        milliseconds = int((time.time() if when is None else when) * 1000)
        with self._lock:
            self._pending[group, stream].append((milliseconds, message))

    def flush(self) -> None:
        """Send what is queued and wait until it has been."""
        with self._sending:
            with self._lock:
                pending, self._pending = self._pending, defaultdict(list)
            for target, events in pending.items():
                self._send(target, sorted(events, key=lambda event: event[0]))

    def close(self) -> None:
        """Send the rest and end the thread."""
        self._closing.set()
        self._thread.join()
        self.flush()

    def _run(self) -> None:
        while not self._closing.wait(self._interval):
            self.flush()

    def _send(self, target: Target, events: list[Event]) -> None:
        group, stream = target
        try:
            self._create_stream(target)
            for batch in _batches(events):
                self._client.put_log_events(
                    logGroupName=group,
                    logStreamName=stream,
                    logEvents=[{"timestamp": when, "message": text} for when, text in batch],
                )
        except (BotoCoreError, ClientError) as error:
            self._streams.discard(target)
            if group not in self._reported:
                self._reported.add(group)
                print(f"Dropping events, log group {group} takes none: {error}", file=sys.stderr)

    def _create_stream(self, target: Target) -> None:
        if target in self._streams:
            return
        with contextlib.suppress(self._client.exceptions.ResourceAlreadyExistsException):
            self._client.create_log_stream(logGroupName=target[0], logStreamName=target[1])
        self._streams.add(target)


def _batches(events: list[Event]) -> list[list[Event]]:
    batches: list[list[Event]] = []
    size = MAX_BYTES + 1
    for event in events:
        weight = len(event[1].encode()) + _EVENT_OVERHEAD
        if size + weight > MAX_BYTES or len(batches[-1]) == MAX_EVENTS:
            batches.append([])
            size = 0
        batches[-1].append(event)
        size += weight
    return batches
