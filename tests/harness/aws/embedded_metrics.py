"""CloudWatch's embedded metric format: the metrics that a log event carries.

Source: "Specification: Embedded metric format" in the CloudWatch guide. What isn't valid is no
metric and stays a log event.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.aws.metrics import Measurement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DATA = tuple(
    f"{size}{unit}".capitalize()
    for size in ("", "kilo", "mega", "giga", "tera")
    for unit in ("bits", "bytes")
)
UNITS = frozenset(
    {
        *("Seconds", "Microseconds", "Milliseconds", "Percent", "Count", "Count/Second", "None"),
        *_DATA,
        *(f"{unit}/Second" for unit in _DATA),
    }
)
MOST_METRICS = 100  # of one directive, and values of one metric
MOST_DIMENSIONS = 30  # of one set
_MARK = '"_aws"'


def measurements_of(message: str) -> list[Measurement]:
    """What a log event measured; nothing when it isn't in the format."""
    if not message.startswith("{") or _MARK not in message:
        return []
    try:
        event = json.loads(message)
        return list(_read(event))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []


def _read(event: Mapping[str, Any]) -> Iterator[Measurement]:
    embedded = event["_aws"]
    at = embedded["Timestamp"] / 1000
    for directive in embedded["CloudWatchMetrics"]:
        namespace, metrics = directive["Namespace"], directive["Metrics"]
        if not namespace or not isinstance(namespace, str) or len(metrics) > MOST_METRICS:
            raise ValueError("the directive isn't valid")
        for names in directive["Dimensions"]:
            dimensions = _dimensions(event, names)
            for metric in metrics:
                yield Measurement.of(
                    namespace,
                    metric["Name"],
                    dimensions,
                    _values(event[metric["Name"]]),
                    unit=_unit(metric),
                    at=at,
                )


def _dimensions(event: Mapping[str, Any], names: list[str]) -> dict[str, str]:
    dimensions = {name: event[name] for name in names}
    if len(names) > MOST_DIMENSIONS or not all(
        isinstance(value, str) and value for value in dimensions.values()
    ):
        raise ValueError("a dimension isn't valid")
    return dimensions


def _values(found: Any) -> list[float]:
    values = found if isinstance(found, list) else [found]
    if not 1 <= len(values) <= MOST_METRICS or not all(map(_is_number, values)):
        raise ValueError("a value isn't a number")
    return values


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _unit(metric: Mapping[str, str]) -> str:
    unit = metric.get("Unit", "None")
    if unit not in UNITS:
        raise ValueError(f"CloudWatch has no unit {unit}")
    return unit
