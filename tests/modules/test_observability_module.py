"""modules/observability: a dashboard, alarms on objectives, and a query for one request."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing import pci, rejects

if TYPE_CHECKING:
    from harness.testing import AppliedRoot, PlannedRoot, Planner

MODULE = "modules/observability"
API = {"name": "payments-dev-payments-v1", "stage": "live"}
GOOD = {"name": "payments-dev", "apis": {"payments": API}}
PAGES, TICKETS = (
    "arn:aws:sns:eu-west-1:444444444444:pages",
    "arn:aws:sns:eu-west-1:444444444444:tickets",
)
MONTH_S = 30 * 86_400


def api(**changes: Any) -> dict[str, Any]:
    return {"payments": {**API, **changes}}


REFUSED: dict[str, tuple[str, Any, str]] = {
    "capital_name": ("name", "Payments", "lower-case letters"),
    "no_apis": ("apis", {}, "at least one API"),
    "perfect": ("apis", api(availability_percent=100), "from 95 to below 100 %"),
    "lax": ("apis", api(latency_percent=90), "from 95 to below 100 %"),
    "patient": ("apis", api(latency_ms=60_000), "from 1 to 29000 ms"),
    "many_log_groups": ("log_groups", [f"/group/{n}" for n in range(51)], "50 log groups at most"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_invalid_input_is_refused(plan: Planner, case: str) -> None:
    variable, value, words = REFUSED[case]
    with rejects(variable=variable, match=re.escape(words)):
        plan(MODULE, {**GOOD, variable: value})


@pytest.fixture
def planned(plan: Planner) -> PlannedRoot:
    return plan(
        MODULE,
        GOOD,
        apis=api(latency_ms=500),
        alarm_topic_arns=[PAGES],
        ticket_topic_arns=[TICKETS],
    )


def burn(planned: PlannedRoot, key: str) -> Any:
    return planned.one(f'aws_cloudwatch_metric_alarm.burn["payments/{key}"]')


@pci("10.7.2")
def test_a_page_needs_a_long_and_a_short_window(planned: PlannedRoot) -> None:
    for speed in ("fast", "slow", "steady"):
        composite = planned.one(f'aws_cloudwatch_composite_alarm.burn["payments/latency/{speed}"]')
        name = f"payments-dev-payments-v1-latency-burn-{speed}"
        composite.expect(alarm_rule=f'ALARM("{name}-long") AND ALARM("{name}-short")')


def test_windows_alone_notify_nobody(planned: PlannedRoot) -> None:
    for alarm in planned.all("aws_cloudwatch_metric_alarm"):
        assert not alarm["alarm_actions"]


def test_what_burns_slowly_is_a_ticket(planned: PlannedRoot) -> None:
    wanted = {"fast": PAGES, "slow": PAGES, "steady": TICKETS}
    for speed, topic in wanted.items():
        alarm = planned.one(f'aws_cloudwatch_composite_alarm.burn["payments/availability/{speed}"]')
        alarm.expect(alarm_actions=[topic], ok_actions=[topic])
        words = "Look at it within a day" if speed == "steady" else "Act now"
        assert alarm["alarm_description"].startswith(words)


def test_thresholds_are_rates_of_the_budget(planned: PlannedRoot) -> None:
    burn(planned, "availability/fast/long").expect(
        metric_name="5XXError",
        statistic="Average",
        period=3600,
        threshold=pytest.approx(14.4 * 0.001),
        comparison_operator="GreaterThanThreshold",
    )
    burn(planned, "latency/slow/short").expect(
        metric_name="Latency",
        extended_statistic="PR(:500)",
        period=1800,
        threshold=pytest.approx(100 - 6),
        comparison_operator="LessThanThreshold",
    )


def test_windows_keep_to_what_cloudwatch_evaluates(planned: PlannedRoot) -> None:
    """A day in all for periods below an hour, seven days else, and a day a period."""
    for alarm in planned.all("aws_cloudwatch_metric_alarm"):
        period, window = alarm["period"], alarm["period"] * alarm["evaluation_periods"]
        assert period <= 86_400
        assert window <= (86_400 if period < 3600 else 7 * 86_400)


def test_long_windows_spend_what_their_description_says(planned: PlannedRoot) -> None:
    for speed, rate in {"fast": 14.4, "slow": 6, "steady": 1}.items():
        long = burn(planned, f"availability/{speed}/long")
        spent = rate * long["period"] * long["evaluation_periods"] / MONTH_S
        composite = planned.one(
            f'aws_cloudwatch_composite_alarm.burn["payments/availability/{speed}"]'
        )
        assert f"spends {spent:.0%} of".replace("%", " %") in composite["alarm_description"]


def widgets(applied: AppliedRoot) -> list[dict[str, Any]]:
    cloudwatch = applied.client("cloudwatch")
    body = cloudwatch.get_dashboard(DashboardName="payments-dev")["DashboardBody"]
    found: list[dict[str, Any]] = json.loads(body)["widgets"]
    return found


def test_the_dashboard_shows_what_it_was_given(applied_observability: AppliedRoot) -> None:
    graphs = {
        each["properties"]["title"]: each["properties"] for each in widgets(applied_observability)
    }
    assert graphs["Messages in queues"]["metrics"] == [
        [
            *(
                "AWS/SQS",
                "ApproximateNumberOfMessagesVisible",
                "QueueName",
                "payments-dev-webhooks",
            ),
            {"label": "webhooks", "stat": "Maximum"},
        ]
    ]
    assert [each[-1]["label"] for each in graphs["Fraud decisions"]["metrics"]] == ["refused"]
    (reader,) = graphs["Age of what stream readers get (ms)"]["metrics"]
    assert "payments-dev-dashboard-projector:live" in reader
    assert "Tasks wanted and running" not in graphs  # there are no services


def test_the_dashboard_lists_the_alarms_that_notify(applied_observability: AppliedRoot) -> None:
    (listed,) = [each for each in widgets(applied_observability) if each["type"] == "alarm"]
    names = {arn.rpartition(":")[2] for arn in listed["properties"]["alarms"]}
    cloudwatch = applied_observability.client("cloudwatch")
    composites = cloudwatch.describe_alarms(
        AlarmTypes=["CompositeAlarm"], AlarmNamePrefix="payments-dev-payments-v1-"
    )["CompositeAlarms"]
    assert names == {alarm["AlarmName"] for alarm in composites}
    assert len(names) == 6


@pci("10.4.1")
def test_a_saved_query_follows_one_request(applied_observability: AppliedRoot) -> None:
    logs = applied_observability.client("logs")
    (saved,) = logs.describe_query_definitions(queryDefinitionNamePrefix="payments-dev/")[
        "queryDefinitions"
    ]
    assert saved["logGroupNames"] == ["/aws/lambda/payments-dev-transaction-gateway"]
    assert "filter @message like" in saved["queryString"]


def test_its_second_plan_is_empty(applied_observability: AppliedRoot) -> None:
    applied_observability.assert_idempotent()
