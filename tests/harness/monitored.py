"""Which metrics an account's dashboards and alarms name, and which were really emitted."""

from __future__ import annotations

import datetime
import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mypy_boto3_cloudwatch import CloudWatchClient


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric by all that tells it from others."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]

    @classmethod
    def described(cls, metric: Mapping[str, Any]) -> Self:
        """Read CloudWatch's own description."""
        dimensions = metric.get("Dimensions") or ()
        pairs = frozenset((each["Name"], each["Value"]) for each in dimensions)
        return cls(metric["Namespace"], metric["MetricName"], pairs)

    def __str__(self) -> str:
        pairs = ", ".join(f"{name}={value}" for name, value in sorted(self.dimensions))
        return f"{self.namespace} {self.name} ({pairs})"


class UnreadableError(ValueError):
    """A dashboard names metrics in a way that can't be compared; says where and what instead."""


def named_metrics(client: CloudWatchClient) -> dict[Metric, set[str]]:
    """The metrics that dashboards and alarms name, operands of expressions too, with who does.

    Raises:
        UnreadableError: a widget searches for metrics, or shortens their names.
    """
    named: dict[Metric, set[str]] = defaultdict(set)
    for alarm in _alarms(client):
        for metric in _of_alarm(alarm):
            named[metric].add(f"alarm {alarm['AlarmName']}")
    for page in client.get_paginator("list_dashboards").paginate():
        for entry in page["DashboardEntries"]:
            name = entry["DashboardName"]
            body = client.get_dashboard(DashboardName=name)["DashboardBody"]
            for title, metric in metrics_of_dashboard(json.loads(body)):
                named[metric].add(f"dashboard {name}: {title}")
    return named


def emitted_metrics(client: CloudWatchClient) -> set[Metric]:
    """The metrics that CloudWatch has a value of."""
    pages = client.get_paginator("list_metrics").paginate()
    return {Metric.described(metric) for page in pages for metric in page["Metrics"]}


def metrics_of_dashboard(body: Mapping[str, Any]) -> Iterator[tuple[str, Metric]]:
    """The metrics of each widget, with its title.

    Raises:
        UnreadableError: a widget searches for metrics, or shortens their names.
    """
    for widget in body["widgets"]:
        properties = widget["properties"]
        for row in properties.get("metrics", ()):
            where = f"The widget {properties['title']!r}"
            if isinstance(row[0], dict):
                _check_expression(row[0]["expression"], where)
            else:
                yield properties["title"], _of_row(row, where)


def _alarms(client: CloudWatchClient) -> Iterator[Any]:
    for page in client.get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm"]):
        yield from page["MetricAlarms"]


def _of_alarm(alarm: Mapping[str, Any]) -> Iterator[Metric]:
    if alarm.get("MetricName"):
        yield Metric.described(alarm)
    for query in alarm.get("Metrics") or ():
        if "MetricStat" in query:
            yield Metric.described(query["MetricStat"]["Metric"])


def _of_row(row: Sequence[Any], where: str) -> Metric:
    names = [part for part in row if isinstance(part, str)]
    if any(part in (".", "...") for part in names):
        raise UnreadableError(f"{where} shortens a metric's name: write it in full.")
    namespace, name, *dimensions = names
    pairs = zip(dimensions[::2], dimensions[1::2], strict=True)
    return Metric(namespace, name, frozenset(pairs))


def _check_expression(expression: str, where: str) -> None:
    if "SEARCH(" in expression or "SELECT" in expression:
        raise UnreadableError(f"{where} searches for metrics: name them instead.")


def statistics(
    client: CloudWatchClient, namespace: str, name: str, **dimensions: str
) -> dict[str, Any]:
    """All that was measured of one metric within the last hour; empty when nothing was."""
    now = datetime.datetime.now(datetime.UTC)
    wanted = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    found = client.get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=wanted,  # type: ignore[arg-type]  # these are DimensionTypeDef
        StartTime=now - datetime.timedelta(hours=1),
        EndTime=now + datetime.timedelta(minutes=1),
        Period=7200,
        Statistics=["Minimum", "Maximum", "Sum", "SampleCount"],
    )["Datapoints"]
    return dict(found[0]) if found else {}
