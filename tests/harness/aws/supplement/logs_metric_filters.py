"""CloudWatch Logs: metric filters count the events that they select."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.logs.models import LogsBackend

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
    except (PatternError, ValueError) as error:
        raise JsonRESTError("InvalidParameterException", f"Metric filter: {error}") from None
    return original(backend, name, pattern, group, transformations)


@_FILTERS.around(LogsBackend, "put_log_events")
def _put_log_events(
    original: Any,
    backend: LogsBackend,
    log_group_name: str,
    log_stream_name: str,
    log_events: list[dict[str, Any]],
) -> Any:
    answer = original(backend, log_group_name, log_stream_name, log_events)
    counted = [*_measurements(backend, log_group_name, log_events)]
    if counted:
        metrics.record(backend.account_id, backend.region_name, counted)
    return answer


def _measurements(
    backend: LogsBackend, group: str, events: list[dict[str, Any]]
) -> list[Measurement]:
    counted: dict[tuple[str, str], list[float]] = defaultdict(list)
    for each in backend.filters.get_matching_filters(log_group_name=group):
        selects = selector(each["filterPattern"])
        values = [1.0 for event in events if selects(event["message"])]
        for transformation in each["metricTransformations"] if values else ():
            place = transformation["metricNamespace"], transformation["metricName"]
            counted[place] += [float(transformation["metricValue"]) * value for value in values]
    return [Measurement.of(*place, {}, values) for place, values in counted.items()]
