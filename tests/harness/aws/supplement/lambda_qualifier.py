"""What belongs to an alias or a version of a function rather than to the function."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import (
    GenericResourcNotFound,
    LambdaClientError,
    UnknownPolicyException,
)
from moto.awslambda.models import EventInvokeConfig, LambdaBackend, LambdaFunction
from moto.awslambda.responses import LambdaResponse
from moto.awslambda.urls import url_paths
from moto.awslambda.utils import make_function_arn

from harness.aws.supplement.lambda_function import ConflictError, NotFoundError
from harness.aws.supplement.registry import mend

_Answer = tuple[int, dict[str, Any], str]

_PERMISSIONS = mend(
    "lambda:AddPermission",
    reason="keeps one policy for all qualifiers and accepts a statement id twice",
    observed="GetPolicy of an alias returned the function's own statements",
)
_ASYNCHRONOUS = mend(
    "lambda:PutFunctionEventInvokeConfig",
    reason="ignores the qualifier: all aliases share one configuration",
    observed="GetFunctionEventInvokeConfig without a qualifier returned the alias's",
)
_PROVISIONED = mend(
    "lambda:PutProvisionedConcurrencyConfig",
    reason="has no provisioned concurrency (404)",
    observed="aws_lambda_provisioned_concurrency_config failed to apply",
)


@_PERMISSIONS.around(LambdaBackend, "add_permission")
def _add_permission(
    original: Any, backend: LambdaBackend, function_name: str, qualifier: str, raw: str
) -> dict[str, Any]:
    function = backend.get_function(function_name, qualifier)
    sid = json.loads(raw)["StatementId"]
    if any(each["Sid"] == sid for each in _statements(function, qualifier)):
        raise ConflictError(f"The statement id ({sid}) provided already exists.")
    statement: dict[str, Any] = original(backend, function_name, qualifier, raw)
    return statement


@_PERMISSIONS.instead(LambdaBackend, "get_policy")
def _get_policy(self: LambdaBackend, function_name: str, qualifier: str | None = None) -> str:
    function = self.get_function(function_name, qualifier)
    statements = _statements(function, qualifier)
    if not statements:
        raise GenericResourcNotFound
    policy = {"Version": "2012-10-17", "Id": "default", "Statement": statements}
    return json.dumps({"Policy": json.dumps(policy), "RevisionId": function.policy.revision})


@_PERMISSIONS.instead(LambdaResponse, "remove_permission")
def _remove_permission(self: LambdaResponse) -> _Answer:
    sid = self.path.rsplit("/", 1)[1]
    function = self.backend.get_function(_function_name(self), _qualifier(self))
    for statement in _statements(function, _qualifier(self)):
        if statement["Sid"] == sid:
            function.policy.statements.remove(statement)
            return 204, {"status": 204}, ""
    raise UnknownPolicyException


def _statements(function: LambdaFunction, qualifier: str | None) -> list[dict[str, Any]]:
    """Return the statements made for one qualifier; all of a function share one list."""
    arn = make_function_arn(function.region, function.account_id, function.function_name)
    resource = f"{arn}:{qualifier}" if qualifier else arn
    return [each for each in function.policy.statements if each["Resource"] == resource]


@_ASYNCHRONOUS.instead(LambdaResponse, "put_function_event_invoke_config")
def _put_event_invoke_config(self: LambdaResponse) -> _Answer:
    return _store_event_invoke_config(self, self.json_body)


@_ASYNCHRONOUS.instead(LambdaResponse, "update_function_event_invoke_config")
def _update_event_invoke_config(self: LambdaResponse) -> _Answer:
    earlier = _event_invoke_configs(self).get(_qualified_arn(self), {})
    return _store_event_invoke_config(self, {**earlier, **self.json_body})


@_ASYNCHRONOUS.instead(LambdaResponse, "get_function_event_invoke_config")
def _get_event_invoke_config(self: LambdaResponse) -> _Answer:
    arn = _qualified_arn(self)
    if arn not in _event_invoke_configs(self):
        raise NotFoundError(
            "ResourceNotFoundException", f"The function {arn} doesn't have an EventInvokeConfig"
        )
    return 200, {}, json.dumps(_event_invoke_configs(self)[arn])


@_ASYNCHRONOUS.instead(LambdaResponse, "delete_function_event_invoke_config")
def _delete_event_invoke_config(self: LambdaResponse) -> _Answer:
    _event_invoke_configs(self).pop(_qualified_arn(self), None)
    return 204, {"status": 204}, ""


def _store_event_invoke_config(response: LambdaResponse, content: dict[str, Any]) -> _Answer:
    arn = _qualified_arn(response)
    EventInvokeConfig(arn, "", content)  # validates
    stored = {
        "DestinationConfig": {"OnSuccess": {}, "OnFailure": {}},
        **content,
        "FunctionArn": arn,
        "LastModified": int(time.time()),
    }
    _event_invoke_configs(response)[arn] = stored
    return 200, {}, json.dumps(stored)


def _event_invoke_configs(response: LambdaResponse) -> dict[str, Any]:
    configs: dict[str, Any] = vars(response.backend).setdefault("event_invoke_configs", {})
    return configs


_PROVISIONED.serves(
    url_paths,
    r"{0}/(?P<api_version>[^/]+)/functions/(?P<function_name>[\w_:%-]+)/provisioned-concurrency$",
    LambdaResponse,
)


@_PROVISIONED.instead(LambdaResponse, "put_provisioned_concurrency_config")
def _put_provisioned_concurrency(self: LambdaResponse) -> _Answer:
    if _qualifier(self) in (None, "$LATEST"):
        raise LambdaClientError(
            "InvalidParameterValueException",
            "Provisioned concurrency needs an alias or a published version",
        )
    wanted = self.json_body["ProvisionedConcurrentExecutions"]
    stored = {
        "RequestedProvisionedConcurrentExecutions": wanted,
        "AvailableProvisionedConcurrentExecutions": wanted,
        "AllocatedProvisionedConcurrentExecutions": wanted,
        "Status": "READY",
        "LastModified": time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime()),
    }
    _provisioned(self)[_qualified_arn(self)] = stored
    return 202, {"status": 202}, json.dumps(stored)


@_PROVISIONED.instead(LambdaResponse, "get_provisioned_concurrency_config")
def _get_provisioned_concurrency(self: LambdaResponse) -> _Answer:
    arn = _qualified_arn(self)
    if arn not in _provisioned(self):
        raise NotFoundError(
            "ProvisionedConcurrencyConfigNotFoundException",
            "No Provisioned Concurrency Config found for this function",
        )
    return 200, {}, json.dumps(_provisioned(self)[arn])


@_PROVISIONED.instead(LambdaResponse, "delete_provisioned_concurrency_config")
def _delete_provisioned_concurrency(self: LambdaResponse) -> _Answer:
    _provisioned(self).pop(_qualified_arn(self), None)
    return 204, {"status": 204}, ""


def _provisioned(response: LambdaResponse) -> dict[str, Any]:
    configs: dict[str, Any] = vars(response.backend).setdefault("provisioned_concurrency", {})
    return configs


def _function_name(response: LambdaResponse) -> str:
    return unquote(response.path.split("/")[3])


def _qualifier(response: LambdaResponse) -> str | None:
    qualifiers: list[str | None] = response.querystring.get("Qualifier", [None])
    return qualifiers[0]


def _qualified_arn(response: LambdaResponse) -> str:
    """Return the ARN of the function and qualifier in a request; raises if there is none."""
    qualifier = _qualifier(response)
    function = response.backend.get_function(_function_name(response), qualifier)
    arn = make_function_arn(function.region, function.account_id, function.function_name)
    return f"{arn}:{qualifier or '$LATEST'}"
