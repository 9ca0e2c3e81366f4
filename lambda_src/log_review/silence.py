"""Hours without lines in which there usually are some: logging may have stopped."""

from __future__ import annotations

import datetime
from collections import defaultdict
from typing import TYPE_CHECKING

from api_functions.times import rfc3339
from log_review.periods import DAY_S, HOUR_S

if TYPE_CHECKING:
    from collections.abc import Iterable

    from log_review.periods import Period
    from log_review.running import Row

LOG, HOUR = "@log", "bin(1h)"
"""The columns of a query that counts lines by log group and hour."""

_MISSED_DAYS = 1  # on which a usual hour may have had none


def silent_hours(rows: Iterable[Row], period: Period, compared_days: int) -> list[Row]:
    """Give a row for each log group that had silent hours: how many, and the first of them.

    An hour is silent without lines, if on all of the days before but one it had some.
    """
    heard: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        heard[row[LOG]].add(_epoch_s(row[HOUR]))
    found = []
    for log, hours in sorted(heard.items()):
        silent = [
            hour
            for hour in range(period.start_s, period.end_s, HOUR_S)
            if hour not in hours and _is_usual(hour, hours, compared_days)
        ]
        if silent:
            since = rfc3339(silent[0] * 1000)
            found.append({LOG: log, "since": since, "events": str(len(silent))})
    return found


def _is_usual(hour: int, heard: set[int], compared_days: int) -> bool:
    days = sum(hour - day * DAY_S in heard for day in range(1, compared_days + 1))
    return days >= compared_days - _MISSED_DAYS


def _epoch_s(hour: str) -> int:
    at = datetime.datetime.strptime(hour, "%Y-%m-%d %H:%M:%S.%f")  # noqa: DTZ007 - is UTC
    return int(at.replace(tzinfo=datetime.UTC).timestamp())
