"""Who gets into APIs, and by which doors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from harness.testing import pci

from .judging import reasons, undecided, verdict_on_first

if TYPE_CHECKING:
    from collections.abc import Mapping

METHOD = "aws_api_gateway_method.pay"
API = "aws_api_gateway_rest_api.payments"
STAGE = "aws_api_gateway_stage.live"
SETTINGS = "aws_api_gateway_method_settings.all"
HTTP_STAGE = "aws_apigatewayv2_stage.live"
THROTTLED = {"throttling_rate_limit": 50, "throttling_burst_limit": 60}
OF_API = {STAGE: {"rest_api_id": [f"{API}.id", API]}, SETTINGS: {"rest_api_id": [f"{API}.id", API]}}
NO_IDS = {STAGE: {"rest_api_id": True}, SETTINGS: {"rest_api_id": True}}

SIGV4 = {"sigv4": {"type": "apiKey", "x-amazon-apigateway-authtype": "awsSigv4"}}
KEY = {"api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}}


def defined(
    security: Any = None, method: str = "post", extensions: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """An API made from a definition of one operation."""
    operation = dict(extensions or {})
    if security is not None:
        operation["security"] = security
    document = {
        "openapi": "3.0.3",
        "components": {"securitySchemes": {**SIGV4, **KEY}},
        "paths": {"/payments": {method: operation, "summary": "Payments"}},
    }
    return {API: {"body": json.dumps(document)}}


@pci("7.3.3")
def test_methods_and_routes_that_ask_for_iam_pass() -> None:
    assert not reasons("PCI_5", {METHOD: {"authorization": "AWS_IAM", "http_method": "POST"}})
    assert not reasons("PCI_5", defined([{"sigv4": [], "api_key": []}]))
    assert not reasons(
        "PCI_5", defined(extensions={"x-amazon-apigateway-auth": {"type": "AWS_IAM"}})
    )
    route = {"route_key": "POST /payments", "authorization_type": "AWS_IAM"}
    assert not reasons("PCI_5", {"aws_apigatewayv2_route.pay": route})


@pci("7.3.3")
@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"authorization": "NONE", "api_key_required": True}, "POST authorizes by NONE and a key"),
        ({"authorization": "NONE"}, "POST authorizes by NONE"),
        ({"authorization": "CUSTOM"}, "POST authorizes by CUSTOM"),
        ({}, "POST authorizes by NONE"),
    ],
)
def test_a_method_without_iam_fails(values: dict[str, Any], words: str) -> None:
    assert reasons("PCI_5", {METHOD: {"http_method": "POST", **values}}) == words


@pci("7.3.3")
@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (defined(), "POST /payments asks for nothing"),
        (defined([]), "POST /payments asks for nothing"),
        (defined([{"api_key": []}]), "POST /payments asks for api_key"),
        (defined([{"sigv4": []}, {"api_key": []}]), "asks for awsSigv4 or api_key"),
        (defined([{"sigv4": []}, {}]), "asks for awsSigv4 or nothing"),
        (
            defined([{"sigv4": []}], extensions={"x-amazon-apigateway-auth": {"type": "NONE"}}),
            "asks for nothing",
        ),
        (defined([{"api_key": []}], "x-amazon-apigateway-any-method"), "ANY /payments asks for"),
        (defined(method="options"), "OPTIONS /payments asks for nothing"),
    ],
)
def test_an_operation_of_a_definition_without_iam_fails(plan: Any, words: str) -> None:
    assert words in reasons("PCI_5", plan)


def test_definitions_are_read_as_yaml_and_of_version_2_too() -> None:
    document = {
        "swagger": "2.0",
        "securityDefinitions": SIGV4,
        "security": [{"sigv4": []}],
        "paths": {"/payments": {"get": {}, "post": {"security": []}}},
    }
    found = reasons("PCI_5", {API: {"body": yaml.safe_dump(document)}})
    assert found == "POST /payments asks for nothing"


def test_what_each_operation_asks_for_is_evidence_and_the_definition_is_not() -> None:
    verdict = verdict_on_first("PCI_5", defined([{"sigv4": [], "api_key": []}]))
    assert verdict is not None
    assert verdict.evaluated == {
        f"{API}: body": "(not shown)",
        f"{API}: body.POST /payments": [["api_key", "awsSigv4"]],
    }


def test_a_definition_that_is_not_known_or_not_readable_is_not_evaluated() -> None:
    referred = {API: {"body": ["aws_lambda_alias.live.invoke_arn", "aws_lambda_alias.live"]}}
    found = undecided("PCI_5", {API: {}}, unknown={API: {"body": True}}, references=referred)
    assert "body isn't known" in found
    assert "neither JSON nor YAML" in undecided("PCI_5", {API: {"body": "openapi: [3"}})
    assert "no OpenAPI definition" in undecided("PCI_5", {API: {"body": "- 3.0.3"}})


def test_an_api_without_a_definition_is_judged_by_its_methods() -> None:
    assert verdict_on_first("PCI_5", {API: {"name": "payments"}}) is None


@pci("7.3.3")
@pytest.mark.parametrize(
    ("integration", "words"),
    [
        ({}, ""),
        ({"type": "AWS_PROXY"}, "OPTIONS authorizes by NONE"),
        ({"http_method": "POST"}, "OPTIONS authorizes by NONE"),
        ({"resource_id": "other"}, "OPTIONS authorizes by NONE"),
        ({"rest_api_id": "other"}, "OPTIONS authorizes by NONE"),
    ],
)
def test_options_need_no_iam_where_a_mock_answers(integration: Any, words: str) -> None:
    place = {"rest_api_id": "a1", "resource_id": "r1", "http_method": "OPTIONS"}
    plan = {
        METHOD: {**place, "authorization": "NONE"},
        "aws_api_gateway_integration.cors": {**place, "type": "MOCK", **integration},
    }
    assert reasons("PCI_5", plan) == words


def test_a_mock_in_a_definition_may_answer_options() -> None:
    mock = {"x-amazon-apigateway-integration": {"type": "mock"}}
    assert not reasons("PCI_5", defined(method="options", extensions=mock))
    assert reasons("PCI_5", defined(method="get", extensions=mock))


@pytest.mark.parametrize(
    ("key", "protocol", "words"),
    [
        ("POST /payments", "HTTP", "POST /payments authorizes by NONE"),
        ("$default", "HTTP", "$default authorizes by NONE"),
        ("$connect", "WEBSOCKET", "$connect authorizes by NONE"),
        ("$default", "WEBSOCKET", None),
        ("send", "WEBSOCKET", None),
    ],
)
def test_of_a_websocket_the_connection_is_authorized(
    key: str, protocol: str, words: str | None
) -> None:
    plan = {
        "aws_apigatewayv2_route.one": {"route_key": key, "api_id": "a1"},
        "aws_apigatewayv2_api.one": {"id": "a1", "protocol_type": protocol},
    }
    verdict = verdict_on_first("PCI_5", plan)
    assert (verdict.reasons if verdict else None) == ((words,) if words else None)


@pci("6.2.4")
@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, ""),
        ({"throttling_rate_limit": -1}, "throttling_rate_limit is -1"),
        ({"throttling_burst_limit": -1}, "throttling_burst_limit is -1"),
        ({"throttling_rate_limit": 0}, "throttling_rate_limit is 0"),
        ({"throttling_burst_limit": None}, "throttling_burst_limit is not set"),
    ],
)
def test_limits_are_above_0(values: dict[str, Any], words: str) -> None:
    settings = {"method_path": "pay/POST", "settings": [{**THROTTLED, **values}]}
    assert reasons("PCI_17", {SETTINGS: settings}) == words


def test_a_limit_that_is_not_known_is_not_evaluated_unless_the_other_is_off() -> None:
    rate = {SETTINGS: {"settings": [{"throttling_rate_limit": True}]}}
    known = {SETTINGS: {"settings": [{"throttling_burst_limit": 60}]}}
    assert "throttling_rate_limit isn't known" in undecided("PCI_17", known, unknown=rate)
    off = {SETTINGS: {"settings": [{"throttling_burst_limit": -1}]}}
    assert reasons("PCI_17", off, unknown=rate) == "throttling_burst_limit is -1"


@pci("6.2.4")
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, ""),
        ({"method_path": "pay/POST"}, "no settings of */* throttle its methods"),
        ({"stage_name": "test"}, "no settings of */* throttle its methods"),
        ({"rest_api_id": "other"}, "no settings of */* throttle its methods"),
    ],
)
def test_a_stage_throttles_all_methods(settings: dict[str, Any], words: str) -> None:
    place = {"rest_api_id": "a1", "stage_name": "live"}
    of_all = {**place, "method_path": "*/*", "settings": [THROTTLED], **settings}
    assert reasons("PCI_17", {STAGE: place, SETTINGS: of_all}) == words


def test_before_the_apply_settings_and_stage_are_told_by_their_api() -> None:
    plan: dict[str, Any] = {
        STAGE: {"stage_name": "live"},
        SETTINGS: {"stage_name": "live", "method_path": "*/*", "settings": [THROTTLED]},
        API: {},
        "aws_api_gateway_rest_api.other": {},
    }
    assert not reasons("PCI_17", plan, unknown=NO_IDS, references=OF_API)
    other = {**OF_API, SETTINGS: {"rest_api_id": ["aws_api_gateway_rest_api.other"]}}
    assert reasons("PCI_17", plan, unknown=NO_IDS, references=other)
    untold = {STAGE: OF_API[STAGE], SETTINGS: {"rest_api_id": ["local.api_id"]}}
    assert "doesn't tell" in undecided("PCI_17", plan, unknown=NO_IDS, references=untold)


@pci("6.2.4")
@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"default_route_settings": [THROTTLED]}, ""),
        ({"default_route_settings": [THROTTLED], "route_settings": [{"route_key": "GET /"}]}, ""),
        ({}, "throttling_rate_limit is not set; throttling_burst_limit is not set"),
        (
            {
                "default_route_settings": [THROTTLED],
                "route_settings": [{**THROTTLED, "throttling_rate_limit": -1}],
            },
            "throttling_rate_limit is -1",
        ),
    ],
)
def test_stages_of_http_apis_throttle_too(values: dict[str, Any], words: str) -> None:
    assert reasons("PCI_17", {HTTP_STAGE: values}) == words


@pci("3.3.1")
def test_caches_fail_encrypted_or_not() -> None:
    def of(**values: Any) -> dict[str, Any]:
        return {SETTINGS: {"method_path": "*/*", "settings": [values]}}

    assert not reasons("PCI_19", of(caching_enabled=False))
    assert reasons("PCI_19", of(caching_enabled=True)) == "answers of */* are cached"
    assert reasons("PCI_19", of(caching_enabled=True, cache_data_encrypted=True))
    assert not reasons("PCI_19", {STAGE: {"cache_cluster_enabled": False}})
    assert reasons("PCI_19", {STAGE: {"cache_cluster_enabled": True}}) == "the stage has a cache"
    unknown = {SETTINGS: {"settings": [{"caching_enabled": True}]}}
    assert "caching_enabled isn't known" in undecided("PCI_19", of(), unknown=unknown)


MAPPING = "aws_apigatewayv2_api_mapping.v1"
OFF = {"disable_execute_api_endpoint": True}
OFF_IN_DEFINITION = {
    "x-amazon-apigateway-endpoint-configuration": {"disableExecuteApiEndpoint": True}
}


@pci("1.4.2")
@pytest.mark.parametrize(
    ("api", "words"),
    [
        (OFF, ""),
        ({"body": json.dumps({"servers": [OFF_IN_DEFINITION]})}, ""),
        ({"body": json.dumps(OFF_IN_DEFINITION)}, ""),
        ({}, "beside its domain"),
        ({"disable_execute_api_endpoint": False}, "beside its domain"),
        ({"body": json.dumps({"servers": [{"url": "/v1"}]})}, "beside its domain"),
    ],
)
@pytest.mark.parametrize("kind", ["aws_api_gateway_rest_api", "aws_apigatewayv2_api"])
def test_an_api_behind_a_domain_answers_there_only(kind: str, api: Any, words: str) -> None:
    found = reasons("PCI_20", {f"{kind}.one": {"id": "a1", **api}, MAPPING: {"api_id": "a1"}})
    assert words in found
    assert bool(words) == bool(found)


def test_what_aws_fills_in_later_is_on() -> None:
    unknown = {API: {"disable_execute_api_endpoint": True}}
    plan = {API: {"id": "a1"}, MAPPING: {"api_id": "a1"}}
    assert reasons("PCI_20", plan, unknown=unknown)


def test_default_endpoints_are_no_concern_without_a_domain() -> None:
    other = "aws_api_gateway_base_path_mapping.other"
    assert verdict_on_first("PCI_20", {API: {"id": "a1"}, other: {"api_id": "a2"}}) is None


def test_a_mapping_that_may_be_of_the_api_leaves_it_undecided() -> None:
    plan: dict[str, Any] = {API: {}, MAPPING: {}}
    references = {MAPPING: {"api_id": ["each.value.api_id", "each.value"]}}
    unknown = {MAPPING: {"api_id": True}}
    assert "api_id" in undecided("PCI_20", plan, unknown=unknown, references=references)


ASSOCIATION = "aws_wafv2_web_acl_association.live"


@pci("6.4.2")
def test_a_public_stage_has_a_web_acl() -> None:
    stage = {"arn": "arn:aws:apigateway:eu-west-1::/restapis/a1/stages/live", "rest_api_id": "a1"}
    associated = {ASSOCIATION: {"resource_arn": stage["arn"]}}
    assert not reasons("PCI_21", {STAGE: stage, **associated})
    assert not reasons("PCI_21", {STAGE: {**stage, "web_acl_arn": "arn:aws:wafv2:::webacl/a"}})
    assert reasons("PCI_21", {STAGE: stage}) == "no web ACL stands before it"
    other = {ASSOCIATION: {"resource_arn": stage["arn"].replace("live", "test")}}
    assert reasons("PCI_21", {STAGE: stage, **other})
    assert "HTTP or WebSocket" in reasons("PCI_21", {HTTP_STAGE: {}})


def test_before_the_apply_the_association_refers_to_the_stage() -> None:
    plan: dict[str, Any] = {STAGE: {"rest_api_id": "a1"}, ASSOCIATION: {}}
    unknown = {STAGE: {"arn": True, "web_acl_arn": True}, ASSOCIATION: {"resource_arn": True}}
    references = {ASSOCIATION: {"resource_arn": [f"{STAGE}.arn", STAGE]}}
    assert not reasons("PCI_21", plan, unknown=unknown, references=references)
    untold = {ASSOCIATION: {"resource_arn": ["local.arn"]}}
    assert "resource_arn" in undecided("PCI_21", plan, unknown=unknown, references=untold)


@pytest.mark.parametrize(("kind", "concerned"), [("PRIVATE", False), ("REGIONAL", True)])
def test_a_private_api_needs_none(kind: str, concerned: bool) -> None:
    api = {"id": "a1", "endpoint_configuration": [{"types": [kind]}]}
    verdict = verdict_on_first("PCI_21", {STAGE: {"rest_api_id": "a1"}, API: api})
    assert (verdict is not None) is concerned
