"""The period that a review is about: the last whole one before the event that asks for it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api_functions.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping

HOUR_S = 3600
DAY_S = 24 * HOUR_S


class EventError(ValueError):
    """An event doesn't say when it was; the text says what to send."""


@dataclass(frozen=True, slots=True)
class Period:
    """From a second to another, in epoch seconds UTC; the second one begins the next period."""

    start_s: int
    end_s: int

    @classmethod
    def before(cls, event: Mapping[str, Any], hours: int, now_s: float) -> Period:
        """Give the last whole period before the event's ``time``, the clock of the review.

        Raises:
            EventError: the event has no time, or one that is still to come.
        """
        at_s = _time_of(event)
        if at_s > now_s:
            raise EventError(f"{event['time']} is still to come: a review looks back")
        end_s = int(at_s) // (hours * HOUR_S) * hours * HOUR_S
        return cls(end_s - hours * HOUR_S, end_s)

    def __str__(self) -> str:
        return f"{rfc3339(self.start_s * 1000)}/{rfc3339(self.end_s * 1000)}"


def _time_of(event: Mapping[str, Any]) -> float:
    text = event.get("time")
    try:
        at = datetime.datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise EventError(
            f'the event\'s time is {text!r}: send {{"time": "2026-01-31T00:15:00Z"}} to review'
            " the last whole period before then"
        )
    return at.timestamp()
