"""REST APIs from OpenAPI 3.0 documents, as PutRestApi and ImportRestApi build them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from moto.apigateway.exceptions import (
    BadRequestException,
    InvalidOpenApiDocVersionException,
    InvalidOpenApiModeException,
)
from moto.apigateway.models import APIGatewayBackend, Method, Resource, RestAPI

from harness.aws.supplement.apigateway_integration import connect
from harness.aws.supplement.apigateway_models import SCHEMAS, check_model, model_text
from harness.aws.supplement.registry import mend

EXTENSION = "x-amazon-apigateway-"
DEFAULT_TIMEOUT_MS = 29_000
PARAMETER_LOCATIONS = {"header": "header", "query": "querystring", "path": "path"}
VERBS = ("get", "put", "post", "delete", "options", "head", "patch")

_OPENAPI = mend(
    "apigateway:PutRestApi",
    reason="drops authorization, keys, validators, models, parameters, gateway responses and the"
    " policy; answers 500 to a MOCK integration and to a body over existing resources",
    observed="Terraform's aws_api_gateway_rest_api.body read back through GetMethod and GetModels",
)


@_OPENAPI.instead(APIGatewayBackend, "put_rest_api")
def _put_rest_api(
    self: APIGatewayBackend,
    function_id: str,
    api_doc: dict[str, Any],
    fail_on_warnings: bool = False,  # noqa: ARG001 - moto's own signature
    mode: str = "merge",
) -> RestAPI:
    if mode not in ("merge", "overwrite"):
        raise InvalidOpenApiModeException
    if not str(api_doc.get("openapi", "")).startswith("3.0"):
        raise InvalidOpenApiDocVersionException
    api = self.get_rest_api(function_id)
    if mode == "overwrite":
        _clear(api)
    _Import(self, api, api_doc).run()
    return api


@_OPENAPI.instead(APIGatewayBackend, "import_rest_api")
def _import_rest_api(
    self: APIGatewayBackend,
    api_doc: dict[str, Any],
    fail_on_warnings: bool,
) -> RestAPI:
    title = api_doc.get("info", {}).get("title")
    if not title:
        raise BadRequestException("The document has no info.title to name the API by")
    api = self.create_rest_api(title, "")
    try:
        return self.put_rest_api(api.id, api_doc, fail_on_warnings)
    except BadRequestException:
        self.delete_rest_api(api.id)
        raise


def _clear(api: RestAPI) -> None:
    """Forget what an overwriting import replaces; identifiers, tags and stages stay."""
    for resource in api.resources.values():
        resource.resource_methods.clear()
    for part in (api.models, api.request_validators, api.gateway_responses, api.authorizers):
        part.clear()
    api.description = ""
    api.policy = None
    api.binaryMediaTypes = []
    api.api_key_source = "HEADER"
    api.minimum_compression_size = None
    api.disableExecuteApiEndpoint = False


class _Import:
    """One document on its way into one API."""

    def __init__(self, backend: APIGatewayBackend, api: RestAPI, document: dict[str, Any]) -> None:
        self._backend = backend
        self._api = api
        self._document = document
        self._components = document.get("components") or {}
        self._validators = {v.name: v.id for v in api.request_validators.values()}

    def run(self) -> None:
        self._read_settings()
        self._read_validators()
        self._read_gateway_responses()
        for name, schema in (self._components.get("schemas") or {}).items():
            self._add_model(name, schema)
        for path, item in sorted((self._document.get("paths") or {}).items()):
            resource = self._resource_at(path)
            for key, operation in item.items():
                if verb := _verb(key):
                    self._read_operation(resource, verb, item, operation)
        self._drop_dead_branches()

    def _extension(self, name: str) -> Any:
        return self._document.get(EXTENSION + name)

    def _read_settings(self) -> None:
        info = self._document.get("info") or {}
        self._api.name = info.get("title") or self._api.name
        self._api.description = info.get("description") or self._api.description
        self._api.version = info.get("version") or self._api.version
        if (source := self._extension("api-key-source")) is not None:
            self._api.api_key_source = source
        if (types := self._extension("binary-media-types")) is not None:
            self._api.binaryMediaTypes = list(types)
        if (size := self._extension("minimum-compression-size")) is not None:
            self._api.minimum_compression_size = int(size)
        if (policy := self._extension("policy")) is not None:
            self._api.policy = json.dumps(policy)
        self._read_tls()
        endpoint = self._extension("endpoint-configuration") or {}
        if "disableExecuteApiEndpoint" in endpoint:
            self._api.disableExecuteApiEndpoint = endpoint["disableExecuteApiEndpoint"]

    def _read_tls(self) -> None:
        policy, mode = self._extension("security-policy"), self._extension("endpoint-access-mode")
        if policy is None:
            return
        if policy.startswith("SecurityPolicy_") and mode is None:
            raise BadRequestException(f"Security policy {policy} needs an endpoint access mode")
        vars(self._api)["tls"] = {"securityPolicy": policy} | (
            {"endpointAccessMode": mode} if mode else {}
        )

    def _read_validators(self) -> None:
        for name, options in (self._extension("request-validators") or {}).items():
            if name in self._validators:
                self._api.request_validators.pop(self._validators[name])
            created = self._api.create_request_validator(
                name,
                options.get("validateRequestBody", False),
                options.get("validateRequestParameters", False),
            )
            self._validators[name] = created.id

    def _read_gateway_responses(self) -> None:
        for kind, response in (self._extension("gateway-responses") or {}).items():
            status = response.get("statusCode")
            self._api.put_gateway_response(
                kind,
                str(status) if status is not None else None,  # type: ignore[arg-type]  # a string on AWS
                response.get("responseParameters") or {},
                response.get("responseTemplates") or {},
            )

    def _add_model(self, name: str, schema: dict[str, Any]) -> str:
        check_model(name, schema)
        self._api.add_model(name, "", model_text(self._api, schema), "application/json")
        return name

    def _resource_at(self, path: str) -> Resource:
        resource = self._api.default
        current = ""
        for part in path.strip("/").split("/"):
            current += f"/{part}"
            resource = self._api.get_resource_for_path(current) or self._backend.create_resource(
                self._api.id, resource.id, part
            )
        return resource

    def _read_operation(
        self, resource: Resource, verb: str, item: dict[str, Any], operation: dict[str, Any]
    ) -> None:
        authorization, key_required = self._authorization(operation)
        validator = operation.get(EXTENSION + "request-validator") or self._extension(
            "request-validator"
        )
        if validator and validator not in self._validators:
            raise BadRequestException(f"Request validator {validator} isn't defined")
        method = resource.add_method(
            verb,
            authorization,
            api_key_required=key_required,
            request_parameters=self._parameters(item, operation),
            request_models=self._request_models(resource, verb, operation),
            operation_name=operation.get("operationId"),
            request_validator_id=self._validators.get(validator),
        )
        for code, response in (operation.get("responses") or {}).items():
            self._read_response(method, str(code), self._resolve(response))
        if integration := operation.get(EXTENSION + "integration"):
            self._read_integration(resource, verb, integration)

    def _authorization(self, operation: dict[str, Any]) -> tuple[str, bool]:
        """Return the type and whether a key is needed; root-level security is ignored."""
        explicit = operation.get(EXTENSION + "auth") or {}
        authorization = explicit.get("type", "NONE").upper()
        key_required = False
        schemes = self._components.get("securitySchemes") or {}
        for name in (name for group in operation.get("security") or [] for name in group):
            scheme = schemes.get(name)
            if scheme is None:
                raise BadRequestException(f"Security scheme {name} isn't defined")
            if scheme.get(EXTENSION + "authtype") == "awsSigv4":
                authorization = "AWS_IAM"
            elif scheme.get("type") == "apiKey" and EXTENSION + "authorizer" not in scheme:
                key_required = True
            else:
                raise BadRequestException(
                    f"Security scheme {name}: the embedded AWS imports awsSigv4 and API keys only"
                )
        return authorization, key_required

    def _parameters(self, item: dict[str, Any], operation: dict[str, Any]) -> dict[str, bool]:
        declared = [*(item.get("parameters") or []), *(operation.get("parameters") or [])]
        return {
            f"method.request.{PARAMETER_LOCATIONS[each['in']]}.{each['name']}": bool(
                each.get("required")
            )
            for each in map(self._resolve, declared)
            if each["in"] in PARAMETER_LOCATIONS
        }

    def _request_models(
        self, resource: Resource, verb: str, operation: dict[str, Any]
    ) -> dict[str, str]:
        content = self._resolve(operation.get("requestBody") or {}).get("content") or {}
        models = {}
        for media_type, description in content.items():
            if schema := description.get("schema"):
                models[media_type] = self._model_for(schema, f"{verb} {resource.get_path()}")
        return models

    def _model_for(self, schema: dict[str, Any], purpose: str) -> str:
        if reference := schema.get("$ref"):
            return str(reference).removeprefix(SCHEMAS)
        return self._add_model(f"MODEL{hashlib.sha256(purpose.encode()).hexdigest()[:6]}", schema)

    def _read_response(self, method: Method, code: str, response: dict[str, Any]) -> None:
        models = {
            media_type: description["schema"]["$ref"].removeprefix(SCHEMAS)
            for media_type, description in (response.get("content") or {}).items()
            if "$ref" in (description.get("schema") or {})
        }
        headers: dict[str, Any] = {
            f"method.response.header.{name}": False for name in response.get("headers") or {}
        }
        method.create_response(code, models, headers)

    def _read_integration(self, resource: Resource, verb: str, given: dict[str, Any]) -> None:
        integration = self._backend.put_integration(
            self._api.id,
            resource.id,
            verb,
            given["type"].upper(),
            given.get("uri", ""),
            given.get("httpMethod", ""),
            credentials=given.get("credentials"),
            request_templates=given.get("requestTemplates"),
            passthrough_behavior=given.get("passthroughBehavior", "when_no_match").upper(),
            tls_config=given.get("tlsConfig"),
            cache_namespace=given.get("cacheNamespace") or resource.id,
            timeout_in_millis=given.get("timeoutInMillis", DEFAULT_TIMEOUT_MS),
            request_parameters=given.get("requestParameters"),
            content_handling=given.get("contentHandling"),
            connection_type=given.get("connectionType"),
        )
        connect(integration, given.get("connectionId"))
        integration.cache_key_parameters = given.get("cacheKeyParameters") or []
        for pattern, response in (given.get("responses") or {}).items():
            integration.create_integration_response(
                str(response.get("statusCode", 200)),
                "" if pattern == "default" else pattern,
                dict(response.get("responseTemplates") or {}),
                response.get("responseParameters") or {},
                response.get("contentHandling"),
            )

    def _resolve(self, part: dict[str, Any]) -> dict[str, Any]:
        while reference := part.get("$ref"):
            part = self._document
            for step in reference.removeprefix("#/").split("/"):
                if step not in part:
                    raise BadRequestException(f"Unresolvable reference: {reference}")
                part = part[step]
        return part

    def _drop_dead_branches(self) -> None:
        """Remove resources that neither carry a method nor lead to one."""
        alive = {self._api.default.id}
        for resource in self._api.resources.values():
            step: Resource | None = resource if resource.resource_methods else None
            while step is not None and step.id not in alive:
                alive.add(step.id)
                step = self._api.resources[step.parent_id] if step.parent_id else None
        for resource_id in self._api.resources.keys() - alive:
            self._api.resources.pop(resource_id)


def _verb(key: str) -> str | None:
    if key == EXTENSION + "any-method":
        return "ANY"
    return key.upper() if key in VERBS else None
