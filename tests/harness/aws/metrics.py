"""Measurements that AWS's services make themselves, put into CloudWatch behind its API.

What is measured within a minute becomes one statistic set, so that hours of requests take no more
room than minutes. Percentiles are lost by that; moto computes none anyway.
"""

from __future__ import annotations

import datetime
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.cloudwatch.models import MetricAggregatedDatum, cloudwatch_backends
from moto.sqs.models import sqs_backends

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MINUTE = 60
_MESSAGES = "ApproximateNumberOfMessages"
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Measurement:
    """Values of one metric that were measured at about the same time (epoch seconds)."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    unit: str
    at: float
    count: float
    total: float
    least: float
    most: float

    @classmethod
    def of(
        cls,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        values: Iterable[float],
        *,
        unit: str = "None",
        at: float | None = None,
    ) -> Measurement:
        """Put single values together; there must be one at least."""
        known = list(values)
        return cls(
            namespace,
            name,
            tuple(sorted(dimensions.items())),
            unit,
            time.time() if at is None else at,
            len(known),
            sum(known),
            min(known),
            max(known),
        )

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Measurement:
        """Read what a data plane sends."""
        dimensions = tuple(sorted(given["dimensions"].items()))
        return cls(**{**given, "dimensions": dimensions})


def record(account_id: str, region: str, measurements: Iterable[Measurement]) -> None:
    """Add measurements to the account's metrics."""
    backend = cloudwatch_backends[account_id][region]
    with _lock:
        minutes = vars(backend).setdefault("minutes", {})
        for each in measurements:
            minute = int(each.at // _MINUTE) * _MINUTE
            key = (each.namespace, each.name, each.dimensions, each.unit, minute)
            datum = minutes.get(key)
            if datum is None:
                minutes[key] = datum = _datum(each, minute)
                backend.metric_data.append(datum)
            else:
                datum.sum += each.total
                datum.sample_count += each.count
                datum.min = min(datum.min, each.least)
                datum.max = max(datum.max, each.most)


def measure_queues(account_id: str, region: str) -> None:
    """Measure what waits in each queue now, as SQS does once a minute.

    All queues count as active here: on AWS one falls silent six hours after it was last used.
    """
    record(
        account_id,
        region,
        [
            Measurement.of("AWS/SQS", name, {"QueueName": queue.name}, [number], unit="Count")
            for queue in list(sqs_backends[account_id][region].queues.values())
            for name, number in (
                (f"{_MESSAGES}Delayed", queue.approximate_number_of_messages_delayed),
                (f"{_MESSAGES}NotVisible", queue.approximate_number_of_messages_not_visible),
                (f"{_MESSAGES}Visible", queue.approximate_number_of_messages),
            )
        ],
    )


def _datum(measurement: Measurement, minute: int) -> MetricAggregatedDatum:
    return MetricAggregatedDatum(
        namespace=measurement.namespace,
        name=measurement.name,
        min_stat=measurement.least,
        max_stat=measurement.most,
        sample_count=measurement.count,
        sum_stat=measurement.total,
        dimensions=[{"Name": name, "Value": value} for name, value in measurement.dimensions],
        # moto compares times without zone.
        timestamp=datetime.datetime.fromtimestamp(minute, datetime.UTC).replace(tzinfo=None),
        unit=measurement.unit,
    )
