"""modules/api-gateway: throttles, plans and alarms that follow from one capacity."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing import pci, rejects

if TYPE_CHECKING:
    from harness.testing import AppliedRoot, PlannedRoot, Planner

MODULE = "modules/api-gateway"
URI = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/pay/invocations"
PAYMENTS = "/merchants/{merchant_id}/payments"
CAPTURES = f"{PAYMENTS}/{{payment_id}}/captures"


def contract(*more: str) -> str:
    operations = {
        PAYMENTS: {"get": "listPayments", "post": "authorizePayment"},
        CAPTURES: {"post": "capturePayment"},
        **{f"/{name}": {"get": name} for name in more},
    }
    return json.dumps(
        {
            "openapi": "3.0.3",
            "info": {"title": "Payments", "version": "1"},
            "paths": {
                path: {
                    verb: {"operationId": name, "responses": {"200": {"description": "ok"}}}
                    for verb, name in item.items()
                }
                for path, item in operations.items()
            },
        }
    )


CAPACITY = {"transactions_per_second": 50, "burst": 60, "held_for": ["capturePayment"]}
BAKERY = {"rate_per_second": 30, "burst": 39, "daily_quota": 1000}
CINEMA = {"rate_per_second": 20, "burst": 21}
GOOD = {
    "name": "payments-dev-payments-v1",
    "openapi": contract(),
    "integrations": {
        "default": {"function_name": "pay", "invoke_arn": URI, "name": "live"},
    },
    "capacity": CAPACITY,
    "clients": {"m_bakery": BAKERY, "m_cinema": CINEMA},
    "kms_key": {"arn": "arn:aws:kms:eu-west-1:555555555555:key/1"},
    "web_acl": {"arn": "arn:aws:wafv2:eu-west-1:555555555555:regional/webacl/payments/1"},
}


def limiting(operation: str, rate: float, burst: int) -> dict[str, Any]:
    limit = {operation: {"rate_per_second": rate, "burst": burst}}
    return {"m_bakery": {**BAKERY, "operations": limit}, "m_cinema": CINEMA}


@dataclass(frozen=True)
class Refused:
    """Wrong values, the variable that is at fault (None: a plan), and the words of the refusal."""

    change: dict[str, Any]
    variable: str | None
    words: str


SAME_KEY = {"api_key": {"id": "key0000001"}}
REFUSED = {
    "nothing_left": Refused(
        {"capacity": {**CAPACITY, "held_percent": 95}}, "capacity", "at most 90 percent"
    ),
    "held_for_nobody": Refused(
        {"capacity": {**CAPACITY, "held_for": ["chargeCard"]}},
        "capacity",
        "operations that the contract doesn't have: chargeCard. It has: ",
    ),
    "two_plans_of_one_key": Refused(
        {"clients": {"m_bakery": {**BAKERY, **SAME_KEY}, "m_cinema": {**CINEMA, **SAME_KEY}}},
        "clients",
        "Two of the clients have the same API key",
    ),
    "limits_nothing": Refused(
        {"clients": limiting("chargeCard", 1, 1)},
        "clients",
        "operations that the contract doesn't have: chargeCard",
    ),
    "limited_to_nothing": Refused(
        {"clients": limiting("listPayments", 0, 1)}, "clients", "are over 0 requests a second"
    ),
    "more_than_the_plan": Refused(
        {"clients": limiting("capturePayment", 31, 1)},
        None,
        "m_bakery may ask more of single operations than its plan leaves",
    ),
    "rate_that_is_held": Refused(
        {"clients": limiting("listPayments", 25, 1)},
        None,
        "listPayments at most 24 requests a second and 31 at one instant",
    ),
    "burst_that_is_held": Refused(
        {"clients": limiting("listPayments", 1, 32)}, None, "31 at one instant. Lower these"
    ),
    "limits_over_twenty": Refused(
        {"openapi": contract(*(f"report{number}" for number in range(19)))},
        None,
        "limits 21 operations one by one; API Gateway takes 20",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_plans_that_cannot_hold_are_refused(plan: Planner, case: str) -> None:
    refused = REFUSED[case]
    with rejects(variable=refused.variable, match=re.escape(refused.words)):
        plan(MODULE, {**GOOD, **refused.change})


@pytest.fixture
def planned(plan: Planner) -> PlannedRoot:
    return plan(MODULE, GOOD)


def plan_limits(planned: PlannedRoot, client: str) -> dict[str, tuple[float, int]]:
    (stage,) = planned.one(f'aws_api_gateway_usage_plan.client["{client}"]')["api_stages"]
    return {
        limit["path"]: (limit["rate_limit"], limit["burst_limit"]) for limit in stage["throttle"]
    }


@pci("6.2.4")
def test_others_leave_the_held_part_of_every_limit(planned: PlannedRoot) -> None:
    planned.expect_counts(exhaustive=False, aws_api_gateway_method_settings=3)
    for operation, verb in {"listPayments": "GET", "authorizePayment": "POST"}.items():
        planned.one(f'aws_api_gateway_method_settings.limited["{operation}"]').expect(
            method_path=f"~1merchants~1{{merchant_id}}~1payments/{verb}",
            settings={
                "throttling_rate_limit": 40,
                "throttling_burst_limit": 48,
                "logging_level": "INFO",
                "metrics_enabled": True,
                "data_trace_enabled": False,
                "caching_enabled": False,
            },
        )
    planned.one("aws_api_gateway_method_settings.all").expect(
        settings={"throttling_rate_limit": 50, "throttling_burst_limit": 60}
    )
    assert plan_limits(planned, "m_bakery") == {
        f"{PAYMENTS}/GET": (24, 31),
        f"{PAYMENTS}/POST": (24, 31),
    }


def test_what_clients_may_ask_of_an_operation_fits_into_its_limit(planned: PlannedRoot) -> None:
    both = [plan_limits(planned, client) for client in ("m_bakery", "m_cinema")]
    for path in both[0]:
        assert sum(limits[path][0] for limits in both) <= 40
        assert sum(limits[path][1] for limits in both) <= 48


def test_nothing_is_held_unless_it_is_said_for_what(plan: Planner) -> None:
    capacity = {"transactions_per_second": 50, "burst": 60}
    planned = plan(MODULE, {**GOOD, "capacity": capacity})
    planned.expect_counts(exhaustive=False, aws_api_gateway_method_settings=1)
    assert plan_limits(planned, "m_bakery") == {}


def test_a_client_may_be_limited_further(plan: Planner) -> None:
    planned = plan(MODULE, {**GOOD, "clients": limiting("listPayments", 2.5, 5)})
    assert plan_limits(planned, "m_bakery") == {
        f"{PAYMENTS}/GET": (2.5, 5),
        f"{PAYMENTS}/POST": (24, 31),
    }


@pci("6.2.4")
def test_throttling_is_counted_from_the_access_log_and_alarmed(planned: PlannedRoot) -> None:
    counted = planned.one("aws_cloudwatch_log_metric_filter.throttled")
    counted.expect(log_group_name="/aws/apigateway/payments-dev-payments-v1/access")
    (field,) = re.findall(r"\$\.(\w+) = \"THROTTLED\"", counted["pattern"])
    (settings,) = planned.one("aws_api_gateway_stage.stage")["access_log_settings"]
    assert json.loads(settings["format"])[field] == "$context.error.responseType"
    (metric,) = counted["metric_transformation"]
    alarm = planned.one("aws_cloudwatch_metric_alarm.throttled").expect(threshold=5)
    watched = [query["metric"][0] for query in alarm["metric_query"] if query["metric"]]
    named = {(each["namespace"], each["metric_name"]) for each in watched}
    assert named == {("AWS/ApiGateway", "Count"), (metric["namespace"], metric["name"])}


def test_deployed_limits_are_those_of_the_capacity(applied_api_gateway: AppliedRoot) -> None:
    gateway = applied_api_gateway.client("apigateway")
    resources = applied_api_gateway.resources
    api_id = resources["module.payments_api.aws_api_gateway_rest_api.api"]["id"]
    settings = gateway.get_stage(restApiId=api_id, stageName="live")["methodSettings"]
    limits = {key: each["throttlingRateLimit"] for key, each in settings.items()}
    payments = "~1merchants~1{merchant_id}~1payments"
    assert limits == {
        "*/*": 50,
        "~1merchants~1{merchant_id}~1tokens/POST": 40,
        f"{payments}/GET": 40,
        f"{payments}/POST": 40,
        f"{payments}~1{{payment_id}}/GET": 40,
    }
    plan = resources['module.payments_api.aws_api_gateway_usage_plan.client["m_bakery"]']
    (stage,) = gateway.get_usage_plan(usagePlanId=plan["id"])["apiStages"]
    assert stage["throttle"][f"{PAYMENTS}/POST"] == {"rateLimit": 24, "burstLimit": 24}
    assert f"{CAPTURES}/POST" not in stage["throttle"]
