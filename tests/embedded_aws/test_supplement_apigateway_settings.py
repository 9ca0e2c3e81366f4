"""What surrounds a REST API: updates, stages, usage plans, keys and tags."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Clients = Callable[[str], Any]


def change(op: str, path: str, value: str | None = None) -> dict[str, str]:
    operation = {"op": op, "path": path}
    return operation if value is None else {**operation, "value": value}


@pytest.fixture
def api_id(client: Clients) -> str:
    """Make an API whose only method answers by itself, with a stage ``v1``."""
    gateway = client("apigateway")
    api = gateway.create_rest_api(name="payments", tags={"kept": "1"})
    method = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE")
    gateway.put_integration(**method, type="MOCK")
    gateway.create_deployment(restApiId=api["id"], stageName="v1")
    return str(api["id"])


@pytest.mark.mends("apigateway:UpdateRestApi")
def test_an_api_is_changed_field_by_field(client: Clients, api_id: str) -> None:
    gateway = client("apigateway")
    gateway.update_rest_api(
        restApiId=api_id,
        patchOperations=[
            change("replace", "/disableExecuteApiEndpoint", "true"),
            change("add", "/binaryMediaTypes/application~1pdf"),
            change("add", "/binaryMediaTypes/image~1png"),
            change("replace", "/minimumCompressionSize", "1024"),
            change("replace", "/endpointConfiguration/types/EDGE", "REGIONAL"),
        ],
    )
    changed = gateway.update_rest_api(
        restApiId=api_id,
        patchOperations=[
            change("replace", "/disableExecuteApiEndpoint", "false"),
            change("remove", "/binaryMediaTypes/application~1pdf"),
            change("replace", "/description", "has /name in it"),
        ],
    )
    assert changed["name"] == "payments"
    assert changed["description"] == "has /name in it"
    assert changed["disableExecuteApiEndpoint"] is False
    assert changed["binaryMediaTypes"] == ["image/png"]
    assert changed["minimumCompressionSize"] == 1024
    assert changed["endpointConfiguration"]["types"] == ["REGIONAL"]


@pytest.mark.mends("apigateway:GetRestApi")
def test_a_policy_is_escaped_once_more(client: Clients) -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    api = client("apigateway").create_rest_api(name="payments", policy=policy)
    assert json.loads(f'"{api["policy"]}"') == policy


@pytest.mark.mends("apigateway:GetMethod")
def test_a_method_shows_defaults(client: Clients, api_id: str) -> None:
    gateway = client("apigateway")
    root = gateway.get_rest_api(restApiId=api_id)["rootResourceId"]
    method = gateway.get_method(restApiId=api_id, resourceId=root, httpMethod="GET")
    assert method["methodIntegration"]["timeoutInMillis"] == 29_000
    assert method["methodIntegration"]["passthroughBehavior"] == "WHEN_NO_MATCH"
    assert "requestModels" not in method


@pytest.mark.mends("apigateway:UpdateStage")
def test_a_stage_keeps_settings_per_method(client: Clients, api_id: str) -> None:
    gateway = client("apigateway")
    stage = {"restApiId": api_id, "stageName": "v1"}
    gateway.update_stage(
        **stage,
        patchOperations=[
            change("replace", "/*/*/logging/loglevel", "ERROR"),
            change("replace", "/~1merchants~1{id}~1payments/POST/throttling/rateLimit", "2.5"),
            change("replace", "/merchants/{id}/refunds/POST/throttling/rateLimit", "1.5"),
            change("replace", "/merchants/GET/throttling/rateLimit", "0.5"),
            change("replace", "/variables/colour", "blue"),
        ],
    )
    settings = gateway.get_stage(**stage)["methodSettings"]
    assert settings["*/*"]["loggingLevel"] == "ERROR"
    assert settings["*/*"]["throttlingRateLimit"] == 10_000
    assert settings["*/*"]["throttlingBurstLimit"] == 5_000
    assert settings["~1merchants~1{id}~1payments/POST"]["throttlingRateLimit"] == 2.5
    assert settings["~1merchants~1{id}~1refunds/POST"]["throttlingRateLimit"] == 1.5
    assert settings["merchants/GET"]["throttlingRateLimit"] == 0.5

    removals = [
        change("remove", "/~1merchants~1{id}~1payments/POST"),
        change("remove", "/merchants~1{id}~1refunds~1POST"),
        change("remove", "/merchants/GET"),
    ]
    changed = gateway.update_stage(**stage, patchOperations=removals)
    assert set(changed["methodSettings"]) == {"*/*"}
    assert changed["variables"] == {"colour": "blue"}


@pytest.mark.mends("apigateway:GetStage")
def test_a_stage_has_dates(client: Clients, api_id: str) -> None:
    stage = client("apigateway").get_stage(restApiId=api_id, stageName="v1")
    assert stage["lastUpdatedDate"] >= stage["createdDate"]


@pytest.mark.mends("apigateway:CreateUsagePlanKey")
def test_a_key_has_one_plan_of_a_stage(client: Clients, api_id: str) -> None:
    gateway = client("apigateway")
    stages = [{"apiId": api_id, "stage": "v1"}]
    gold, silver = (
        gateway.create_usage_plan(name=name, apiStages=stages)["id"] for name in ("gold", "silver")
    )
    other = gateway.create_usage_plan(name="other")["id"]
    key = gateway.create_api_key(name="merchant", enabled=True)["id"]
    for plan in (gold, other):
        gateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    with pytest.raises(gateway.exceptions.ConflictException, match=f"{api_id}:v1"):
        gateway.create_usage_plan_key(usagePlanId=silver, keyId=key, keyType="API_KEY")
    addition = change("add", "/apiStages", f"{api_id}:v1")
    with pytest.raises(gateway.exceptions.ConflictException, match=f"{api_id}:v1"):
        gateway.update_usage_plan(usagePlanId=other, patchOperations=[addition])


@pytest.mark.mends("apigateway:UpdateUsagePlan")
def test_a_usage_plan_keeps_throttles_per_method(client: Clients, api_id: str) -> None:
    gateway = client("apigateway")
    method = "/merchants/{id}/payments/POST"
    throttle = {method: {"rateLimit": 1, "burstLimit": 2}}
    plan_id = gateway.create_usage_plan(
        name="merchant",
        apiStages=[{"apiId": api_id, "stage": "v1", "throttle": throttle}],
        quota={"limit": 10, "period": "DAY"},
    )["id"]
    pointer = f"/apiStages/{api_id}:v1/throttle/{method.replace('/', '~1')}"
    changed = gateway.update_usage_plan(
        usagePlanId=plan_id,
        patchOperations=[
            change("replace", f"{pointer}/rateLimit", "3.5"),
            change("replace", "/throttle/rateLimit", "7.5"),
            change("replace", "/quota/limit", "20"),
            change("remove", "/description"),
        ],
    )
    assert changed["apiStages"][0]["throttle"][method] == {"rateLimit": 3.5, "burstLimit": 2}
    assert changed["throttle"] == {"rateLimit": 7.5}
    assert changed["quota"] == {"limit": 20, "period": "DAY"}
    assert changed["name"] == "merchant"

    removal = change("remove", "/apiStages", f"{api_id}:v1")
    left = gateway.update_usage_plan(usagePlanId=plan_id, patchOperations=[removal])
    assert left["apiStages"] == []


@pytest.mark.mends("apigateway:UpdateApiKey")
def test_a_key_is_changed_field_by_field(client: Clients) -> None:
    gateway = client("apigateway")
    key = gateway.create_api_key(name="merchant", enabled=True, customerId="m_acme")
    operations = [change("replace", "/enabled", "false"), change("remove", "/customerId")]
    changed = gateway.update_api_key(apiKey=key["id"], patchOperations=operations)
    assert changed["enabled"] is False
    assert "customerId" not in changed
    assert changed["name"] == "merchant"


@pytest.mark.mends("apigateway:TagResource")
def test_an_api_is_tagged(client: Clients, api_id: str) -> None:
    gateway = client("apigateway")
    arn = f"arn:aws:apigateway:eu-west-1::/restapis/{api_id}"
    gateway.tag_resource(resourceArn=arn, tags={"class": "pci", "gone": "1"})
    gateway.untag_resource(resourceArn=arn, tagKeys=["gone"])
    assert gateway.get_tags(resourceArn=arn)["tags"] == {"kept": "1", "class": "pci"}
    stage = f"{arn}/stages/v1"
    gateway.tag_resource(resourceArn=stage, tags={"stage": "1"})
    assert gateway.get_tags(resourceArn=stage)["tags"] == {"stage": "1"}
