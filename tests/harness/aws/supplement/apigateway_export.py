"""Deployments keep what was deployed, and GetExport gives it back per stage.

A deployment is a snapshot: editing the API changes no stage until the next deployment. The
snapshot is kept as an OpenAPI 3.0 document with API Gateway's extensions, in the form that
PutRestApi takes, so a data plane reads what was *deployed* with one GetExport call.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from moto.apigateway.exceptions import (
    BadRequestException,
    NoIntegrationDefined,
    StageNotFoundException,
    StageStillActive,
)
from moto.apigateway.models import (
    APIGatewayBackend,
    Deployment,
    Integration,
    Method,
    Resource,
    RestAPI,
)
from moto.apigateway.responses import APIGatewayResponse

from harness.aws.supplement.apigateway_models import SCHEMAS, model_schema
from harness.aws.supplement.apigateway_openapi import EXTENSION, PARAMETER_LOCATIONS
from harness.aws.supplement.registry import mend

SIGV4_SCHEME = "sigv4"
API_KEY_SCHEME = "api_key"

_OPENAPI_LOCATIONS = {theirs: ours for ours, theirs in PARAMETER_LOCATIONS.items()}

_SNAPSHOT = mend(
    "apigateway:CreateDeployment",
    reason="a deployment holds nothing of the API, and methods without an integration deploy",
    observed="a stage's calls changed with PutRestApi alone, before any deployment",
)
_EXPORT = mend(
    "apigateway:GetExport",
    reason="exports the current API as bare Swagger 2.0, whatever the stage and the type",
    observed="boto3 get_export with exportType oas30 and extensions apigateway",
)
_DELETE = mend(
    "apigateway:DeleteDeployment",
    reason="deletes a deployment that a stage points to",
    observed="replacing aws_api_gateway_deployment without create_before_destroy succeeded",
)


@_SNAPSHOT.around(RestAPI, "create_deployment")
def _create_deployment(original: Any, api: RestAPI, *args: Any, **options: Any) -> Deployment:
    for resource in api.resources.values():
        for method in resource.resource_methods.values():
            if method.method_integration is None:
                raise NoIntegrationDefined
    deployment: Deployment = original(api, *args, **options)
    vars(deployment)["definition"] = copy.deepcopy(definition_of(api))
    return deployment


@_DELETE.around(RestAPI, "delete_deployment")
def _delete_deployment(original: Any, api: RestAPI, deployment_id: str) -> Any:
    if any(stage.deployment_id == deployment_id for stage in api.stages.values()):
        raise StageStillActive
    return original(api, deployment_id)


@_EXPORT.instead(APIGatewayResponse, "get_export")
def _get_export(self: APIGatewayResponse) -> tuple[int, dict[str, str], str]:
    _, _, api_id, _, stage_name, _, kind = self.path.split("/")
    if kind != "oas30":
        raise BadRequestException(f"The embedded AWS exports oas30, not {kind}")
    extensions = self.querystring.get("extensions", [""])[0].split(",")
    document = _exported(self.backend, api_id, stage_name, extensions)
    headers = {
        "Content-Type": "application/json",
        "Content-Disposition": f'attachment; filename="oas30_{api_id}.json"',
    }
    return 200, headers, json.dumps(document)


def _exported(
    backend: APIGatewayBackend, api_id: str, stage_name: str, extensions: list[str]
) -> dict[str, Any]:
    api = backend.get_rest_api(api_id)
    stage = api.stages.get(stage_name)
    if stage is None or stage.deployment_id is None:
        raise StageNotFoundException
    document = copy.deepcopy(vars(api.get_deployment(stage.deployment_id))["definition"])
    document["servers"] = [
        {
            "url": f"https://{api_id}.execute-api.{backend.region_name}.amazonaws.com/{{basePath}}",
            "variables": {"basePath": {"default": stage_name}},
        }
    ]
    if "apigateway" not in extensions:
        _strip_extensions(document, keep_integrations="integrations" in extensions)
    return dict(document)


def _strip_extensions(part: Any, *, keep_integrations: bool) -> None:
    if isinstance(part, list):
        for each in part:
            _strip_extensions(each, keep_integrations=keep_integrations)
    elif isinstance(part, dict):
        kept = {EXTENSION + "authtype"} | (
            {EXTENSION + "integration"} if keep_integrations else set()
        )
        for key in [key for key in part if key.startswith(EXTENSION) and key not in kept]:
            del part[key]
        for each in part.values():
            _strip_extensions(each, keep_integrations=keep_integrations)


def definition_of(api: RestAPI) -> dict[str, Any]:
    """Write an API down as an OpenAPI 3.0 document that imports to the same API."""
    document: dict[str, Any] = {
        "openapi": "3.0.1",
        "info": {"title": api.name, "description": api.description, "version": api.version},
        "paths": _paths(api),
        "components": {
            "schemas": {
                model.name: model_schema(api, model.schema) for model in api.models.values()
            },
            "securitySchemes": _security_schemes(api),
        },
        EXTENSION + "api-key-source": api.api_key_source,
        EXTENSION + "binary-media-types": api.binaryMediaTypes,
        EXTENSION + "gateway-responses": _gateway_responses(api),
        EXTENSION + "request-validators": {
            each.name: {
                "validateRequestBody": bool(each.validate_request_body),
                "validateRequestParameters": bool(each.validate_request_parameters),
            }
            for each in api.request_validators.values()
        },
        EXTENSION + "endpoint-configuration": {
            "disableExecuteApiEndpoint": bool(api.disableExecuteApiEndpoint)
        },
    }
    if api.policy:
        document[EXTENSION + "policy"] = json.loads(api.policy)
    if api.minimum_compression_size is not None:
        document[EXTENSION + "minimum-compression-size"] = api.minimum_compression_size
    return document


def _paths(api: RestAPI) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for resource in sorted(api.resources.values(), key=Resource.get_path):
        for verb, method in resource.resource_methods.items():
            key = EXTENSION + "any-method" if verb == "ANY" else verb.lower()
            paths.setdefault(resource.get_path(), {})[key] = _operation(api, method)
    return paths


def _operation(api: RestAPI, method: Method) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "parameters": [
            _parameter(name, required=required)
            for name, required in (method.request_parameters or {}).items()
        ],
        "responses": {
            code: _response(response.response_models or {}, response.response_parameters or {})
            for code, response in method.method_responses.items()
        },
    }
    if method.operation_name:
        operation["operationId"] = method.operation_name
    if method.request_models:
        operation["requestBody"] = {"required": True, "content": _content(method.request_models)}
    if security := _security(method):
        operation["security"] = security
    if validator := api.request_validators.get(method.request_validator_id or ""):
        operation[EXTENSION + "request-validator"] = validator.name
    if method.method_integration:
        operation[EXTENSION + "integration"] = _integration(method.method_integration)
    return operation


def _parameter(name: str, *, required: bool) -> dict[str, Any]:
    _, _, location, parameter = name.split(".", 3)
    return {
        "name": parameter,
        "in": _OPENAPI_LOCATIONS[location],
        "required": required,
        "schema": {"type": "string"},
    }


def _content(models: dict[str, str]) -> dict[str, Any]:
    return {media_type: {"schema": {"$ref": SCHEMAS + name}} for media_type, name in models.items()}


def _response(models: dict[str, str], headers: dict[str, Any]) -> dict[str, Any]:
    prefix = "method.response.header."
    return {
        "description": "response",
        "headers": {name.removeprefix(prefix): {"schema": {"type": "string"}} for name in headers},
        "content": _content(models),
    }


def _security(method: Method) -> list[dict[str, list[str]]]:
    required = []
    if method.authorization_type == "AWS_IAM":
        required.append(SIGV4_SCHEME)
    if method.api_key_required:
        required.append(API_KEY_SCHEME)
    return [{name: []} for name in required]


def _security_schemes(api: RestAPI) -> dict[str, Any]:
    schemes = {
        SIGV4_SCHEME: {
            "type": "apiKey",
            "name": "Authorization",
            "in": "header",
            EXTENSION + "authtype": "awsSigv4",
        },
        API_KEY_SCHEME: {"type": "apiKey", "name": "x-api-key", "in": "header"},
    }
    methods = [m for r in api.resources.values() for m in r.resource_methods.values()]
    used = {name for method in methods for group in _security(method) for name in group}
    return {name: scheme for name, scheme in schemes.items() if name in used}


def _integration(integration: Integration) -> dict[str, Any]:
    written = integration.to_json()
    responses = written.pop("integrationResponses", None) or {}
    written["type"] = written["type"].lower()
    written["passthroughBehavior"] = (written["passthroughBehavior"] or "when_no_match").lower()
    written["responses"] = {
        each.get("selectionPattern") or "default": {
            key: value for key, value in each.items() if key != "selectionPattern"
        }
        for each in responses.values()
    }
    return {key: value for key, value in written.items() if value not in (None, {}, [], "")}


def _gateway_responses(api: RestAPI) -> dict[str, Any]:
    return {
        kind: {
            "statusCode": int(response.status_code) if response.status_code else None,
            "responseParameters": response.response_parameters,
            "responseTemplates": response.response_templates,
        }
        for kind, response in api.gateway_responses.items()
    }
