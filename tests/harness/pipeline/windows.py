"""Deployment windows: CodePipeline's cron expressions, with seconds, as minutes that are open."""

from __future__ import annotations

import datetime
import re
from zoneinfo import ZoneInfo

from harness.pipeline.errors import PipelineError

_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
_RANGES = {
    "minute": (0, 59),
    "hour": (0, 23),
    "day of month": (1, 31),
    "month": (1, 12),
    "day of week": (1, 7),
}
_YEARS = (1970, 2199)
_FIELDS = (6, 7)
_ITEM = re.compile(r"(\*|\?|\d+)(?:-(\d+))?(?:/(\d+))?")
_FOREVER = datetime.timedelta(days=366)
_MINUTE = datetime.timedelta(minutes=1)


class Window:
    """When a stage may be entered.

    Args:
        cron: seconds (only `*`), minutes, hours, day of month, month, day of week, maybe year.
        time_zone: name of the zone, or an offset from UTC such as `UTC+2`.

    Raises:
        PipelineError: the expression isn't understood; `L`, `W` and `#` aren't.
    """

    def __init__(self, cron: str, time_zone: str = "UTC") -> None:
        fields = cron.split()
        if len(fields) not in _FIELDS or fields[0] not in ("*", "0"):
            raise PipelineError(f"{cron!r} isn't a window: its first of 6 or 7 fields is *")
        self.cron = cron
        self.zone = _zone(time_zone)
        self._open = {
            name: _values(field, *_RANGES[name], cron)
            for name, field in zip(_RANGES, _numbers(fields[1:6]), strict=True)
        }
        year = fields[6] if len(fields) > _FIELDS[0] else "*"
        self._years = _values(year, *_YEARS, cron)

    def contains(self, moment: datetime.datetime) -> bool:
        """Whether the window is open then."""
        local = moment.astimezone(self.zone)
        return self._day_is_open(local) and (
            local.hour in self._open["hour"] and local.minute in self._open["minute"]
        )

    def opens(self, moment: datetime.datetime) -> datetime.datetime:
        """Return the moment itself if the window is open, or when it opens next.

        Raises:
            PipelineError: not within a year.
        """
        if self.contains(moment):
            return moment
        looked = moment.replace(second=0, microsecond=0) + _MINUTE
        while looked - moment < _FOREVER:
            if self.contains(looked):
                return looked
            local = looked.astimezone(self.zone)
            if not self._day_is_open(local):
                midnight = local.replace(hour=0, minute=0) + datetime.timedelta(days=1)
                looked = midnight.astimezone(datetime.UTC)
            elif local.hour not in self._open["hour"]:
                looked += datetime.timedelta(minutes=60 - local.minute)
            else:
                looked += _MINUTE
        raise PipelineError(f"The window {self.cron!r} doesn't open within a year")

    def _day_is_open(self, local: datetime.datetime) -> bool:
        return (
            local.year in self._years
            and local.month in self._open["month"]
            and local.day in self._open["day of month"]
            and local.isoweekday() % 7 + 1 in self._open["day of week"]
        )


def _numbers(fields: list[str]) -> list[str]:
    """Write months and days of the week as numbers."""
    minutes, hours, day, month, weekday = fields
    for number, name in enumerate(_MONTHS, 1):
        month = month.replace(name, str(number))
    for number, name in enumerate(_DAYS, 1):
        weekday = weekday.replace(name, str(number))
    return [minutes, hours, day, month, weekday]


def _values(field: str, low: int, high: int, cron: str) -> frozenset[int]:
    found: set[int] = set()
    for item in field.split(","):
        matched = _ITEM.fullmatch(item)
        if matched is None:
            raise PipelineError(f"{item!r} of the window {cron!r} isn't understood here")
        first, last, step = matched.groups()
        start = low if first in "*?" else int(first)
        end = int(last) if last else (high if first in "*?" or step else start)
        if not low <= start <= high or not low <= end <= high:
            raise PipelineError(f"{item!r} of the window {cron!r} isn't within {low} to {high}")
        found.update(range(start, end + 1, int(step or 1)))
    return frozenset(found)


def _zone(name: str) -> datetime.tzinfo:
    matched = re.fullmatch(r"UTC([+-]\d{1,2})(?::?(\d\d))?", name)
    if matched is None:
        return ZoneInfo(name)
    hours, minutes = int(matched[1]), int(matched[2] or 0)
    return datetime.timezone(datetime.timedelta(hours=hours, minutes=minutes))
