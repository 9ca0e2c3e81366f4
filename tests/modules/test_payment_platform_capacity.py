"""modules/payment-platform: everything that bounds load follows from one capacity."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing import pci, rejects

if TYPE_CHECKING:
    from pathlib import Path

    from harness.testing import AppliedRoot, PlannedRoot, Planner
    from harness.testing.examples import ExamplePlanner

MODULE = "modules/payment-platform"
PLATFORM = "module.platform"
CAPACITY = {"transactions_per_second": 50, "burst": 50}
MERCHANT = {
    "rate_per_second": 20,
    "burst": 20,
    "trusted_principal_arns": ["arn:aws:iam::333333333333:root"],
}
GOOD = {
    "environment": "production",
    "acquirer": {"url": "https://acquirer.example.com"},
    "web_acl": {"arn": "arn:aws:wafv2:eu-west-1:555555555555:regional/webacl/payments/1"},
    "capacity": CAPACITY,
    "merchants": {"m_bakery": MERCHANT},
    "network": {"cidr_block": "10.24.0.0/20"},
    "internal_domain": {"name": "services.payments.example", "public_zone_id": "Z0123456789"},
}
PAYMENTS = "/merchants/{merchant_id}/payments"
HELD = {"captures", "refunds", "void"}


def merchants(**second: Any) -> dict[str, Any]:
    return {"m_bakery": MERCHANT, "m_cinema": {**MERCHANT, **second}}


REFUSED: dict[str, tuple[str, Any, str]] = {
    "none": ("capacity", {**CAPACITY, "burst": 0}, "Every part of the capacity but `warm_percent`"),
    "all_is_held": ("capacity", {**CAPACITY, "held_percent": 100}, "Hold at most 90 percent"),
    "too_warm": ("capacity", {**CAPACITY, "warm_percent": 120}, "0 to 100 percent of the requests"),
    "oversold_rate": (
        "merchants",
        merchants(rate_per_second=31),
        "promise 51 requests a second, the platform holds 50",
    ),
    "oversold_burst": (
        "merchants",
        merchants(burst=31),
        "promise bursts of 51 requests, the platform holds 50",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_hold_is_refused(plan: Planner, release: Path, case: str) -> None:
    variable, value, words = REFUSED[case]
    with rejects(variable=variable, match=re.escape(words)):
        plan(MODULE, {**GOOD, "release_directory": release, variable: value})


@pytest.fixture
def planned(plan_example: ExamplePlanner) -> PlannedRoot:
    return plan_example("modules/payment-platform/README.md")


# Rate of the stage, threshold of its alarm, and m_bakery's rate; bursts are everyone's.
APIS = {"payments": (50, 2400, 30), "fraud": (25, 1200, 15), "dashboard": (10, 480, 6)}


@pci("6.2.4")
@pytest.mark.parametrize("api", APIS)
def test_each_api_has_its_own_share(planned: PlannedRoot, api: str) -> None:
    rate, threshold, bakery = APIS[api]
    module = f'{PLATFORM}.module.{api}_api["v1"]'
    planned.one(f"{module}.aws_api_gateway_method_settings.all").expect(
        settings={"throttling_rate_limit": rate, "throttling_burst_limit": 50}
    )
    near = planned.one(f"{module}.aws_cloudwatch_metric_alarm.near_capacity")
    near.expect(threshold=pytest.approx(threshold))
    plan = planned.one(f'{module}.aws_api_gateway_usage_plan.client["m_bakery"]')
    plan.expect(throttle_settings=[{"rate_limit": bakery, "burst_limit": 30}])


def test_captures_refunds_and_voids_alone_may_use_all_of_it(planned: PlannedRoot) -> None:
    module = f'{PLATFORM}.module.payments_api["v1"]'
    plan = planned.one(f'{module}.aws_api_gateway_usage_plan.client["m_bakery"]')
    (stage,) = plan["api_stages"]
    limits = {each["path"]: (each["rate_limit"], each["burst_limit"]) for each in stage["throttle"]}
    assert set(limits.values()) == {(24, 24)}
    assert limits[f"{PAYMENTS}/POST"] == (24, 24)
    settings = planned.all("aws_api_gateway_method_settings")
    limited = {
        each["method_path"].replace("~1", "/"): each["settings"][0]["throttling_rate_limit"]
        for each in settings
        if each["method_path"] != "*/*"
    }
    assert limited == dict.fromkeys(limits, 40)
    assert not any(name in path for path in limited for name in HELD)


FUNCTIONS = {"transaction_gateway": (75, 25), "tokenizer": (60, 20)}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_concurrency_is_what_is_under_way_and_a_burst(planned: PlannedRoot, name: str) -> None:
    reserved, provisioned = FUNCTIONS[name]
    function = f"{PLATFORM}.module.{name}.aws_lambda_function.service"
    planned.one(function).expect(reserved_concurrent_executions=reserved)
    warm = f"{PLATFORM}.module.{name}.aws_lambda_provisioned_concurrency_config.live[0]"
    planned.one(warm).expect(qualifier="live", provisioned_concurrent_executions=provisioned)


def test_tasks_carry_authorizations_and_what_merchants_ask(plan: Planner, release: Path) -> None:
    capacity = {"transactions_per_second": 1000, "burst": 100}
    planned = plan(MODULE, GOOD, release_directory=release, capacity=capacity)
    bounds = {
        "fraud_detection": (2, 14),  # 800 and 500 a second, 100 a task, and a spare one
        "merchant_dashboard": (2, 11),
    }
    for service, (minimum, maximum) in bounds.items():
        tasks = planned.one(f"module.{service}.aws_appautoscaling_target.tasks")
        tasks.expect(min_capacity=minimum, max_capacity=maximum)


def test_where_nobody_pays_nothing_is_kept_warm(plan: Planner, release: Path) -> None:
    capacity = {**CAPACITY, "warm_percent": 0}
    planned = plan(MODULE, GOOD, release_directory=release, capacity=capacity)
    planned.expect_counts(exhaustive=False, aws_lambda_provisioned_concurrency_config=0)


def test_a_merchants_own_limits_are_of_the_payments_api(plan: Planner, release: Path) -> None:
    limited = {**MERCHANT, "operations": {"listPayments": {"rate_per_second": 2, "burst": 4}}}
    planned = plan(MODULE, GOOD, release_directory=release, merchants={"m_bakery": limited})
    found = {}
    for api in APIS:
        usage_plan = f'module.{api}_api["v1"].aws_api_gateway_usage_plan.client["m_bakery"]'
        (stage,) = planned.one(usage_plan)["api_stages"]
        found[api] = {each["path"]: each["rate_limit"] for each in stage["throttle"]}
    assert found["payments"][f"{PAYMENTS}/GET"] == 2
    assert found["fraud"] == found["dashboard"] == {}


def test_warm_environments_are_those_of_the_alias(applied_payment_platform: AppliedRoot) -> None:
    functions = applied_payment_platform.client("lambda")
    for name, (_, provisioned) in FUNCTIONS.items():
        config = functions.get_provisioned_concurrency_config(
            FunctionName=f"payments-qa-{name.replace('_', '-')}", Qualifier="live"
        )
        assert config["RequestedProvisionedConcurrentExecutions"] == provisioned
