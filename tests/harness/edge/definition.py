"""Turns the exported OpenAPI document of a deployment into methods.

The document is what GetExport returns for a stage with ``extensions=apigateway``: the
snapshot that was deployed, not the API as it is being edited.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.edge.http_proxy import HttpProxy
from harness.edge.integrations import LambdaProxy, Mock
from harness.edge.permissions import may_invoke
from harness.edge.routing import ANY, Router
from harness.edge.table import CompileError, Integration, Method
from harness.edge.validation import Models, RequestValidator
from harness.iam import Policy
from harness.runtime.service import parse_arn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from harness.edge.integrations import Invoker
    from harness.edge.throttling import TokenBucket
    from harness.edge.vpc_links import VpcLinks

EXTENSION = "x-amazon-apigateway-"
DEFAULT_TIMEOUT_MS = 29_000
_VERBS = frozenset({"get", "put", "post", "delete", "options", "head", "patch"})
_LAMBDA_URI = re.compile(
    r"arn:aws:apigateway:[^:]+:lambda:path/2015-03-31/functions/(?P<function>.+)/invocations"
)
_STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")
_PARAMETER = re.compile(r"\{[^}]+\}")
_GREEDY = re.compile(r"\{(\w+)\+\}")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a deployment's methods need from their stage and account."""

    stage_arn: str
    account_id: str
    region: str
    variables: Mapping[str, str]
    resource_ids: Mapping[str, str]
    invoker: Invoker
    function_policy: Callable[[str, str | None], str | None]
    method_bucket: Callable[[str, str], TokenBucket | None]
    vpc_links: VpcLinks


class Definition:
    """One exported document."""

    def __init__(self, document: Mapping[str, Any], surroundings: Surroundings) -> None:
        self._document = document
        self._around = surroundings
        components = document.get("components") or {}
        self._models = Models(components.get("schemas") or {})
        self._schemes: Mapping[str, Any] = components.get("securitySchemes") or {}
        self._validators = self._extension("request-validators") or {}
        self._policies: dict[tuple[str, str | None], str | None] = {}

    def router(self) -> Router[Method]:
        """All methods.

        Raises:
            CompileError: something deployed isn't supported; names the method.
        """
        return Router((method.verb, method.resource_path, method) for method in self._methods())

    @property
    def gateway_responses(self) -> Mapping[str, Mapping[str, Any]]:
        """The configured gateway responses by type."""
        return self._extension("gateway-responses") or {}

    @property
    def resource_policy(self) -> Policy | None:
        """The API's resource policy, short ``execute-api:/`` resources spelled out."""
        document = self._extension("policy")
        if not document:
            return None
        api_arn = self._around.stage_arn.rpartition("/")[0]
        statements = document["Statement"]
        if not isinstance(statements, list):
            statements = [statements]
        spelled = [_spell_out(statement, api_arn) for statement in statements]
        return Policy({**document, "Statement": spelled}, resource_based=True)

    @property
    def endpoint_disabled(self) -> bool:
        """Whether the default endpoint is switched off."""
        endpoint = self._extension("endpoint-configuration") or {}
        return bool(endpoint.get("disableExecuteApiEndpoint"))

    def _extension(self, name: str) -> Any:
        return self._document.get(EXTENSION + name)

    def _methods(self) -> Iterator[Method]:
        for path, item in (self._document.get("paths") or {}).items():
            for key, operation in item.items():
                if key in _VERBS:
                    yield self._method(key.upper(), path, operation)
                elif key == EXTENSION + "any-method":
                    yield self._method(ANY, path, operation)

    def _method(self, verb: str, path: str, operation: Mapping[str, Any]) -> Method:
        where = f"{verb} {path}"
        signed, key_required = self._security(operation, where)
        return Method(
            verb=verb,
            resource_path=path,
            resource_id=self._around.resource_ids.get(path, ""),
            operation_name=operation.get("operationId"),
            signed=signed,
            key_required=key_required,
            validator=self._validator(operation),
            integration=self._integration(verb, path, operation, where, signed=signed),
            bucket=self._around.method_bucket(path, verb),
        )

    def _security(self, operation: Mapping[str, Any], where: str) -> tuple[bool, bool]:
        signed = key_required = False
        for name in {name for group in operation.get("security") or () for name in group}:
            scheme = self._schemes.get(name, {})
            if scheme.get(EXTENSION + "authtype") == "awsSigv4":
                signed = True
            elif scheme.get("name", "").lower() == "x-api-key":
                key_required = True
            else:
                raise CompileError(
                    f"{where}: the security scheme '{name}' isn't supported by the edge; "
                    "AWS_IAM and API keys are."
                )
        return signed, key_required

    def _validator(self, operation: Mapping[str, Any]) -> RequestValidator | None:
        name = operation.get(EXTENSION + "request-validator") or self._extension(
            "request-validator"
        )
        options = self._validators.get(name or "", {})
        parameters = [
            (each["in"], each["name"])
            for each in operation.get("parameters") or ()
            if each.get("required")
        ]
        content = (operation.get("requestBody") or {}).get("content") or {}
        models = {
            media_type: self._models.validator(each["schema"]["$ref"].rpartition("/")[2])
            for media_type, each in content.items()
            if "$ref" in (each.get("schema") or {})
        }
        checks_parameters = bool(options.get("validateRequestParameters")) and parameters
        checks_body = bool(options.get("validateRequestBody")) and models
        if not checks_parameters and not checks_body:
            return None
        return RequestValidator(
            parameters if checks_parameters else (), models if checks_body else {}
        )

    def _integration(
        self, verb: str, path: str, operation: Mapping[str, Any], where: str, *, signed: bool
    ) -> Integration:
        definition = operation.get(EXTENSION + "integration") or {}
        kind = str(definition.get("type", "")).lower()
        if kind == "mock":
            return Mock(definition, where)
        if kind == "aws_proxy":
            return self._lambda_proxy(verb, path, definition, where)
        if kind == "http_proxy":
            return self._http_proxy(path, definition, where, signed=signed)
        raise CompileError(
            f"{where}: the integration type '{kind}' isn't supported by the edge; "
            "aws_proxy to Lambda, http_proxy through a VPC link and mock are."
        )

    def _http_proxy(
        self, path: str, definition: Mapping[str, Any], where: str, *, signed: bool
    ) -> HttpProxy:
        connection = definition.get("connectionType", "INTERNET")
        if connection != "VPC_LINK":
            raise CompileError(f"{where}: connectionType is {connection}; the edge has VPC_LINK.")
        uri = _STAGE_VARIABLE.sub(self._stage_variable, definition["uri"])
        link = _STAGE_VARIABLE.sub(self._stage_variable, definition.get("connectionId") or "")
        return HttpProxy(
            {**definition, "uri": uri},
            self._around.vpc_links.backend(link, uri, where=where),
            signed=signed,
            greedy=frozenset(_GREEDY.findall(path)),
            timeout=_timeout(definition),
            binary_types=self._extension("binary-media-types") or (),
            where=where,
        )

    def _lambda_proxy(
        self, verb: str, path: str, definition: Mapping[str, Any], where: str
    ) -> LambdaProxy:
        uri = _STAGE_VARIABLE.sub(self._stage_variable, definition.get("uri") or "")
        found = _LAMBDA_URI.fullmatch(uri)
        if found is None:
            raise CompileError(f"{where}: '{uri}' isn't the invocation URI of a Lambda function.")
        if definition.get("httpMethod") != "POST":
            raise CompileError(f"{where}: a Lambda integration needs httpMethod POST.")
        around = self._around
        name, qualifier = parse_arn(found["function"], around.account_id, around.region)
        permitted = bool(definition.get("credentials")) or self._permitted(
            name, qualifier, found["function"], verb, path
        )
        return LambdaProxy(
            around.invoker,
            name,
            qualifier,
            permitted=permitted,
            timeout=_timeout(definition),
            binary_types=self._extension("binary-media-types") or (),
        )

    def _stage_variable(self, reference: re.Match[str]) -> str:
        return self._around.variables.get(reference[1], "")

    def _permitted(
        self, name: str, qualifier: str | None, function_arn: str, verb: str, path: str
    ) -> bool:
        """Whether the function's policy lets this method, as its source ARN, invoke it."""
        around = self._around
        key = (name, qualifier)
        if key not in self._policies:
            self._policies[key] = around.function_policy(name, qualifier)
        return may_invoke(
            self._policies[key],
            "apigateway.amazonaws.com",
            source_arn=around.stage_arn + "/" + verb.replace(ANY, "*") + _PARAMETER.sub("*", path),
            account_id=around.account_id,
            function_arn=function_arn,
        )


def _timeout(definition: Mapping[str, Any]) -> float:
    return float(definition.get("timeoutInMillis") or DEFAULT_TIMEOUT_MS) / 1000


def _spell_out(statement: Mapping[str, Any], api_arn: str) -> dict[str, Any]:
    spelled = dict(statement)
    for element in ("Resource", "NotResource"):
        if element in spelled:
            resources = spelled[element]
            listed = [resources] if isinstance(resources, str) else resources
            spelled[element] = [
                f"{api_arn}/{each.removeprefix('execute-api:/')}"
                if each.startswith("execute-api:/")
                else each
                for each in listed
            ]
    return spelled
