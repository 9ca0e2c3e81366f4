"""Whether alarms sound: what CloudWatch decides once a minute, decided when somebody looks.

Alarms on one metric are decided, and composites of them. What moto can't compute stays as it was
told to be: percentiles, metric math, and alarms whose metric has no value at all.
"""

from __future__ import annotations

import datetime
import operator
import re
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.cloudwatch.models import MetricAggregatedDatum, MetricDatum

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from moto.cloudwatch.models import Alarm, CloudWatchBackend, MetricDatumBase

OK, ALARM = "OK", "ALARM"
_MINUTE = 60
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanOrEqualToThreshold": operator.le,
    "LessThanThreshold": operator.lt,
}
_MEMBER = re.compile(r'ALARM\("?([^")]+)"?\)')
_JOINED = re.compile(r'\s*ALARM\("?[^")]+"?\)(?:\s+(AND|OR)\s+ALARM\("?[^")]+"?\))*\s*')

_Key = tuple[str, str, frozenset[tuple[str, str]]]


@dataclass(slots=True)
class _Values:
    """All that was measured of a metric within a period."""

    count: float = 0
    total: float = 0
    least: float = float("inf")
    most: float = float("-inf")

    def add(self, datum: MetricDatumBase) -> None:
        if isinstance(datum, MetricAggregatedDatum):
            self._add(datum.sample_count, datum.sum, datum.min, datum.max)
        elif isinstance(datum, MetricDatum):
            self._add(1, datum.value, datum.value, datum.value)

    def _add(self, count: float, total: float, least: float, most: float) -> None:
        self.count += count
        self.total += total
        self.least = min(self.least, least)
        self.most = max(self.most, most)

    def statistic(self, name: str) -> float:
        return {
            "Average": self.total / self.count,
            "Maximum": self.most,
            "Minimum": self.least,
            "SampleCount": self.count,
            "Sum": self.total,
        }[name]


@dataclass
class _Measured:
    """The values of one metric with their times, epoch seconds."""

    data: list[tuple[float, MetricDatumBase]] = field(default_factory=list)

    def periods(self, ends: float, seconds: int, number: int) -> list[_Values]:
        """Return the values of the periods before a moment, the latest first."""
        found = [_Values() for _ in range(number)]
        for at, datum in self.data:
            period = int((ends - at - 1) // seconds)
            if 0 <= period < number:
                found[period].add(datum)
        return found


def evaluate(backend: CloudWatchBackend, now: float | None = None) -> None:
    """Bring the states of an account's alarms up to date; `now` in epoch seconds."""
    now = time.time() if now is None else now
    alarms: Sequence[Alarm] = list(backend.alarms.values())
    wanted = {_key(alarm) for alarm in alarms if alarm.metric_name}
    measured = _measured(list(backend.metric_data), wanted)
    for alarm in alarms:
        if alarm.metric_name and alarm.statistic and (found := measured.get(_key(alarm))):
            _decide(alarm, found, now)
    for alarm in alarms:
        if alarm.rule is not None:
            _combine(alarm, backend.alarms)


def _measured(data: Iterable[MetricDatumBase], wanted: set[_Key]) -> Mapping[_Key, _Measured]:
    found: defaultdict[_Key, _Measured] = defaultdict(_Measured)
    for datum in data:
        key = _key(datum, datum.name)
        if key in wanted:
            found[key].data.append((_epoch(datum.timestamp), datum))
    return found


def _key(of: Any, name: str | None = None) -> _Key:
    dimensions = frozenset((each.name, each.value) for each in of.dimensions)
    return of.namespace, name or of.metric_name, dimensions


def _epoch(moment: datetime.datetime) -> float:
    """Read moto's times, which are of UTC and mostly don't say so."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).timestamp()


def _decide(alarm: Alarm, measured: _Measured, now: float) -> None:
    """Decide by the minute that runs and, since values come late, by the one before."""
    ends = (int(now // _MINUTE) + 1) * _MINUTE
    for end in (ends, ends - _MINUTE):
        values = measured.periods(end, int(alarm.period), int(alarm.evaluation_periods))
        breaching, shown = _breaching(alarm, values)
        if breaching >= int(alarm.datapoints_to_alarm or alarm.evaluation_periods):
            _tell(
                alarm,
                ALARM,
                f"Threshold Crossed: {breaching} of {len(values)} datapoints [{shown}] "
                f"{alarm.comparison_operator} {alarm.threshold}",
            )
            return
    _tell(alarm, OK, "Threshold not crossed")


def _breaching(alarm: Alarm, values: Sequence[_Values]) -> tuple[int, str]:
    compare = _COMPARISONS[alarm.comparison_operator]
    number, shown = 0, []
    for each in values:
        if each.count == 0:
            number += alarm.treat_missing_data == "breaching"
            continue
        value = each.statistic(alarm.statistic)
        shown.append(f"{value:g}")
        number += compare(value, alarm.threshold)
    return number, ", ".join(shown)


def _combine(alarm: Alarm, known: Mapping[str, Alarm]) -> None:
    """Decide a composite of members joined by AND alone, or by OR alone."""
    rule = str(alarm.rule)
    joined = set(re.findall(r"\b(AND|OR)\b", _MEMBER.sub("", rule)))
    members = [known.get(name) for name in _MEMBER.findall(rule)]
    if not _JOINED.fullmatch(rule) or len(joined) > 1 or None in members:
        return
    sounding = [each.name for each in members if each and each.state_value == ALARM]
    sounds = bool(sounding) if joined == {"OR"} else len(sounding) == len(members)
    _tell(alarm, ALARM if sounds else OK, f"{', '.join(sounding) or 'none'} of its alarms sound")


def _tell(alarm: Alarm, state: str, reason: str) -> None:
    if alarm.state_value != state:
        alarm.update_state(reason, "{}", state)
