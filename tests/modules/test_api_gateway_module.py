"""modules/api-gateway: what is deployed of a plain contract."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing import pci, rejects
from payment_core.lifecycle import headers_of_stage
from payment_core.problems import CATALOGUE, CONTENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.testing import AppliedRoot, PlannedRoot, Planner
    from harness.testing.examples import ExamplePlanner

MODULE = "modules/api-gateway"

FUNCTION = "arn:aws:lambda:eu-west-1:555555555555:function"
OPENAPI = """
openapi: 3.0.3
info: {title: Payments, version: "1"}
paths:
  /merchants/{merchant_id}/payments:
    get: {operationId: listPayments, responses: {"200": {description: ok}}}
    post:
      operationId: authorizePayment
      requestBody: {required: true, content: {application/json: {schema: {type: object}}}}
      responses: {"201": {description: ok}}
"""


def alias(function: str) -> dict[str, str]:
    arn = f"{FUNCTION}:{function}:live"
    uri = f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    return {"function_name": function, "invoke_arn": uri, "name": "live"}


GOOD = {
    "name": "payments-dev-payments-v1",
    "openapi": OPENAPI,
    "integrations": {"default": alias("payments"), "by_operation": {"listPayments": alias("list")}},
    "capacity": {"transactions_per_second": 50, "burst": 60},
    "clients": {"m_bakery": {"rate_per_second": 30, "burst": 40, "daily_quota": 1000}},
    "kms_key": {"arn": "arn:aws:kms:eu-west-1:555555555555:key/1"},
    "web_acl": {"arn": "arn:aws:wafv2:eu-west-1:555555555555:regional/webacl/payments-dev/1"},
    "allowed_account_ids": ["666666666666"],
}


def client(**changes: Any) -> dict[str, Any]:
    return {"m_bakery": {"rate_per_second": 1, "burst": 1, **changes}}


def integrations(**changes: Any) -> dict[str, Any]:
    return {"default": alias("payments"), **changes}


PRIVATE = {"base_url": "https://fraud.internal.example.com", "vpc_link_id": "link01"}


ENDING = {
    "deprecated_on": "2027-01-31T12:00:01Z",
    "sunset_on": "2027-07-01T00:00:00Z",
    "successor": "https://api.payments.example/v2/payments",
}


@dataclass(frozen=True)
class Refused:
    """One wrong value, the words of its refusal, and what else must change to get that far."""

    variable: str
    value: Any
    words: str
    besides: Mapping[str, Any] = field(default_factory=dict)


REFUSED = {
    "capital_name": Refused("name", "Payments", "lower-case letters, digits and hyphens"),
    "newer_openapi": Refused("openapi", OPENAPI.replace("3.0.3", "3.1.0"), "imports no 3.1"),
    "not_openapi": Refused("openapi", "{", "content of an OpenAPI 3.0 document"),
    "extensions": Refused("openapi", OPENAPI + "x-amazon-apigateway-policy: {}", "Leave `x-amazon"),
    "nameless_operation": Refused(
        "openapi",
        OPENAPI.replace("operationId: authorizePayment", ""),
        "an `operationId` of its own",
        {"integrations": integrations()},
    ),
    "same_operation_twice": Refused(
        "openapi",
        OPENAPI.replace("authorizePayment", "listPayments"),
        "an `operationId` of its own",
        {"integrations": integrations()},
    ),
    "slow_integration": Refused(
        "integrations", integrations(timeout_ms=60000), "within 50 to 29000 ms"
    ),
    "nowhere": Refused("integrations", {}, "either `default`, a function's alias, or"),
    "two_places": Refused(
        "integrations", {**integrations(), "private": PRIVATE}, "either `default`, a function's"
    ),
    "plain_private": Refused(
        "integrations",
        {"private": {**PRIVATE, "base_url": "http://fraud.example.com"}},
        "reached by https:// at a host name",
    ),
    "unknown_operation": Refused(
        "integrations",
        integrations(by_operation={"chargeCard": alias("list")}),
        "It has: listPayments, authorizePayment.",
    ),
    "no_throttle": Refused(
        "capacity",
        {"transactions_per_second": 0, "burst": 1},
        "Both capacities must be over 0",
        {"clients": {}},
    ),
    "no_rate": Refused("clients", client(rate_per_second=0), "a rate, a burst"),
    "oversold_rate": Refused(
        "clients", client(rate_per_second=51), "promise 51 requests a second, the service"
    ),
    "oversold_burst": Refused(
        "clients", client(burst=61), "promise bursts of 61 requests, the service holds 60"
    ),
    "web_acl_of_cloudfront": Refused(
        "web_acl",
        {"arn": "arn:aws:wafv2:us-east-1:555555555555:global/webacl/payments/1"},
        "one of CloudFront can't stand",
    ),
    "capital_stage": Refused("stage_name", "Live", "lower-case letters, digits and underscores"),
    "short_account": Refused("allowed_account_ids", ["42"], "has 12 digits"),
    "old_tls": Refused("tls", {"security_policy": "TLS_1_0"}, "TLS 1.2 or better"),
    "short_logs": Refused("logs", {"retention_days": 7}, "three months at hand"),
    "no_execution_log": Refused("logs", {"execution_level": "OFF"}, "it can't be off"),
    "no_time": Refused(
        "version_lifecycle", {"deprecated_on": "2027-01-31"}, "times in RFC 3339, in UTC"
    ),
    "local_time": Refused(
        "version_lifecycle", {"deprecated_on": "2027-01-31T00:00:00+01:00"}, "in UTC"
    ),
    "no_such_day": Refused(
        "version_lifecycle", {"deprecated_on": "2027-02-30T00:00:00Z"}, "times in RFC 3339"
    ),
    "ends_before": Refused(
        "version_lifecycle", {**ENDING, "sunset_on": "2027-01-31T00:00:00Z"}, "ends after it was"
    ),
    "odd_successor": Refused(
        "version_lifecycle", {**ENDING, "successor": "https://x.example/'a b'"}, "hold no others"
    ),
    "alarm_at_zero": Refused("alarm_thresholds", {"latency_p99_ms": 0}, "thresholds are over 0"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_invalid_input_is_refused(plan: Planner, case: str) -> None:
    refused = REFUSED[case]
    with rejects(variable=refused.variable, match=re.escape(refused.words)):
        plan(MODULE, {**GOOD, **refused.besides, refused.variable: refused.value})


def test_clients_are_metered_by_their_plans(plan_example: ExamplePlanner) -> None:
    planned = plan_example("modules/api-gateway/README.md")
    usage_plan = "module.payments_api.aws_api_gateway_usage_plan.client"
    throttle = {"burst_limit": 30, "rate_limit": 30}
    planned.one(f'{usage_plan}["m_bakery"]').expect(throttle_settings=[throttle], quota_settings=[])
    planned.one(f'{usage_plan}["m_cinema"]').expect(quota_settings=[{"limit": 50000}])


def test_a_client_may_bring_the_key_of_another_api(plan: Planner) -> None:
    clients = {**client(api_key={"id": "key0000001"}), "m_cinema": client()["m_bakery"]}
    planned = plan(MODULE, {**GOOD, "clients": clients})
    planned.expect_counts(aws_api_gateway_api_key=1, aws_api_gateway_usage_plan_key=2)
    bakery = planned.one('aws_api_gateway_usage_plan_key.client["m_bakery"]')
    bakery.expect(key_id="key0000001")


@pytest.fixture
def private(plan: Planner) -> Any:
    """The definition of an API whose service is behind a VPC link, but for one operation."""
    integrations = {"private": PRIVATE, "by_operation": {"listPayments": alias("list")}}
    planned = plan(MODULE, {**GOOD, "integrations": integrations})
    assert {permission.name for permission in planned.all("aws_lambda_permission")} == {
        "single_operation"
    }
    definition = planned.one("aws_api_gateway_rest_api").json("body")
    return {
        method: operation["x-amazon-apigateway-integration"]
        for method, operation in definition["paths"]["/merchants/{merchant_id}/payments"].items()
    }


def test_a_private_service_is_reached_through_the_link_alone(private: Any) -> None:
    post = private["post"]
    assert (post["type"], post["httpMethod"]) == ("http_proxy", "POST")
    assert (post["connectionType"], post["connectionId"]) == ("VPC_LINK", "link01")
    assert post["uri"] == f"{PRIVATE['base_url']}/merchants/{{merchant_id}}/payments"
    assert "tlsConfig" not in post, "the certificate is checked"
    assert private["get"]["type"] == "aws_proxy"


@pci("7.3.3")
def test_a_private_service_hears_who_calls_from_the_gateway_alone(private: Any) -> None:
    mapped = private["post"]["requestParameters"]
    assert mapped == {
        "integration.request.header.x-account-id": "context.identity.accountId",
        "integration.request.header.x-api-deprecated-on": "stageVariables.deprecated_on",
        "integration.request.header.x-api-key-id": "context.identity.apiKeyId",
        "integration.request.header.x-api-successor": "stageVariables.successor",
        "integration.request.header.x-api-sunset-on": "stageVariables.sunset_on",
        "integration.request.header.x-principal-arn": "context.identity.userArn",
        "integration.request.header.x-request-id": "context.extendedRequestId",
        "integration.request.header.x-source-ip": "context.identity.sourceIp",
        "integration.request.path.merchant_id": "method.request.path.merchant_id",
    }


@pytest.fixture
def planned(plan: Planner) -> PlannedRoot:
    """The plan of an API over known functions."""
    return plan(MODULE, GOOD)


@pytest.fixture
def definition(planned: PlannedRoot) -> Any:
    return planned.one("aws_api_gateway_rest_api").json("body")


@pci("6.2.4", "7.3.3")
def test_every_operation_is_signed_metered_and_validated(definition: Any) -> None:
    operations = definition["paths"]["/merchants/{merchant_id}/payments"]
    assert set(operations) == {"get", "post"}
    for operation in operations.values():
        assert operation["security"] == [{"api_key": [], "sigv4": []}]
    sigv4 = definition["components"]["securitySchemes"]["sigv4"]
    assert sigv4["x-amazon-apigateway-authtype"] == "awsSigv4"
    validators = definition["x-amazon-apigateway-request-validators"]
    chosen = validators[operations["post"]["x-amazon-apigateway-request-validator"]]
    assert chosen == {"validateRequestBody": True, "validateRequestParameters": True}
    assert operations["get"]["x-amazon-apigateway-request-validator"] == "parameters"


def test_operations_go_to_their_functions_and_only_there(
    definition: Any, planned: PlannedRoot
) -> None:
    operations = definition["paths"]["/merchants/{merchant_id}/payments"]
    called = {
        method: operation["x-amazon-apigateway-integration"]
        for method, operation in operations.items()
    }
    assert called["get"]["uri"] == alias("list")["invoke_arn"]
    assert called["post"]["uri"] == alias("payments")["invoke_arn"]
    assert {call["httpMethod"] for call in called.values()} == {"POST"}
    permission = planned.one('aws_lambda_permission.single_operation["listPayments"]')
    permission.expect(function_name="list", qualifier="live")


@pci("4.2.1", "7.3.3")
def test_definition_sets_tls_and_resource_policy(definition: Any) -> None:
    assert "TLS13_1_2_PFS" in definition["x-amazon-apigateway-security-policy"]
    assert definition["x-amazon-apigateway-endpoint-access-mode"] == "BASIC"
    accounts, transport, other = definition["x-amazon-apigateway-policy"]["Statement"]
    assert {accounts["Effect"], transport["Effect"]} == {"Deny"}
    allowed = ["555555555555", "666666666666"]
    assert accounts["Condition"] == {"StringNotEquals": {"aws:PrincipalAccount": allowed}}
    assert transport["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert other["Principal"] == {"AWS": "arn:aws:iam::666666666666:root"}


def test_gateway_answers_problems_of_the_catalogue(definition: Any) -> None:
    responses = definition["x-amazon-apigateway-gateway-responses"]
    for kind, response in responses.items():
        problem = json.loads(response["responseTemplates"]["application/json"])
        known = CATALOGUE[problem["code"]]
        assert problem["type"] == f"urn:payment-api:problem:{problem['code']}", kind
        assert problem["title"] == known.title, kind
        assert problem["retryable"] == known.retryable, kind
        assert problem["status"] == known.status == int(response["statusCode"]), kind
        assert problem["request_id"] == "$context.extendedRequestId", kind
        header = response["responseParameters"]["gatewayresponse.header.Content-Type"]
        assert header == f"'{CONTENT_TYPE}'", kind
    assert "gatewayresponse.header.Retry-After" in responses["THROTTLED"]["responseParameters"]
    assert len(responses) == 21


def test_a_version_says_when_it_ends(plan: Planner) -> None:
    planned = plan(MODULE, {**GOOD, "version_lifecycle": ENDING})
    planned.one("aws_api_gateway_stage").expect(variables=ENDING)
    definition = planned.one("aws_api_gateway_rest_api").json("body")
    for response in definition["x-amazon-apigateway-gateway-responses"].values():
        sent = {
            name.removeprefix("gatewayresponse.header."): value.strip("'")
            for name, value in response["responseParameters"].items()
        }
        assert headers_of_stage(ENDING).items() <= sent.items()


def test_a_version_without_an_end_says_nothing(planned: PlannedRoot, definition: Any) -> None:
    planned.one("aws_api_gateway_stage").expect(variables=None)
    answer = definition["x-amazon-apigateway-gateway-responses"]["ACCESS_DENIED"]
    assert set(answer["responseParameters"]) == {"gatewayresponse.header.Content-Type"}


def test_a_version_that_is_gone_answers_410_by_itself(plan: Planner) -> None:
    gone = {**ENDING, "gone": True}
    planned = plan(MODULE, {**GOOD, "version_lifecycle": gone})
    definition = planned.one("aws_api_gateway_rest_api").json("body")
    operations = [
        operation
        for item in definition["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict) and "operationId" in operation
    ]
    assert operations
    for operation in operations:
        integration = operation["x-amazon-apigateway-integration"]
        (answer,) = integration["responses"].values()
        problem = json.loads(answer["responseTemplates"]["application/json"])
        sent = {
            name.removeprefix("method.response.header."): value.strip("'")
            for name, value in answer["responseParameters"].items()
        }
        assert integration["type"] == "mock"
        assert operation["security"] == [{"api_key": [], "sigv4": []}]
        assert (problem["status"], problem["code"]) == (410, "version_gone")
        assert sent == {**headers_of_stage(ENDING), "Content-Type": "application/problem+json"}
        assert sent.keys() == operation["responses"]["410"]["headers"].keys()
    planned.one("aws_api_gateway_stage").expect(variables={**ENDING, "gone": "true"})
    planned.expect_counts(aws_lambda_permission=0)
    with pytest.raises(AssertionError):
        planned.one('aws_cloudwatch_metric_alarm.errors["client_errors"]')


def test_a_version_is_not_gone_before_its_end_is_known(plan: Planner) -> None:
    gone = {"deprecated_on": ENDING["deprecated_on"], "gone": True}
    with rejects(variable="version_lifecycle", match="the day on which it ended"):
        plan(MODULE, {**GOOD, "version_lifecycle": gone})


@pytest.mark.parametrize(
    "deprecated_on",
    [
        "1970-01-01T00:00:00Z",
        "2000-02-29T23:59:59Z",
        "2027-03-01T00:00:00Z",
        "2028-02-29T08:09:08Z",
        "2100-03-01T00:00:00Z",
        "2400-12-31T00:00:00Z",
    ],
)
def test_deprecations_are_counted_in_seconds(plan: Planner, deprecated_on: str) -> None:
    planned = plan(MODULE, {**GOOD, "version_lifecycle": {"deprecated_on": deprecated_on}})
    definition = planned.one("aws_api_gateway_rest_api").json("body")
    answer = definition["x-amazon-apigateway-gateway-responses"]["THROTTLED"]
    header = answer["responseParameters"]["gatewayresponse.header.Deprecation"]
    assert header == f"'@{int(datetime.fromisoformat(deprecated_on).timestamp())}'"


@pci("3.3.1", "6.2.4")
def test_stage_throttles_and_logs_no_bodies(planned: PlannedRoot) -> None:
    planned.one("aws_api_gateway_method_settings").expect(
        method_path="*/*",
        settings={
            "throttling_rate_limit": 50,
            "throttling_burst_limit": 60,
            "logging_level": "INFO",
            "metrics_enabled": True,
            "data_trace_enabled": False,
            "caching_enabled": False,
        },
    )


@pci("10.2.1", "10.2.2")
def test_access_log_says_who_did_what_when_and_how_it_ended(planned: PlannedRoot) -> None:
    stage = planned.one("aws_api_gateway_stage").expect(xray_tracing_enabled=True)
    (settings,) = stage["access_log_settings"]
    logged = set(re.findall(r"\$context\.([A-Za-z.]+)", settings["format"]))
    who = {"identity.userArn", "identity.caller", "identity.accountId", "identity.apiKeyId"}
    what = {"httpMethod", "resourcePath", "extendedRequestId"}
    when_and_where = {"requestTime", "requestTimeEpoch", "identity.sourceIp"}
    outcome = {"status", "error.responseType", "integration.status", "integration.latency"}
    assert who | what | when_and_where | outcome <= logged
    never = r"authorization|apiKey\b|requestOverride|body|userAgent|requestId|error\.message|\bpath"
    assert not re.search(never, " ".join(logged))
    assert len(settings["format"]) < 3000


def test_alarms_follow_the_capacity(planned: PlannedRoot) -> None:
    near = planned.one("aws_cloudwatch_metric_alarm.near_capacity")
    near.expect(threshold=pytest.approx(0.8 * 60 * 50))
    server = planned.one('aws_cloudwatch_metric_alarm.errors["server_errors"]')
    server.expect(metric_name="5XXError", threshold=0.01)


@pci("7.2.5")
def test_merchants_policy_names_their_own_paths_only(applied_payment_platform: AppliedRoot) -> None:
    resources = applied_payment_platform.resources
    policy = resources['module.platform.aws_iam_role_policy.merchant["m_bakery"]']["policy"]
    statements = json.loads(policy)["Statement"]
    apis = [
        resources[f'module.platform.module.{name}_api["v1"].aws_api_gateway_rest_api.api']
        for name in ("dashboard", "fraud", "payments")
    ]
    own = "live/*/merchants/${aws:PrincipalTag/merchant_id}/*"
    assert [each["Resource"] for each in statements] == [
        f"{api['execution_arn']}/{own}" for api in apis
    ]
    assert {each["Action"] for each in statements} == {"execute-api:Invoke"}


@pci("7.3.3")
def test_deployed_methods_need_signature_and_key(applied_api_gateway: AppliedRoot) -> None:
    api = applied_api_gateway.resources["module.payments_api.aws_api_gateway_rest_api.api"]
    found = applied_api_gateway.client("apigateway").get_resources(
        restApiId=api["id"], embed=["methods"]
    )
    methods = [
        method for item in found["items"] for method in item.get("resourceMethods", {}).values()
    ]
    contract = Path("lambda_src/transaction_gateway/openapi/v1.yaml").read_text()
    assert len(methods) == contract.count("operationId:")
    assert {method["authorizationType"] for method in methods} == {"AWS_IAM"}
    assert {method["apiKeyRequired"] for method in methods} == {True}


@pci("6.4.2")
def test_no_stage_is_without_a_web_acl(applied_api_gateway: AppliedRoot) -> None:
    stage = applied_api_gateway.one("module.payments_api.aws_api_gateway_stage.stage")["arn"]
    found = applied_api_gateway.client("wafv2").get_web_acl_for_resource(ResourceArn=stage)
    assert found["WebACL"]["Name"] == "payments-integration"
