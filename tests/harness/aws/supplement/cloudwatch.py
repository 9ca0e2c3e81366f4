"""CloudWatch: alarms of every kind that sound by themselves, and metrics listed once each."""

from __future__ import annotations

import re
from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend, MetricDatumBase
from moto.cloudwatch.responses import CloudWatchResponse

from harness.aws import alarms
from harness.aws.supplement.registry import mend

_COMPOSITE = mend(
    "cloudwatch:PutCompositeAlarm",
    reason="has no composite alarms to be made",
    observed="aws_cloudwatch_composite_alarm failed to apply",
)
_STATISTICS = mend(
    "cloudwatch:PutMetricAlarm",
    reason="refuses extended statistics other than percentiles",
    observed="aws_cloudwatch_metric_alarm with extended_statistic PR(:1500) failed to apply",
)
_EXTENDED = re.compile(r"p[\d.]+|IQM|(TM|TC|TS|WM|PR)\([\d.]*%?:[\d.]*%?\)|(tm|tc|ts|wm)[\d.]+")
_STATES = mend(
    "cloudwatch:DescribeAlarms",
    reason="never compares alarms with what was measured",
    observed="an alarm on a sum over 0 stayed OK after put_metric_data of 3",
)
_LIST = mend(
    "cloudwatch:ListMetrics",
    reason="lists a metric with several dimensions once for each of its values",
    observed="list_metrics after two requests to a stage named Count by ApiName and Stage twice",
)


@_COMPOSITE.instead(CloudWatchResponse, "put_composite_alarm")
def _put_composite_alarm(self: CloudWatchResponse) -> Any:
    return self.put_metric_alarm()


@_STATISTICS.around(CloudWatchBackend, "put_metric_alarm")
def _put_metric_alarm(original: Any, backend: CloudWatchBackend, **given: Any) -> Alarm:
    statistic = given.get("extended_statistic")
    known = bool(statistic and _EXTENDED.fullmatch(statistic))
    alarm: Alarm = original(backend, **{**given, **({"extended_statistic": None} if known else {})})
    alarm.extended_statistic = statistic
    return alarm


@_STATES.around(CloudWatchResponse, "describe_alarms")
def _describe_alarms(original: Any, self: CloudWatchResponse) -> Any:
    alarms.evaluate(self.cloudwatch_backend)
    return original(self)


@_LIST.instead(CloudWatchBackend, "get_filtered_metrics")
def _get_filtered_metrics(
    self: CloudWatchBackend, metric_name: str, namespace: str, dimensions: list[dict[str, str]]
) -> list[MetricDatumBase]:
    found: dict[Any, MetricDatumBase] = {}
    for datum in self.get_all_metrics():
        if datum.filter(namespace, metric_name, dimensions):
            names = frozenset((each.name, each.value) for each in datum.dimensions)
            found.setdefault((datum.namespace, datum.name, names), datum)
    return list(found.values())
