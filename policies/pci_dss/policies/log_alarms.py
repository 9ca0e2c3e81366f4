"""Whether somebody hears when logs stop arriving."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pci_dss.policies.logs import ACCOUNT_POLICY, FILTER, STREAM
from pci_dss.policy import policy
from pci_dss.related import first, missing, names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pci_dss.subject import Subject

_ALARM, _COMPOSITE = "aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm"
_OF_STREAMS = ("AWS/Firehose", re.compile(r"DeliveryTo\w+\.(?:Success|DataFreshness)"))
_OF_SUBSCRIPTIONS = ("AWS/Logs", re.compile(r"\bDeliveryErrors\b"))
_LOG_STREAM_NAMES = ("aws-waf-logs-", "amazon-apigateway-")


def _carries_logs(subject: Subject) -> bool:
    """Whether logs are sent by it: other streams are no concern of 10.7.2."""
    if subject.type == ACCOUNT_POLICY:
        return bool(subject.get("policy_type") == "SUBSCRIPTION_FILTER_POLICY")
    if subject.type == FILTER:
        return True
    if subject.known("name") and str(subject.get("name")).startswith(_LOG_STREAM_NAMES):
        return True
    return _is_target(subject, "aws_cloudwatch_log_destination", "target_arn") or _is_target(
        subject, FILTER, "destination_arn"
    )


def _is_target(stream: Subject, kind: str, attribute: str) -> bool:
    return first(stream.others(kind), lambda each: names(each, stream, attribute)) is not None


@policy(
    "PCI_39",
    "Somebody hears when logs aren't delivered",
    requirements=("10.7.2",),
    types=(STREAM, ACCOUNT_POLICY, FILTER),
    fix="Add an alarm with alarm_actions: of streams on DeliveryToS3.Success or"
    " DeliveryToS3.DataFreshness, of subscriptions on DeliveryErrors.",
    applies=_carries_logs,
)
def failed_delivery_alarms(subject: Subject) -> Iterator[str]:
    """Fail on what carries logs and has no alarm that notifies anyone."""

    def watches(alarm: Subject) -> bool:
        return _watches(alarm, subject)

    alarms = subject.others(_ALARM)
    if first(alarms, lambda alarm: watches(alarm) and _notifies(alarm)) is None:
        silent = first(subject.others(_ALARM), watches)
        reason = (
            f"{silent.address} notifies nobody" if silent else "no alarm watches its deliveries"
        )
        yield from missing(subject, reason)


def _watches(alarm: Subject, subject: Subject) -> bool:
    namespace, metrics = _OF_STREAMS if subject.type == STREAM else _OF_SUBSCRIPTIONS
    if alarm.get("namespace") == namespace:
        metric = str(alarm.get("metric_name"))
        return bool(metrics.search(metric)) and _is_about(alarm, subject, "dimensions")
    for query in alarm.each("metric_query"):
        expression = str(alarm.get(*query, "expression", default=""))
        if f'"{namespace}"' in expression and metrics.search(expression):
            return "WHERE" not in expression or _name(subject) in expression
        for metric_block in alarm.each(*query, "metric"):
            if alarm.get(*metric_block, "namespace") == namespace:
                metric = str(alarm.get(*metric_block, "metric_name"))
                if metrics.search(metric):
                    return _is_about(alarm, subject, *metric_block, "dimensions")
    return False


def _is_about(alarm: Subject, subject: Subject, *path: str | int) -> bool:
    """Whether an alarm's dimensions leave the stream or group in."""
    dimension = "DeliveryStreamName" if subject.type == STREAM else "LogGroupName"
    value = alarm.get(*path, dimension)
    return value is None or subject.type == ACCOUNT_POLICY or value == _name(subject)


def _name(subject: Subject) -> str:
    return str(subject.get("log_group_name" if subject.type == FILTER else "name"))


def _notifies(alarm: Subject) -> bool:
    if alarm.get("actions_enabled", default=True) and list(alarm.each("alarm_actions")):
        return True
    name = f'"{alarm.get("alarm_name")}"'
    composites = alarm.others(_COMPOSITE)
    return first(composites, lambda each: _passes_on(each, name)) is not None


def _passes_on(composite: Subject, name: str) -> bool:
    return (
        name in str(composite.get("alarm_rule"))
        and bool(composite.get("actions_enabled", default=True))
        and bool(list(composite.each("alarm_actions")))
    )
