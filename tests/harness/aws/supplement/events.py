"""EventBridge: which events a rule matches, and its metrics."""

from __future__ import annotations

from typing import Any

from moto.events.models import Rule

from harness.aws import metrics
from harness.aws.supplement.registry import mend

_MATCH = mend(
    "events:PutEvents",
    reason="has schedules and disabled rules match every event, and counts no matches",
    observed="an event on the default bus failed at the function that a schedule runs",
)


@_MATCH.around(Rule, "send_to_targets")
def _send_to_targets(original: Any, rule: Rule, event: Any, *args: Any, **options: Any) -> None:
    if rule.state != "ENABLED" or not rule.event_pattern.get_pattern():
        return
    if not rule.event_pattern.matches_event(event):
        return
    _count(rule, "MatchedEvents", "TriggeredRules", *["Invocations"] * len(rule.targets))
    original(rule, event, *args, **options)


def _count(rule: Rule, *names: str) -> None:
    """Count by rule, and by bus as well on other buses than the default one."""
    dimensions = {"RuleName": rule.name}
    if rule.event_bus_name != "default":
        dimensions["EventBusName"] = rule.event_bus_name
    counted = [
        metrics.Measurement.of("AWS/Events", name, dimensions, [1], unit="Count") for name in names
    ]
    metrics.record(rule.account_id, rule.region_name, counted)
