"""Whether somebody hears when logs stop arriving."""

from __future__ import annotations

from typing import Any

import pytest

from harness.testing import pci

from .judging import reasons, undecided, verdict_on_first

STREAM = "aws_kinesis_firehose_delivery_stream.archive"
POLICY = "aws_cloudwatch_log_account_policy.all"
FILTER = "aws_cloudwatch_log_subscription_filter.pay"
ALARM = "aws_cloudwatch_metric_alarm.deliveries"
COMPOSITE = "aws_cloudwatch_composite_alarm.logs"
TOPIC = "arn:aws:sns:eu-west-1:111111111111:payments-security"
UNWATCHED = "no alarm watches its deliveries"
SILENT = f"{ALARM} notifies nobody"
LOG_STREAM = {STREAM: {"name": "aws-waf-logs-payments"}}
SUBSCRIPTION = {POLICY: {"policy_type": "SUBSCRIPTION_FILTER_POLICY"}}


def alarm(**changes: Any) -> dict[str, Any]:
    return {ALARM: {"alarm_name": "deliveries", "alarm_actions": [TOPIC], **changes}}


def of_stream(metric: str = "DeliveryToS3.Success", **changes: Any) -> dict[str, Any]:
    dimensions = {"DeliveryStreamName": "aws-waf-logs-payments"}
    values = {"namespace": "AWS/Firehose", "metric_name": metric, "dimensions": dimensions}
    return alarm(**{**values, **changes})


def querying(expression: str, **changes: Any) -> dict[str, Any]:
    return alarm(metric_query=[{"expression": expression, "metric": []}], **changes)


ERRORS = 'SELECT SUM(DeliveryErrors) FROM "AWS/Logs"'


@pci("10.7.2")
@pytest.mark.parametrize(
    ("beside", "words"),
    [
        (of_stream(), ""),
        (of_stream("DeliveryToS3.DataFreshness"), ""),
        (of_stream("DeliveryToHttpEndpoint.Success"), ""),
        (querying('SELECT AVG("DeliveryToS3.Success") FROM "AWS/Firehose"'), ""),
        ({}, UNWATCHED),
        (of_stream("IncomingRecords"), UNWATCHED),
        (of_stream(dimensions={"DeliveryStreamName": "other"}), UNWATCHED),
        (of_stream(namespace="Custom"), UNWATCHED),
        (querying(ERRORS), UNWATCHED),
        (of_stream(alarm_actions=[]), SILENT),
        (of_stream(alarm_actions=None), SILENT),
        (of_stream(actions_enabled=False), SILENT),
    ],
)
def test_a_stream_of_logs_has_an_alarm_that_is_heard(beside: dict[str, Any], words: str) -> None:
    assert reasons("PCI_39", {**LOG_STREAM, **beside}) == words


@pci("10.7.2")
@pytest.mark.parametrize(
    ("beside", "words"),
    [
        (querying(ERRORS), ""),
        (alarm(namespace="AWS/Logs", metric_name="DeliveryErrors"), ""),
        (
            alarm(
                metric_query=[
                    {"metric": [{"namespace": "AWS/Logs", "metric_name": "DeliveryErrors"}]}
                ]
            ),
            "",
        ),
        ({}, UNWATCHED),
        (querying('SELECT SUM(IncomingBytes) FROM "AWS/Logs"'), UNWATCHED),
        (querying(f"{ERRORS} WHERE LogGroupName = '/aws/lambda/b'"), UNWATCHED),
        (alarm(namespace="AWS/Logs", metric_name="IncomingLogEvents"), UNWATCHED),
        (querying(ERRORS, alarm_actions=[]), SILENT),
    ],
)
def test_a_subscription_has_an_alarm_that_is_heard(beside: dict[str, Any], words: str) -> None:
    assert reasons("PCI_39", {**SUBSCRIPTION, **beside}) == words


@pci("10.7.2")
@pytest.mark.parametrize(("group", "watched"), [("/pay", True), ("/other", False), (None, True)])
def test_an_alarm_may_be_about_another_group(group: str | None, watched: bool) -> None:
    dimensions = {"LogGroupName": group} if group else {}
    found = alarm(namespace="AWS/Logs", metric_name="DeliveryErrors", dimensions=dimensions)
    plan = {FILTER: {"log_group_name": "/pay"}, **found}
    assert reasons("PCI_39", plan) == ("" if watched else UNWATCHED)


@pytest.mark.parametrize(
    ("changes", "heard"),
    [
        ({}, True),
        ({"alarm_actions": []}, False),
        ({"actions_enabled": False}, False),
        ({"alarm_rule": 'ALARM("other")'}, False),
    ],
)
def test_a_composite_alarm_may_notify_for_it(changes: dict[str, Any], heard: bool) -> None:
    values = {"alarm_rule": 'ALARM("deliveries")', "alarm_actions": [TOPIC], **changes}
    plan = {**LOG_STREAM, **of_stream(alarm_actions=[]), COMPOSITE: values}
    assert reasons("PCI_39", plan) == ("" if heard else SILENT)


def test_one_alarm_that_is_heard_is_enough() -> None:
    heard = {f"{ALARM}_heard": of_stream()[ALARM]}
    assert not reasons("PCI_39", {**LOG_STREAM, **of_stream(alarm_actions=[]), **heard})


@pytest.mark.parametrize(
    ("beside", "carries"),
    [
        ({"aws_cloudwatch_log_destination.a": {"target_arn": "arn:s"}}, True),
        ({FILTER: {"destination_arn": "arn:s", "log_group_name": "/pay"}}, True),
        ({"aws_cloudwatch_log_destination.a": {"target_arn": "arn:other"}}, False),
        ({}, False),
    ],
)
def test_streams_of_anything_but_logs_are_no_concern(beside: Any, carries: bool) -> None:
    plan = {STREAM: {"name": "orders", "arn": "arn:s"}, **beside}
    assert (verdict_on_first("PCI_39", plan) is not None) is carries


def test_an_alarm_that_is_not_known_is_not_evaluated() -> None:
    plan = {**SUBSCRIPTION, ALARM: {}}
    found = undecided("PCI_39", plan, unknown={ALARM: {"namespace": True}})
    assert "namespace isn't known" in found
    unknown = {ALARM: {"alarm_actions": True}}
    nameless = {**SUBSCRIPTION, **querying(ERRORS, alarm_actions=None)}
    assert "alarm_actions isn't known" in undecided("PCI_39", nameless, unknown=unknown)
    one = {ALARM: {"alarm_actions": [True]}}
    assert not reasons("PCI_39", nameless, unknown=one)


def test_of_many_alarms_evidence_shows_the_one_that_watches() -> None:
    others = {f"{ALARM}_{number}": of_stream("IncomingRecords")[ALARM] for number in range(50)}
    verdict = verdict_on_first("PCI_39", {**LOG_STREAM, **others, **of_stream()})
    assert verdict is not None
    assert {key.split(": ")[0] for key in verdict.evaluated} == {STREAM, ALARM}
