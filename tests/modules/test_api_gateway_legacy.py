"""modules/api-gateway: merchants that a legacy backend still serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.testing import pci, rejects

if TYPE_CHECKING:
    from harness.testing import Planner

MODULE = "modules/api-gateway"
OPENAPI = """
openapi: 3.0.3
info: {title: Payments, version: "1"}
components:
  parameters:
    MerchantId: &merchant_id {name: merchant_id, in: path, required: true, schema: {type: string}}
paths:
  /merchants/{merchant_id}/payments:
    get: {operationId: listPayments, responses: {"200": {description: ok}}}
  /merchants/{merchant_id}/tokens:
    post:
      operationId: createToken
      parameters: [*merchant_id]
      requestBody: {required: true, content: {application/json: {schema: {type: object}}}}
      responses: {"201": {description: ok}}
"""
LEGACY = {"base_url": "https://legacy.internal.example", "vpc_link_id": "link01"}
LEGACY_PATH = "/merchants/m_bakery/{proxy+}"
TOKENS, BAKERYS_TOKENS = "/merchants/{merchant_id}/tokens", "/merchants/m_bakery/tokens"


def alias(function: str) -> dict[str, str]:
    arn = f"arn:aws:lambda:eu-west-1:555555555555:function:{function}:live"
    uri = f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    return {"function_name": function, "invoke_arn": uri, "name": "live"}


def definition(plan: Planner, legacy: dict[str, Any]) -> Any:
    functions = {"default": alias("payments"), "by_operation": {"createToken": alias("tokenizer")}}
    planned = plan(
        MODULE,
        {
            "name": "payments-dev-payments-v1",
            "openapi": OPENAPI,
            "integrations": {**functions, "legacy": legacy},
            "capacity": {"transactions_per_second": 50, "burst": 60},
            "clients": {},
            "kms_key": {"arn": "arn:aws:kms:eu-west-1:555555555555:key/1"},
            "web_acl": {"arn": "arn:aws:wafv2:eu-west-1:555555555555:regional/webacl/a/1"},
        },
    )
    return planned.one("aws_api_gateway_rest_api").json("body")


def test_without_legacy_merchants_the_contract_is_all_there_is(plan: Planner) -> None:
    paths = definition(plan, {})["paths"]
    assert set(paths) == {"/merchants/{merchant_id}/payments", TOKENS}


def test_one_merchant_goes_to_legacy_and_the_others_as_before(plan: Planner) -> None:
    before, paths = definition(plan, {})["paths"], definition(plan, {"m_bakery": LEGACY})["paths"]
    assert set(paths) - set(before) == {LEGACY_PATH, BAKERYS_TOKENS}
    assert {path: paths[path] for path in before} == before
    integration = paths[LEGACY_PATH]["x-amazon-apigateway-any-method"][
        "x-amazon-apigateway-integration"
    ]
    assert integration["uri"] == "https://legacy.internal.example/merchants/m_bakery/{proxy}"
    assert (integration["connectionType"], integration["connectionId"]) == ("VPC_LINK", "link01")


@pci("7.3.3", "8.3.1")
def test_legacy_is_signed_metered_and_told_who_calls(plan: Planner) -> None:
    method = definition(plan, {"m_bakery": LEGACY})["paths"][LEGACY_PATH][
        "x-amazon-apigateway-any-method"
    ]
    assert method["security"] == [{"api_key": [], "sigv4": []}]
    told = method["x-amazon-apigateway-integration"]["requestParameters"]
    assert told["integration.request.header.x-principal-arn"] == "context.identity.userArn"
    assert told["integration.request.header.x-api-key-id"] == "context.identity.apiKeyId"


def test_card_numbers_go_to_the_tokenizer_all_the_same(plan: Planner) -> None:
    paths = definition(plan, {"m_bakery": LEGACY})["paths"]
    kept, ordinary = paths[BAKERYS_TOKENS]["post"], paths[TOKENS]["post"]
    for part in ("integration", "request-validator"):
        name = f"x-amazon-apigateway-{part}"
        assert kept[name] == ordinary[name]
    assert kept["security"] == ordinary["security"]
    assert (kept["operationId"], kept["parameters"]) == ("createToken_m_bakery", [])


@pytest.mark.parametrize(
    ("legacy", "words"),
    [
        ({"m_bakery": {**LEGACY, "base_url": "http://legacy.example"}}, "reached by https://"),
        ({"m/bakery": LEGACY}, "become a part of paths"),
    ],
)
def test_what_no_route_can_be_made_of_is_refused(
    plan: Planner, legacy: dict[str, Any], words: str
) -> None:
    with rejects(variable="integrations", match=words):
        definition(plan, legacy)
