"""Delivers in the background what log groups and delivery streams have accepted.

Who writes log events is answered first. CloudWatch Logs on AWS sends within seconds, and Firehose
writes an object a minute at most; here both happen once a second.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.aws import metrics
from harness.aws.log_delivery import destinations
from harness.aws.log_delivery.records import Record
from harness.aws.log_delivery.streams import WaitingRecords

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from harness.aws.log_delivery.subscriptions import Subscription

INTERVAL = 1.0  # seconds
RETRY = 10.0  # seconds until what couldn't be delivered is tried again, if nothing new comes
MOST_EVENTS = 10_000  # of one message

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Accepted:
    """Events that a log stream took, with the subscriptions that its group had then."""

    subscriptions: tuple[Subscription, ...]
    group: str
    stream: str
    events: list[Any]


# One embedded AWS a process, as moto's own state.
_accepted: deque[Accepted] = deque()
_put: deque[tuple[str, Record]] = deque()
_waiting: dict[str, WaitingRecords] = {}
_delivering = threading.RLock()
_something = threading.Event()


def accept(accepted: Accepted) -> None:
    """Send log events on, later."""
    _accepted.append(accepted)
    _something.set()


def put(stream_arn: str, records: list[Record]) -> None:
    """Write records of a delivery stream, later."""
    _put.extend((stream_arn, record) for record in records)
    _something.set()


def deliver(turn: AbstractContextManager[object]) -> None:
    """Deliver what was accepted so far, and try again what failed before.

    Args:
        turn: guards moto's state; held for short times only.
    """
    with _delivering:
        _something.clear()
        _route(turn)
        for waiting in list(_waiting.values()):
            waiting.deliver(turn)


def forget() -> None:
    """Drop what wasn't delivered."""
    with _delivering:
        _accepted.clear()
        _put.clear()
        _waiting.clear()


class Worker:
    """Delivers once a second while there is something new, else tries what failed again.

    Args:
        turn: guards moto's state.
    """

    def __init__(self, turn: AbstractContextManager[object]) -> None:
        self._turn = turn
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="log-delivery", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End, without delivering the rest."""
        self._closing.set()
        _something.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._closing.wait(INTERVAL):
            _something.wait(RETRY)
            if self._closing.is_set():
                return
            try:
                deliver(self._turn)
            except Exception:
                log.exception("log events couldn't be delivered")


def _route(turn: AbstractContextManager[object]) -> None:
    """Bring what was accepted to the delivery streams."""
    for _ in range(len(_put)):
        arn, record = _put.popleft()
        _waiting.setdefault(arn, WaitingRecords(arn)).take(record)
    routes: dict[Subscription, str | None] = {}
    for (subscription, group, stream), events in _grouped().items():
        if subscription not in routes:
            with turn:
                routes[subscription] = _stream_of(subscription)
        sent = _send(routes[subscription], subscription, group, stream, events)
        _measure(subscription, group, events, sent)


def _grouped() -> dict[tuple[Subscription, str, str], list[Any]]:
    """Put together what goes the same way from the same log stream."""
    grouped: dict[tuple[Subscription, str, str], list[Any]] = {}
    for _ in range(len(_accepted)):
        each = _accepted.popleft()
        for subscription in each.subscriptions:
            selected = [event for event in each.events if subscription.selects(event.message)]
            if selected:
                key = subscription, each.group, each.stream
                grouped.setdefault(key, []).extend(selected)
    return grouped


def _stream_of(subscription: Subscription) -> str | None:
    """Find the delivery stream that a subscription leads to, if it may still be used."""
    action = (
        f"logs:Put{'AccountPolicy' if subscription.is_account_policy else 'SubscriptionFilter'}"
    )
    try:
        found = destinations.check(subscription.sender, action, subscription.destination_arn)
    except (destinations.NotAllowedError, destinations.UnusableError) as error:
        # CloudWatch Logs doesn't try again what was refused or isn't there.
        log.debug("%s sends nothing: %r", subscription, error)
        return None
    return str(found.delivery_stream_arn)


def _send(
    arn: str | None, subscription: Subscription, group: str, stream: str, events: list[Any]
) -> int:
    """Put the events into a delivery stream; returns how many bytes that were."""
    if arn is None:
        return 0
    size = 0
    for part in _parts(events):
        record = Record.of_events(subscription, group, stream, part)
        _waiting.setdefault(arn, WaitingRecords(arn)).take(record)
        size += record.size
    return size


def _parts(events: list[Any]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(events), MOST_EVENTS):
        yield [
            {"id": f"{each.event_id:056d}", "timestamp": each.timestamp, "message": each.message}
            for each in events[start : start + MOST_EVENTS]
        ]


def _measure(subscription: Subscription, group: str, events: list[Any], sent: int) -> None:
    dimensions = {
        "LogGroupName": group,
        "DestinationType": "Firehose",
        "FilterName": subscription.name,
    }
    measured = (
        [("ForwardedLogEvents", "None", len(events)), ("ForwardedBytes", "Bytes", sent)]
        if sent
        else [("DeliveryErrors", "None", len(events))]
    )
    metrics.record(
        subscription.sender.account_id,
        subscription.sender.region,
        [
            metrics.Measurement.of("AWS/Logs", name, dimensions, [value], unit=unit)
            for name, unit, value in measured
        ],
    )
