"""The event publisher's Lambda function: reads the transactions table's stream.

What fails is reported by its sequence number. Lambda brings the lowest one and everything after
it again, so some events are put twice, under the same id. Records after a failed one are
published all the same: when Lambda gives the failed one up, it may give up those with it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from api_functions.aws_clients import client
from api_functions.logs import Logger
from api_functions.times import now_ms
from event_publisher.event_bus import MAX_ENTRIES, EventBus
from event_publisher.events import Event, event_of
from event_publisher.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_events.client import EventBridgeClient

    from api_functions.answering import LambdaContext

_CALL_MS = 10_000
"""What one call may take with the SDK's repetitions."""


@dataclass(frozen=True, slots=True)
class Application:
    """What a worker keeps between batches."""

    bus: EventBus
    logger: Logger
    clock: Callable[[], int]


@dataclass(slots=True)
class Batch:
    """What becomes of a batch: events to put with their sequence numbers, and what failed."""

    events: list[tuple[str, Event]]
    failed: set[str]
    ignored: int = 0


def handle(event: Mapping[str, Any], context: LambdaContext) -> dict[str, object]:
    """Publish a batch of stream records; see ``publish``."""
    return publish(deployed(), event, context)


def publish(
    application: Application, event: Mapping[str, Any], context: LambdaContext
) -> dict[str, object]:
    """Publish a batch; give the sequence numbers of what failed, as Lambda reads them."""
    records = event["Records"]
    batch = _read(application, records, context.aws_request_id)
    for start in range(0, len(batch.events), MAX_ENTRIES):
        _put(application, batch, batch.events[start : start + MAX_ENTRIES], context)
    _measure(application, batch, context.aws_request_id)
    numbers = (record["dynamodb"]["SequenceNumber"] for record in records)
    return {
        "batchItemFailures": [
            {"itemIdentifier": number} for number in numbers if number in batch.failed
        ]
    }


def _read(application: Application, records: Sequence[Mapping[str, Any]], request_id: str) -> Batch:
    batch = Batch([], set())
    for record in records:
        number = record["dynamodb"]["SequenceNumber"]
        try:
            event = event_of(record["dynamodb"])
        except Exception as error:
            application.logger.exception(
                "record can't be read", error, request_id=request_id, sequence_number=number
            )
            batch.failed.add(number)
            continue
        if event is None:
            batch.ignored += 1
        else:
            batch.events.append((number, event))
    return batch


def _put(
    application: Application,
    batch: Batch,
    numbered: Sequence[tuple[str, Event]],
    context: LambdaContext,
) -> None:
    """Put up to a call's worth of events, and note those that failed."""
    numbers, events = [number for number, _ in numbered], [event for _, event in numbered]
    try:
        refused = application.bus.put(
            events, lambda: context.get_remaining_time_in_millis() >= _CALL_MS
        )
    except Exception as error:
        application.logger.exception(
            "events can't be put", error, request_id=context.aws_request_id
        )
        batch.failed.update(numbers)
        return
    batch.failed.update(numbers[position] for position in refused)
    for position, event in enumerate(events):
        application.logger.info(
            "event refused" if position in refused else "event",
            request_id=context.aws_request_id,
            event_id=event.detail["id"],
            type=event.type,
            merchant_id=event.detail["merchant_id"],
            aws_code=refused.get(position),
            withheld=list(event.withheld) or None,
        )


def _measure(application: Application, batch: Batch, request_id: str) -> None:
    """Write the batch's metrics; ``LagMs`` is from the oldest published change until now."""
    published = [event for number, event in batch.events if number not in batch.failed]
    values = {
        "Published": len(published),
        "Ignored": batch.ignored,
        "Failed": len(batch.failed),
        "Withheld": sum(bool(event.withheld) for event in published),
    }
    if published:
        values["LagMs"] = application.clock() - min(event.occurred_at for event in published)
    application.logger.measure(
        "published", values, units={"LagMs": "Milliseconds"}, request_id=request_id
    )


def build(
    settings: Settings, events: EventBridgeClient, clock: Callable[[], int] = now_ms
) -> Application:
    """Put an application together. ``clock`` gives epoch milliseconds."""
    logger = Logger(settings.log_level, service="EventPublisher", environment=settings.environment)
    return Application(EventBus(events, settings.bus), logger, clock)


@cache
def deployed() -> Application:
    """Build this worker's application once, from its environment. Raises ``SettingsError``."""
    return build(Settings.from_environment(os.environ), client("events"))


if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    # Lambda's init phase has a full core and runs before the first record waits.
    deployed()
