"""CloudWatch Logs: metric filters count the events that they select."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.logs.models import LogsBackend, LogStream, logs_backends

from harness.aws import metrics
from harness.aws.filter_patterns import PatternError, selector
from harness.aws.metrics import Measurement
from harness.aws.supplement.registry import mend

_FILTERS = mend(
    "logs:PutMetricFilter",
    reason="keeps metric filters and counts nothing with them",
    observed="an alarm on events of the trail had no metric to watch",
)


@_FILTERS.around(LogsBackend, "put_metric_filter")
def _put_metric_filter(
    original: Any,
    backend: LogsBackend,
    name: str,
    pattern: str,
    group: str,
    transformations: list[dict[str, Any]],
) -> Any:
    try:
        selector(pattern)
        for each in transformations:
            float(each["metricValue"])  # fields of events aren't taken out here
            float(each.get("defaultValue", 0))
    except (PatternError, ValueError) as error:
        raise JsonRESTError("InvalidParameterException", f"Metric filter: {error}") from None
    return original(backend, name, pattern, group, transformations)


@_FILTERS.around(LogStream, "put_log_events")
def _put_log_events(original: Any, stream: LogStream, log_events: list[dict[str, Any]]) -> Any:
    answer = original(stream, log_events)
    counted = [*_measurements(stream, log_events)]
    if counted:
        metrics.record(stream.account_id, stream.region, counted)
    return answer


def _measurements(stream: LogStream, events: list[dict[str, Any]]) -> list[Measurement]:
    filters = logs_backends[stream.account_id][stream.region].filters
    counted: dict[tuple[str, str], list[float]] = defaultdict(list)
    for each in filters.get_matching_filters(log_group_name=stream.log_group.name):
        selects = selector(each["filterPattern"])
        count = sum(selects(event["message"]) for event in events)
        for transformation in each["metricTransformations"]:
            place = transformation["metricNamespace"], transformation["metricName"]
            counted[place] += [float(transformation["metricValue"])] * count
            if events and not count and "defaultValue" in transformation:
                counted[place].append(float(transformation["defaultValue"]))
    return [Measurement.of(*place, {}, values) for place, values in counted.items() if values]
