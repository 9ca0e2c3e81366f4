"""Metric filters: which events a pattern selects, and that they are counted."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from harness.aws.filter_patterns import PatternError, selector
from harness.monitored import statistics

if TYPE_CHECKING:
    from collections.abc import Callable

    Clients = Callable[[str], Any]

STOPPED = json.dumps({"eventName": "StopLogging", "user": {"role": "admin"}, "error": None})
BY_DEPLOY = json.dumps({"eventName": "StopLogging", "user": {"role": "deploy"}, "count": 3})
BY_NOBODY = json.dumps({"eventName": "StopLogging"})
EXEMPT = '(($.user.role NOT EXISTS) || ($.user.role != "deploy"))'


@pytest.mark.parametrize(
    ("pattern", "selected"),
    [
        ("", [True, True, True]),
        ("deploy", [False, True, False]),
        ('{ $.eventName = "StopLogging" }', [True, True, True]),
        ('{ $.eventName = "Stop*" }', [True, True, True]),
        ('{ $.user.role != "deploy" }', [True, False, False]),
        ('{ ($.eventName = "StopLogging") && ' + EXEMPT + " }", [True, False, True]),
        ('{ $.count = 3 || $.user.role = "admin" && $.count = 4 }', [False, True, False]),
        ("{ $.error IS NULL }", [True, False, False]),
    ],
)
def test_a_pattern_selects_events(pattern: str, selected: list[bool]) -> None:
    selects = selector(pattern)
    assert [selects(message) for message in (STOPPED, BY_DEPLOY, BY_NOBODY)] == selected


def test_what_is_no_object_is_not_selected_by_a_field() -> None:
    selects = selector("{ $.a NOT EXISTS }")
    assert not selects("plain text")
    assert not selects("[1]")


@pytest.mark.parametrize(
    "pattern", ["{ $.a }", "{ $.a = 1 $.b }", "{ ($.a = 1 }", "{ $.a > 1 }", "{ a }"]
)
def test_what_is_not_understood_is_an_error(pattern: str) -> None:
    with pytest.raises(PatternError, match="not understood at"):
        selector(pattern)


@pytest.mark.mends("logs:PutMetricFilter")
def test_selected_events_are_counted(client: Clients) -> None:
    logs = client("logs")
    place = {"logGroupName": "/trail", "logStreamName": "one"}
    logs.create_log_group(logGroupName="/trail")
    logs.create_log_stream(**place)
    metric = {"metricName": "Stops", "metricNamespace": "Trail", "metricValue": "1"}
    logs.put_metric_filter(
        logGroupName="/trail",
        filterName="stops",
        filterPattern='{ $.user.role = "admin" }',
        metricTransformations=[metric],
    )
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": each} for each in (STOPPED, BY_DEPLOY, STOPPED)]
    logs.put_log_events(**place, logEvents=events)
    assert statistics(client("cloudwatch"), "Trail", "Stops")["Sum"] == 2


def test_events_of_which_none_is_selected_count_as_the_default(client: Clients) -> None:
    logs = client("logs")
    place = {"logGroupName": "/trail", "logStreamName": "one"}
    logs.create_log_group(logGroupName="/trail")
    logs.create_log_stream(**place)
    for name, default in (("Admins", {"defaultValue": 0.0}), ("Nobody", {})):
        metric = {"metricName": name, "metricNamespace": "Trail", "metricValue": "1", **default}
        logs.put_metric_filter(
            logGroupName="/trail",
            filterName=name,
            filterPattern='{ $.user.role = "admin" }',
            metricTransformations=[metric],
        )
    now = int(time.time() * 1000)
    logs.put_log_events(**place, logEvents=[{"timestamp": now, "message": BY_DEPLOY}])
    metrics = client("cloudwatch").list_metrics(Namespace="Trail")["Metrics"]
    assert [metric["MetricName"] for metric in metrics] == ["Admins"]
    counted = statistics(client("cloudwatch"), "Trail", "Admins")
    assert (counted["Sum"], counted["SampleCount"]) == (0, 1)


def test_a_pattern_that_is_not_understood_is_refused(client: Clients) -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName="/trail")
    metric = {"metricName": "Stops", "metricNamespace": "Trail", "metricValue": "$.size"}
    for pattern, value in (("{ $.a }", "1"), ("", "$.size")):
        with pytest.raises(logs.exceptions.InvalidParameterException):
            logs.put_metric_filter(
                logGroupName="/trail",
                filterName="stops",
                filterPattern=pattern,
                metricTransformations=[{**metric, "metricValue": value}],
            )
