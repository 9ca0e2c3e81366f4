"""What operators watch in dev: every metric is emitted by a run, and a request leaves one trace."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from harness.caller import Caller
from harness.edge import EdgeError
from harness.monitored import (
    Metric,
    UnreadableError,
    emitted_metrics,
    metrics_of_dashboard,
    named_metrics,
)
from payment_core.fraud import SUSPECTED_FRAUD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.platform import Platform

CARD = {"number": "4242424242424242", "expiry_month": 12, "expiry_year": 2040}
STOLEN = {"number": "5555555555554444", "expiry_month": 12, "expiry_year": 2040}
WEBHOOK_URL = "https://hooks.rivertown.example/payments"
TRACE = "1-5759e988-bd862e3fe1be46a994272793"


def caller_of(platform: Platform, caller: Caller, api_name: str) -> Caller:
    return Caller(platform.merchant(caller.access.merchant_id, api_name=api_name), caller.http)


@pytest.fixture(scope="module")
def shop(platform: Platform, caller: Caller) -> Caller:
    """A merchant of this run's own: whom fraud is suspected of isn't paid for a while."""
    return Caller(platform.merchant(platform.merchant_ids[-1]), caller.http)


def token_of(caller: Caller, card: dict[str, Any]) -> str:
    answer = caller.send("POST", "/tokens", {"card": card})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def register_webhook(platform: Platform, merchant_id: str) -> None:
    """Set an endpoint up, as the merchant's onboarding does."""
    secret = platform.aws.client("secretsmanager", platform.account_id).create_secret(
        Name=f"payments-dev-webhook-{merchant_id}",
        SecretString=json.dumps({"signing_secrets": ["s" * 32]}),
    )
    item = {
        "pk": f"MERCHANT#{merchant_id}",
        "sk": "WEBHOOK",
        "url": WEBHOOK_URL,
        "secret_arn": secret["ARN"],
    }
    platform.aws.client("dynamodb", platform.account_id).put_item(
        TableName=platform.outputs["tables"]["webhooks"]["name"],
        Item={name: {"S": text} for name, text in item.items()},
    )


def be_refused_for_fraud(caller: Caller, token: str) -> None:
    """Spend ever more with one card from ever other countries, until it is noticed."""
    for number, country in enumerate(["DE", "BR", "NG", "US", "VN", "RU"] * 8):
        answer = caller.authorize(
            400_000 + number, token=token, country=country, device_id=f"device-{number}"
        )
        if answer.status_code == 402 and answer.json().get("decline_code") == SUSPECTED_FRAUD:
            return
        if answer.status_code == 429:
            time.sleep(0.2)
    raise AssertionError(f"nothing was refused for fraud, last: {answer.text}")


def fail_a_deployment_of_every_service(platform: Platform) -> None:
    """Deploy revisions that don't start, see them given up, and go back."""
    ecs = platform.aws.client("ecs", platform.account_id)
    before = []
    for service in platform.outputs["services"].values():
        place = {"cluster": service["cluster"], "service": service["name"]}
        (described,) = ecs.describe_services(
            cluster=service["cluster"], services=[service["name"]]
        )["services"]
        before.append({**place, "taskDefinition": described["taskDefinition"]})
        serving = ecs.describe_task_definition(taskDefinition=described["taskDefinition"])
        definition: dict[str, Any] = serving["taskDefinition"]
        (container,) = definition["containerDefinitions"]
        kept = ("family", "networkMode", "taskRoleArn", "executionRoleArn", "cpu", "memory")
        broken = ecs.register_task_definition(
            **{name: definition[name] for name in kept},
            containerDefinitions=[{**container, "command": ["python", "-m", "no_such_module"]}],
        )["taskDefinition"]["taskDefinitionArn"]
        ecs.update_service(**place, taskDefinition=broken)
    with pytest.raises(EdgeError, match="no_such_module"):
        platform.edge.reload()
    for original in before:
        ecs.update_service(**original)
    platform.edge.reload()


def find_a_card_number(platform: Platform) -> None:
    """Write what CloudWatch Logs writes when it masked one: the embedded AWS looks for none."""
    logs = platform.aws.client("logs", platform.account_id)
    place = {
        "logGroupName": platform.outputs["forwarding"]["findings_log_group_name"],
        "logStreamName": "findings",
    }
    logs.create_log_stream(**place)
    finding = {"auditTimestamp": "2030-01-01T00:00:00Z", "resourceArn": "a log group"}
    event = {"timestamp": int(time.time() * 1000), "message": json.dumps(finding)}
    logs.put_log_events(**place, logEvents=[event])


@pytest.fixture(scope="module")
def run(platform: Platform, shop: Caller) -> Iterator[Platform]:
    """A small run: cards, payments, one refused, an event told, pages, a sweep, a bad release."""
    merchant_id = shop.access.merchant_id
    register_webhook(platform, merchant_id)
    token = token_of(shop, CARD)
    shop.authorized(1250, token=token)
    be_refused_for_fraud(shop, token_of(shop, STOLEN))
    for name, path in (("fraud", "/scores"), ("dashboard", "/overview")):
        api = caller_of(platform, shop, name)
        body = {"amount": 5, "currency": "EUR", "token": token} if name == "fraud" else None
        answer = api.send("POST" if body else "GET", path, body)
        assert answer.status_code == 200, answer.text
    attack = shop.send("GET", "/payments?cursor=1%27%20OR%20%271%27%3D%271")
    assert attack.json()["code"] == "request_blocked"
    find_a_card_number(platform)
    platform.sweep()
    platform.review_logs()
    platform.edge.drain()
    fail_a_deployment_of_every_service(platform)
    platform.edge.flush_metrics()
    yield platform
    platform.aws.client("dynamodb", platform.account_id).delete_item(
        TableName=platform.outputs["tables"]["webhooks"]["name"],
        Key={"pk": {"S": f"MERCHANT#{merchant_id}"}, "sk": {"S": "WEBHOOK"}},
    )


def counts_floods(metric: Metric) -> bool:
    """Tell whether a run must send as many requests as a rate rule of the web ACL takes."""
    rule = dict(metric.dimensions).get("Rule", "")
    return metric.namespace == "AWS/WAFV2" and rule.startswith("rate-")


def test_dashboard_and_alarms_name_only_what_a_run_emitted(run: Platform) -> None:
    client = run.aws.client("cloudwatch", run.account_id)
    named, emitted = named_metrics(client), emitted_metrics(client)
    missing = {
        str(metric): sorted(named[metric])
        for metric in named.keys() - emitted
        if not counts_floods(metric)
    }
    assert missing == {}
    users = {who.partition(" ")[0] for each in named.values() for who in each}
    assert users == {"alarm", "dashboard"}


def test_every_own_metric_on_the_dashboard_has_its_unit_and_environment(run: Platform) -> None:
    client = run.aws.client("cloudwatch", run.account_id)
    own = [metric for metric in named_metrics(client) if metric.namespace.startswith("Payments/")]
    assert {metric.namespace.removeprefix("Payments/") for metric in own} == {
        "DashboardProjector",
        "EventPublisher",
        "FraudDetection",
        "LogReview",
        "MerchantDashboard",
        "Tokenizer",
        "TransactionGateway",
        "WebhookSender",
    }
    for metric in own:
        assert ("Environment", "dev") in metric.dimensions


def test_the_comparison_tells_names_apart_by_every_dimension() -> None:
    row = ["AWS/Lambda", "Errors", "FunctionName", "f", "Resource", "f:live", {"stat": "Sum"}]
    body = {"widgets": [{"type": "metric", "properties": {"title": "Errors", "metrics": [row]}}]}
    ((title, metric),) = metrics_of_dashboard(body)
    pairs = frozenset({("FunctionName", "f"), ("Resource", "f:live")})
    assert (title, metric) == ("Errors", Metric("AWS/Lambda", "Errors", pairs))
    assert metric != Metric("AWS/Lambda", "Errors", frozenset({("FunctionName", "f")}))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ([{"expression": "SEARCH('{AWS/Lambda} Errors', 'Sum')"}], "searches for metrics"),
        ([".", "Errors", "FunctionName", "f"], "write it in full"),
    ],
)
def test_what_cannot_be_compared_is_refused(row: list[Any], words: str) -> None:
    body = {"widgets": [{"type": "metric", "properties": {"title": "Errors", "metrics": [row]}}]}
    with pytest.raises(UnreadableError, match=re.escape(words)):
        list(metrics_of_dashboard(body))


def test_composite_alarms_name_alarms_that_exist(run: Platform) -> None:
    client = run.aws.client("cloudwatch", run.account_id)
    described = client.describe_alarms(AlarmTypes=["CompositeAlarm", "MetricAlarm"])
    known = {alarm["AlarmName"] for alarm in described["MetricAlarms"]}
    for composite in described["CompositeAlarms"]:
        named = set(re.findall(r'ALARM\("([^"]+)"\)', composite["AlarmRule"]))
        assert len(named) == 2
        assert named <= known
    assert len(described["CompositeAlarms"]) == len(run.outputs["observability"]["alarms"]) == 18


def lines_with(platform: Platform, log_group: str, text: str) -> list[dict[str, Any]]:
    logs = platform.aws.client("logs", platform.account_id)
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=log_group)
    messages = [event["message"] for page in pages for event in page["events"]]
    return [json.loads(message) for message in messages if text in message]


def test_one_request_has_one_trace_and_one_id_in_every_log(
    platform: Platform, caller: Caller
) -> None:
    caller = Caller(platform.merchant(platform.merchant_ids[1]), caller.http)
    token = token_of(caller, CARD)
    body = {
        "amount": 1250,
        "currency": "EUR",
        "reference": "traced",
        "payment_method": {"token": token},
    }
    sent = {"X-Amzn-Trace-Id": f"Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1"}
    answer = caller.send("POST", "/payments", body, headers=sent)
    assert answer.status_code == 201, answer.text
    platform.edge.flush_logs()
    payments = platform.outputs["apis"]["v1/payments"]
    (access,) = lines_with(platform, payments["access_log_group"], TRACE)
    assert access["trace_id"] == TRACE

    function = platform.outputs["functions"]["transaction_gateway"]["log_group"]
    service = platform.outputs["services"]["fraud_detection"]["log_group"]
    told = lines_with(platform, function, TRACE)
    assert {line["message"] for line in told} == {"fraud check", "request"}
    assert {line["trace_id"] for line in told} == {TRACE}
    (score,) = lines_with(platform, service, TRACE)
    assert score["trace_id"].startswith(f"Root={TRACE}")
    assert {line["request_id"] for line in [access, *told, score]} == {access["request_id"]}


def test_the_saved_query_searches_every_log_that_a_request_is_in(platform: Platform) -> None:
    logs = platform.aws.client("logs", platform.account_id)
    outputs = platform.outputs
    (saved,) = logs.describe_query_definitions(
        queryDefinitionNamePrefix=outputs["observability"]["query"]
    )["queryDefinitions"]
    assert set(saved["logGroupNames"]) == {
        *(api["access_log_group"] for api in outputs["apis"].values()),
        *(function["log_group"] for function in outputs["functions"].values()),
        *(service["log_group"] for service in outputs["services"].values()),
    }
