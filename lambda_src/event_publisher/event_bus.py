"""Puts events on the bus, and tells which it didn't take: PutEvents decides entry by entry."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from api_functions.api_event import compact_json
from event_publisher.events import SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_events.client import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

    from event_publisher.events import Event

MAX_ENTRIES = 10
"""Entries of one call."""

_NOT_TRIED = "NotTried"
_ROUNDS = 3
_FIRST_PAUSE_S = 0.05


class EventBus:
    """One bus, by name or ARN."""

    def __init__(self, client: EventBridgeClient, name: str) -> None:
        self._client = client
        self._name = name

    def put(self, events: Sequence[Event], has_time: Callable[[], bool]) -> dict[int, str]:
        """Put events; give what the bus didn't take, codes by position.

        Refused entries are put again a few times while there is time. Raises the SDK's errors
        when a call fails as a whole; calls before it may have succeeded.
        """
        refused = dict.fromkeys(range(len(events)), _NOT_TRIED)
        for attempt in range(_ROUNDS):
            if attempt:
                pause = _FIRST_PAUSE_S * 2**attempt
                time.sleep(random.uniform(0, pause))  # noqa: S311 - jitter
            if not refused or not has_time():
                break
            refused = self._put_once(events, list(refused))
        return refused

    def _put_once(self, events: Sequence[Event], positions: list[int]) -> dict[int, str]:
        entries = [self._entry(events[position]) for position in positions]
        answers = self._client.put_events(Entries=entries)["Entries"]
        return {
            position: answer["ErrorCode"]
            for position, answer in zip(positions, answers, strict=True)
            if answer.get("ErrorCode")
        }

    def _entry(self, event: Event) -> PutEventsRequestEntryTypeDef:
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": event.type,
            "Detail": compact_json(event.detail),
            "Time": datetime.fromtimestamp(event.occurred_at / 1000, UTC),
        }
