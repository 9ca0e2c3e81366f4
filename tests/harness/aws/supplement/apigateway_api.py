"""REST APIs, their account settings and tags: updates that moto drops or answers with 500."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from moto.apigateway.exceptions import BadRequestException, NotFoundException
from moto.apigateway.models import ApiKey, Integration, Method, RestAPI
from moto.apigateway.responses import APIGatewayResponse
from moto.apigateway.urls import url_paths

from harness.aws.supplement.apigateway_openapi import DEFAULT_TIMEOUT_MS
from harness.aws.supplement.registry import mend

_UPDATE = mend(
    "apigateway:UpdateRestApi",
    reason="matches paths by substring, turns the value false into true, keeps every media type"
    " and answers 500 to a removal by path",
    observed="changing binary_media_types and disable_execute_api_endpoint with Terraform",
)
_READ = mend(
    "apigateway:GetRestApi",
    reason="returns the policy as plain JSON, where API Gateway escapes it once more, and no TLS"
    " policy",
    observed="aws_api_gateway_rest_api.policy failed to parse",
)
_METHOD = mend(
    "apigateway:GetMethod",
    reason="returns nulls and no default for authorization and timeout",
    observed="boto3 get_method after put_method without a timeout",
)
_TAGS = mend(
    "apigateway:TagResource",
    reason="looks for a stage whatever the ARN (404)",
    observed="changing default_tags with Terraform",
)
_KEY = mend(
    "apigateway:UpdateApiKey",
    reason="matches paths by substring and answers 500 to a removal",
    observed="disabling a key that has a customer id with boto3",
)

_TAGS.serves(url_paths, r"{0}/tags/(?P<resource_arn>.+)$", APIGatewayResponse)

# The collection of a backend that holds the resources of an ARN.
_COLLECTIONS = {
    "restapis": "apis",
    "apikeys": "keys",
    "domainnames": "domain_names",
    "usageplans": "usage_plans",
}


def unescape(pointer: str) -> str:
    """Undo the escaping of a JSON pointer's step."""
    return pointer.replace("~1", "/").replace("~0", "~")


@_UPDATE.instead(RestAPI, "apply_patch_operations")
def _apply_patch_operations(self: RestAPI, patch_operations: list[dict[str, Any]]) -> None:
    for operation in patch_operations:
        _, field, *rest = operation["path"].split("/")
        value = None if operation["op"] == "remove" else operation.get("value")
        match field:
            case "name" | "description" | "policy":
                setattr(self, field, value or "")
            case "apiKeySource":
                self.api_key_source = value or "HEADER"
            case "disableExecuteApiEndpoint":
                self.disableExecuteApiEndpoint = value == "true"
            case "minimumCompressionSize":
                self.minimum_compression_size = int(value) if value else None
            case "binaryMediaTypes":
                _change_media_types(self, operation["op"], unescape("/".join(rest)))
            case "endpointConfiguration":
                _change_endpoint(self, operation["op"], rest, value)
            case _:
                raise BadRequestException(f"Invalid patch path {operation['path']}")


def _change_media_types(api: RestAPI, operation: str, media_type: str) -> None:
    others = [each for each in api.binaryMediaTypes if each != media_type]
    api.binaryMediaTypes = others if operation == "remove" else [*others, media_type]


def _change_endpoint(api: RestAPI, operation: str, path: list[str], value: str | None) -> None:
    if path[0] == "types" and value:
        api.endpoint_configuration["types"] = [value]
    elif path[0] == "vpcEndpointIds" and value:
        present = api.endpoint_configuration.get("vpcEndpointIds", [])
        others = [each for each in present if each != value]
        api.endpoint_configuration["vpcEndpointIds"] = (
            others if operation == "remove" else [*others, value]
        )


@_READ.around(RestAPI, "to_dict")
def _to_dict(original: Any, api: RestAPI) -> dict[str, Any]:
    answer: dict[str, Any] = original(api)
    if api.policy:
        answer["policy"] = json.dumps(api.policy)[1:-1]
    answer |= vars(api).get("tls", {})
    return answer


@_METHOD.around(Method, "to_json")
def _method_to_json(original: Any, method: Method) -> dict[str, Any]:
    answer = original(method)
    answer["authorizationType"] = answer["authorizationType"] or "NONE"
    return {key: value for key, value in answer.items() if value is not None}


@_METHOD.around(Integration, "to_json")
def _integration_to_json(original: Any, integration: Integration) -> dict[str, Any]:
    answer = original(integration)
    answer["timeoutInMillis"] = answer["timeoutInMillis"] or DEFAULT_TIMEOUT_MS
    answer["passthroughBehavior"] = answer["passthroughBehavior"] or "WHEN_NO_MATCH"
    return {key: value for key, value in answer.items() if value is not None}


@_TAGS.around(APIGatewayResponse, "get_tags")
def _get_tags(original: Any, response: APIGatewayResponse) -> str:
    resource = _tagged(response)
    return json.dumps({"tags": resource.tags or {}}) if resource else str(original(response))


@_TAGS.around(APIGatewayResponse, "tag_resource")
def _tag_resource(original: Any, response: APIGatewayResponse) -> str:
    resource = _tagged(response)
    if resource is None:
        return str(original(response))
    resource.tags = {**(resource.tags or {}), **response._get_param("tags")}
    return "{}"


@_TAGS.around(APIGatewayResponse, "untag_resource")
def _untag_resource(original: Any, response: APIGatewayResponse) -> str:
    resource = _tagged(response)
    if resource is None:
        return str(original(response))
    removed = response.querystring.get("tagKeys", [])
    kept = {key: value for key, value in (resource.tags or {}).items() if key not in removed}
    resource.tags = kept
    return "{}"


def _tagged(response: APIGatewayResponse) -> Any:
    """Return the resource in the request's ARN, ``None`` for a stage, which moto knows."""
    kind, name, *below = unquote(response.path.split("/tags/")[1]).split("::/")[1].split("/")
    if below:
        return None
    resource = getattr(response.backend, _COLLECTIONS.get(kind, ""), {}).get(name)
    if resource is None:
        raise NotFoundException(f"Invalid {kind} identifier specified")
    return resource


@_KEY.instead(ApiKey, "update_operations")
def _update_api_key(self: ApiKey, patch_operations: list[dict[str, Any]]) -> ApiKey:
    fields = {"name": "name", "customerId": "customer_id", "description": "description"}
    for operation in patch_operations:
        field = operation["path"].removeprefix("/")
        value = None if operation["op"] == "remove" else operation.get("value")
        if field == "enabled":
            self.enabled = value == "true"
        elif field in fields:
            setattr(self, fields[field], value)
        else:
            raise BadRequestException(f"Invalid patch path {operation['path']}")
    return self
