"""Code signing configurations: kept and attached to functions; nothing checks a signature."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from moto.awslambda.responses import LambdaResponse
from moto.awslambda.urls import url_paths

from harness.aws.supplement.lambda_function import ConflictError, NotFoundError
from harness.aws.supplement.registry import mend

_Answer = tuple[int, dict[str, Any], str]

_CODE_SIGNING = mend(
    "lambda:CreateCodeSigningConfig",
    reason="has no code signing configurations (404)",
    observed="aws_lambda_code_signing_config failed to apply",
)

for _pattern in ("code-signing-configs/?$", "code-signing-configs/(?P<arn>[^/]+)$"):
    _CODE_SIGNING.serves(url_paths, rf"{{0}}/(?P<api_version>[^/]+)/{_pattern}", LambdaResponse)


@_CODE_SIGNING.instead(LambdaResponse, "create_code_signing_config")
def _create(self: LambdaResponse) -> _Answer:
    identifier = f"csc-{uuid.uuid4().hex[:17]}"
    arn = f"arn:aws:lambda:{self.region}:{self.current_account}:code-signing-config:{identifier}"
    _configs(self)[arn] = {
        "CodeSigningConfigArn": arn,
        "CodeSigningConfigId": identifier,
        "Description": "",
        "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Warn"},
        **self.json_body,
    }
    return _answer(self, arn, status=201)


@_CODE_SIGNING.instead(LambdaResponse, "get_code_signing_config")
def _get(self: LambdaResponse) -> _Answer:
    return _answer(self, _arn(self))


@_CODE_SIGNING.instead(LambdaResponse, "update_code_signing_config")
def _update(self: LambdaResponse) -> _Answer:
    _config(self, _arn(self)).update(self.json_body)
    return _answer(self, _arn(self))


@_CODE_SIGNING.instead(LambdaResponse, "delete_code_signing_config")
def _delete(self: LambdaResponse) -> _Answer:
    _config(self, _arn(self))
    if any(f.code_signing_config_arn == _arn(self) for f in self.backend.list_functions()):
        raise ConflictError("The code signing configuration is attached to a function.")
    _configs(self).pop(_arn(self))
    return 204, {"status": 204}, ""


@_CODE_SIGNING.instead(LambdaResponse, "put_function_code_signing_config")
def _attach(self: LambdaResponse) -> _Answer:
    function = self.backend.get_function(unquote(self.path.split("/")[3]))
    function.code_signing_config_arn = self.json_body["CodeSigningConfigArn"]
    return 200, {}, json.dumps(function.get_function_code_signing_config())


@_CODE_SIGNING.instead(LambdaResponse, "delete_function_code_signing_config")
def _detach(self: LambdaResponse) -> _Answer:
    self.backend.get_function(unquote(self.path.split("/")[3])).code_signing_config_arn = None
    return 204, {"status": 204}, ""


@_CODE_SIGNING.around(LambdaResponse, "list_tags")
def _list_tags(original: Any, response: LambdaResponse) -> str:
    if ":code-signing-config:" not in _arn(response):
        return str(original(response))
    return json.dumps({"Tags": _tags(response)})


@_CODE_SIGNING.around(LambdaResponse, "tag_resource")
def _tag_resource(original: Any, response: LambdaResponse) -> str:
    if ":code-signing-config:" not in _arn(response):
        return str(original(response))
    _tags(response).update(response.json_body["Tags"])
    return "{}"


@_CODE_SIGNING.around(LambdaResponse, "untag_resource")
def _untag_resource(original: Any, response: LambdaResponse) -> Any:
    if ":code-signing-config:" not in _arn(response):
        return original(response)
    for key in response.querystring["tagKeys"]:
        _tags(response).pop(key, None)
    return 204, {"status": 204}, ""


def _arn(response: LambdaResponse) -> str:
    return unquote(response.path.rsplit("/", 1)[1])


def _configs(response: LambdaResponse) -> dict[str, dict[str, Any]]:
    configs: dict[str, dict[str, Any]] = vars(response.backend).setdefault("code_signing", {})
    return configs


def _config(response: LambdaResponse, arn: str) -> dict[str, Any]:
    if arn not in _configs(response):
        raise NotFoundError(
            "ResourceNotFoundException", "The code signing configuration cannot be found."
        )
    config = _configs(response)[arn]
    config["LastModified"] = datetime.now(UTC).isoformat()
    return config


def _tags(response: LambdaResponse) -> dict[str, str]:
    tags: dict[str, str] = _config(response, _arn(response)).setdefault("Tags", {})
    return tags


def _answer(response: LambdaResponse, arn: str, status: int = 200) -> _Answer:
    config = {key: value for key, value in _config(response, arn).items() if key != "Tags"}
    return status, {"status": status}, json.dumps({"CodeSigningConfig": config})
