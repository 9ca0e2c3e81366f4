"""API Gateway through boto3, where moto alone fails."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    Clients = Callable[[str], Any]

X = "x-amazon-apigateway-"
PATH = "/merchants/{merchant_id}/payments"
FUNCTION = "arn:aws:lambda:eu-west-1:444444444444:function:service:live"

DEFINITION: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "payments", "version": "1"},
    "paths": {
        PATH: {
            "parameters": [{"$ref": "#/components/parameters/MerchantId"}],
            "post": {
                "operationId": "authorizePayment",
                "security": [{"sigv4": []}, {"api_key": []}],
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Payment"}}
                    }
                },
                "responses": {"201": {"description": "authorized"}},
                f"{X}request-validator": "all",
                f"{X}integration": {
                    "type": "aws_proxy",
                    "httpMethod": "POST",
                    "uri": "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/"
                    f"{FUNCTION}/invocations",
                    "passthroughBehavior": "never",
                    "timeoutInMillis": 10_000,
                },
            },
        },
        "/health": {
            "get": {
                "responses": {"200": {"description": "well"}},
                f"{X}integration": {
                    "type": "mock",
                    "requestTemplates": {"application/json": '{"statusCode": 200}'},
                    "responses": {"default": {"statusCode": "200"}},
                },
            }
        },
    },
    "components": {
        "parameters": {
            "MerchantId": {
                "name": "merchant_id",
                "in": "path",
                "required": True,
                "schema": {"type": "string"},
            }
        },
        "schemas": {
            "Amount": {"type": "object", "properties": {"value": {"type": "integer"}}},
            "Payment": {
                "type": "object",
                "properties": {"amount": {"$ref": "#/components/schemas/Amount"}},
            },
        },
        "securitySchemes": {
            "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
            "sigv4": {
                "type": "apiKey",
                "name": "Authorization",
                "in": "header",
                f"{X}authtype": "awsSigv4",
            },
        },
    },
    f"{X}binary-media-types": ["application/pdf"],
    f"{X}endpoint-configuration": {"disableExecuteApiEndpoint": True},
    f"{X}gateway-responses": {
        "THROTTLED": {
            "statusCode": 429,
            "responseParameters": {"gatewayresponse.header.Retry-After": "'1'"},
            "responseTemplates": {"application/problem+json": '{"status": 429}'},
        }
    },
    f"{X}policy": {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*"}]},
    f"{X}request-validators": {
        "all": {"validateRequestBody": True, "validateRequestParameters": True}
    },
}


def imported(gateway: Any, definition: dict[str, Any] = DEFINITION) -> str:
    api_id = gateway.create_rest_api(name="empty")["id"]
    gateway.put_rest_api(restApiId=api_id, mode="overwrite", body=json.dumps(definition))
    return str(api_id)


def deployed(gateway: Any) -> str:
    api_id = imported(gateway)
    deployment = gateway.create_deployment(restApiId=api_id)
    gateway.create_stage(restApiId=api_id, stageName="v1", deploymentId=deployment["id"])
    return api_id


def export(gateway: Any, api_id: str, extensions: str = "apigateway") -> dict[str, Any]:
    answer = gateway.get_export(
        restApiId=api_id,
        stageName="v1",
        exportType="oas30",
        parameters={"extensions": extensions},
        accepts="application/json",
    )
    document: dict[str, Any] = json.loads(answer["body"].read())
    return document


def method_of(gateway: Any, api_id: str, path: str, verb: str) -> dict[str, Any]:
    resources = gateway.get_resources(restApiId=api_id, embed=["methods"])["items"]
    resource = next(each for each in resources if each["path"] == path)
    method: dict[str, Any] = gateway.get_method(
        restApiId=api_id, resourceId=resource["id"], httpMethod=verb
    )
    return method


@pytest.mark.mends("apigateway:PutRestApi")
def test_a_definition_is_imported_whole(client: Clients) -> None:
    gateway = client("apigateway")
    api_id = imported(gateway)

    method = method_of(gateway, api_id, PATH, "POST")
    assert method["authorizationType"] == "AWS_IAM"
    assert method["apiKeyRequired"] is True
    assert method["operationName"] == "authorizePayment"
    assert method["requestParameters"] == {"method.request.path.merchant_id": True}
    assert method["requestModels"] == {"application/json": "Payment"}
    assert method["methodIntegration"]["type"] == "AWS_PROXY"
    assert method["methodIntegration"]["passthroughBehavior"] == "NEVER"
    assert method["methodIntegration"]["timeoutInMillis"] == 10_000

    validator = gateway.get_request_validator(
        restApiId=api_id, requestValidatorId=method["requestValidatorId"]
    )
    assert validator["validateRequestBody"] is True
    model = gateway.get_model(restApiId=api_id, modelName="Payment")
    assert model["schema"].endswith(f'/restapis/{api_id}/models/Amount"}}}}}}')
    throttled = gateway.get_gateway_response(restApiId=api_id, responseType="THROTTLED")
    assert throttled["statusCode"] == "429"
    api = gateway.get_rest_api(restApiId=api_id)
    assert api["name"] == "payments"
    assert api["binaryMediaTypes"] == ["application/pdf"]
    assert api["disableExecuteApiEndpoint"] is True

    mock = method_of(gateway, api_id, "/health", "GET")
    assert mock["authorizationType"] == "NONE"
    assert mock["methodIntegration"]["integrationResponses"]["200"]["statusCode"] == "200"


def test_an_overwriting_import_leaves_nothing_behind(client: Clients) -> None:
    gateway = client("apigateway")
    api_id = imported(gateway)
    smaller = {**DEFINITION, "paths": {"/health": DEFINITION["paths"]["/health"]}}
    del smaller[f"{X}policy"], smaller[f"{X}gateway-responses"]
    gateway.put_rest_api(restApiId=api_id, mode="overwrite", body=json.dumps(smaller))

    paths = {each["path"] for each in gateway.get_resources(restApiId=api_id)["items"]}
    assert paths == {"/", "/health"}
    assert "policy" not in gateway.get_rest_api(restApiId=api_id)
    assert gateway.get_gateway_responses(restApiId=api_id)["items"] == []


def test_security_at_the_root_of_a_definition_is_ignored(client: Clients) -> None:
    definition = copy.deepcopy(DEFINITION)
    definition["security"] = definition["paths"][PATH]["post"].pop("security")
    gateway = client("apigateway")
    api_id = imported(gateway, definition)
    assert method_of(gateway, api_id, PATH, "POST")["authorizationType"] == "NONE"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"openapi": "3.1.0"}, "Only OpenAPI 3"),
        ({f"{X}request-validators": {}}, "Request validator all isn't defined"),
        ({"components": {**DEFINITION["components"], "parameters": {}}}, "Unresolvable reference"),
        (
            {"components": {**DEFINITION["components"], "schemas": {"Pay-ment": {}}}},
            "must be alphanumeric",
        ),
        (
            {"components": {**DEFINITION["components"], "schemas": {"A": {"nullable": True}}}},
            "doesn't support: nullable",
        ),
        (
            {"components": {**DEFINITION["components"], "schemas": {"A": {"type": "money"}}}},
            "Invalid model schema",
        ),
        (
            {"components": {**DEFINITION["components"], "securitySchemes": {}}},
            "Security scheme sigv4 isn't defined",
        ),
    ],
)
def test_what_api_gateway_refuses_is_refused(
    client: Clients, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message) as refusal:
        imported(client("apigateway"), {**DEFINITION, **change})
    assert refusal.value.response["Error"]["Code"] == "BadRequestException"


@pytest.mark.mends("apigateway:GetExport")
def test_an_export_imports_to_the_same_api(client: Clients) -> None:
    gateway = client("apigateway")
    first = export(gateway, deployed(gateway))
    api_id = gateway.import_rest_api(body=json.dumps(first))["id"]
    gateway.create_deployment(restApiId=api_id, stageName="v1")
    second = export(gateway, api_id)

    for document in first, second:
        del document["servers"]
        integrations = [
            verb[f"{X}integration"] for path in document["paths"].values() for verb in path.values()
        ]
        assert integrations
        for integration in integrations:
            del integration["cacheNamespace"]
    assert first == second
    assert first["paths"][PATH]["post"]["security"] == [{"sigv4": []}, {"api_key": []}]
    assert first[f"{X}policy"] == DEFINITION[f"{X}policy"]
    assert first[f"{X}gateway-responses"]["THROTTLED"]["statusCode"] == 429


def test_an_export_leaves_out_the_extensions_that_are_not_asked_for(client: Clients) -> None:
    gateway = client("apigateway")
    api_id = deployed(gateway)
    assert X not in json.dumps(export(gateway, api_id, "postman")).replace(f"{X}authtype", "")
    kept = export(gateway, api_id, "integrations")
    assert f"{X}integration" in kept["paths"][PATH]["post"]
    assert f"{X}policy" not in kept


@pytest.mark.mends("apigateway:CreateDeployment")
def test_a_stage_shows_what_was_deployed_until_the_next_deployment(client: Clients) -> None:
    gateway = client("apigateway")
    api_id = deployed(gateway)
    changed = {**DEFINITION, "paths": {"/health": DEFINITION["paths"]["/health"]}}
    gateway.put_rest_api(restApiId=api_id, mode="overwrite", body=json.dumps(changed))
    assert set(export(gateway, api_id)["paths"]) == {PATH, "/health"}

    deployment = gateway.create_deployment(restApiId=api_id)
    assert set(export(gateway, api_id)["paths"]) == {PATH, "/health"}
    move = {"op": "replace", "path": "/deploymentId", "value": deployment["id"]}
    gateway.update_stage(restApiId=api_id, stageName="v1", patchOperations=[move])
    assert set(export(gateway, api_id)["paths"]) == {"/health"}


def test_a_method_without_integration_is_not_deployed(client: Clients) -> None:
    definition = copy.deepcopy(DEFINITION)
    del definition["paths"][PATH]["post"][f"{X}integration"]
    gateway = client("apigateway")
    with pytest.raises(ClientError, match="No integration defined for method"):
        gateway.create_deployment(restApiId=imported(gateway, definition))


@pytest.mark.mends("apigateway:DeleteDeployment")
def test_a_deployment_in_use_is_not_deleted(client: Clients) -> None:
    gateway = client("apigateway")
    api_id = deployed(gateway)
    deployment_id = gateway.get_stage(restApiId=api_id, stageName="v1")["deploymentId"]
    with pytest.raises(ClientError, match="Active stages pointing to this deployment"):
        gateway.delete_deployment(restApiId=api_id, deploymentId=deployment_id)
    gateway.delete_stage(restApiId=api_id, stageName="v1")
    gateway.delete_deployment(restApiId=api_id, deploymentId=deployment_id)
