"""modules/payment-platform: what operators watch, composed from what it deploys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from harness.monitored import metrics_of_dashboard

if TYPE_CHECKING:
    from pathlib import Path

    from harness.testing import AppliedRoot, PlannedRoot, Planner
    from harness.testing.examples import ExamplePlanner

PLATFORM = "module.platform"
WATCH = f"{PLATFORM}.module.observability"


@pytest.fixture
def planned(plan_example: ExamplePlanner) -> PlannedRoot:
    return plan_example("modules/payment-platform/README.md")


def queries(planned: PlannedRoot, key: str) -> dict[str, Any]:
    alarm = planned.one(f'{PLATFORM}.aws_cloudwatch_metric_alarm.share["{key}"]')
    return {query["id"]: query for query in alarm["metric_query"]}


def test_each_api_has_its_own_objective(planned: PlannedRoot) -> None:
    for api, latency_ms in {"payments": 1500, "fraud": 500, "dashboard": 3000}.items():
        window = f'{WATCH}.aws_cloudwatch_metric_alarm.burn["v1/{api}/latency/fast/long"]'
        planned.one(window).expect(extended_statistic=f"PR(:{latency_ms})")


def test_shares_are_computed_from_all_that_was_tried(planned: PlannedRoot) -> None:
    found = queries(planned, "fraud-unavailable")
    tried = {"fraudapproved", "fraudinreview", "fraudrefused", "fraudunavailable"}
    assert set(found) == {"percent", *tried}
    assert found["percent"]["expression"] == (
        "IF((fraudapproved + fraudinreview + fraudrefused + fraudunavailable) > 0, "
        "100 * (fraudunavailable) / "
        "(fraudapproved + fraudinreview + fraudrefused + fraudunavailable), 0)"
    )
    for name in tried:
        (metric,) = found[name]["metric"]
        assert metric["namespace"] == "Payments/TransactionGateway"
        assert metric["dimensions"] == {"Environment": "qa", "Service": "TransactionGateway"}


def test_alarms_compute_with_ten_metrics_at_most(planned: PlannedRoot) -> None:
    for alarm in planned.all("aws_cloudwatch_metric_alarm"):
        metrics = [query for query in alarm["metric_query"] or () if query["metric"]]
        assert len(metrics) <= 10
        assert len({query["metric"][0]["period"] for query in metrics}) <= 1


def test_every_alarm_says_what_it_is_about(planned: PlannedRoot) -> None:
    for kind in ("aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm"):
        for alarm in planned.all(kind):
            assert len(alarm["alarm_description"] or "") > 20, alarm.address


def test_objectives_and_tickets_can_be_set(plan: Planner, release: Path) -> None:
    tickets = "arn:aws:sns:eu-west-1:444444444444:tickets"
    planned = plan(
        "modules/payment-platform",
        environment="production",
        release_directory=release,
        acquirer={"url": "https://acquirer.example.com"},
        capacity={"transactions_per_second": 50, "burst": 50},
        merchants={},
        web_acl={"arn": "arn:aws:wafv2:eu-west-1:444444444444:regional/webacl/payments/1"},
        network={"cidr_block": "10.24.0.0/20"},
        internal_domain={"name": "services.payments.example", "public_zone_id": "Z0123456789"},
        objectives={
            "payments": {"availability_percent": 99.95},
            "ticket_topic_arns": [tickets],
        },
    )
    burn = "module.observability.aws_cloudwatch_metric_alarm.burn"
    window = planned.one(f'{burn}["v1/payments/availability/fast/long"]')
    window.expect(threshold=pytest.approx(14.4 * 0.0005))
    steady = "module.observability.aws_cloudwatch_composite_alarm.burn"
    planned.one(f'{steady}["v1/payments/latency/steady"]').expect(alarm_actions=[tickets])
    assert not planned.one(f'{steady}["v1/payments/latency/slow"]')["alarm_actions"]


def test_the_dashboard_shows_every_part(applied_payment_platform: AppliedRoot) -> None:
    client = applied_payment_platform.client("cloudwatch")
    body = json.loads(client.get_dashboard(DashboardName="payments-qa")["DashboardBody"])
    shown = list(metrics_of_dashboard(body))
    values = {value for _, metric in shown for _, value in metric.dimensions}
    functions = ("dashboard-projector", "event-publisher", "sweeper", "tokenizer", "webhook-sender")
    for name in (*functions, "transaction-gateway"):
        assert f"payments-qa-{name}:live" in values
        assert f"payments-qa-{name}-dead-letters" in values
    assert {f"payments-qa-{name}-v1" for name in ("payments", "fraud", "dashboard")} <= values
    assert {"payments-qa-fraud-detection", "payments-qa-merchant-dashboard"} <= values
    assert len(body["widgets"]) <= 100
