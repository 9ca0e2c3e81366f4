"""Lambda functions: configuration that moto forgets, and the deployed code."""

from __future__ import annotations

import json
from typing import Any

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaFunction
from moto.awslambda.responses import LambdaResponse

from harness.aws.control import code_path
from harness.aws.supplement.registry import mend

_CONFIGURATION = mend(
    "lambda:UpdateFunctionConfiguration",
    reason="forgets the dead-letter queue and the logging configuration; updates of key, tracing"
    " and storage are lost",
    observed="second plan of aws_lambda_function wanted dead_letter_config and logging_config",
)
_CODE = mend(
    "lambda:GetFunction",
    reason="points Code.Location at an amazonaws.com host, so deployed code can't be fetched",
    observed="GET of the location",
)


class NotFoundError(LambdaClientError):
    """An answer of 404 with the error code of the missing thing."""

    code = 404


class ConflictError(LambdaClientError):
    """An answer of 409, ``ResourceConflictException``."""

    code = 409

    def __init__(self, message: str) -> None:
        super().__init__("ResourceConflictException", message)


@_CONFIGURATION.around(LambdaFunction, "__init__")
def _init(original: Any, function: LambdaFunction, *args: Any, **options: Any) -> None:
    original(function, *args, **options)
    specification = options.get("spec") or args[1]
    vars(function)["dead_letters"] = specification.get("DeadLetterConfig") or {}
    vars(function)["logging"] = specification.get("LoggingConfig") or {}


@_CONFIGURATION.around(LambdaFunction, "update_configuration")
def _update_configuration(original: Any, function: LambdaFunction, updates: dict[str, Any]) -> Any:
    if "DeadLetterConfig" in updates:
        vars(function)["dead_letters"] = updates["DeadLetterConfig"]
    if "LoggingConfig" in updates:
        vars(function)["logging"] = updates["LoggingConfig"]
    function.kms_key_arn = updates.get("KMSKeyArn", function.kms_key_arn)
    function.tracing_config = updates.get("TracingConfig", function.tracing_config)
    if storage := updates.get("EphemeralStorage"):
        function.ephemeral_storage = storage["Size"]
    return original(function, updates)


@_CONFIGURATION.around(LambdaFunction, "get_configuration")
def _get_configuration(
    original: Any, function: LambdaFunction, *args: Any, **options: Any
) -> dict[str, Any]:
    configuration: dict[str, Any] = original(function, *args, **options)
    configuration["LoggingConfig"] = {
        "LogFormat": "Text",
        "LogGroup": f"/aws/lambda/{function.function_name}",
        **vars(function)["logging"],
    }
    if vars(function)["dead_letters"].get("TargetArn"):
        configuration["DeadLetterConfig"] = vars(function)["dead_letters"]
    return configuration


@_CODE.around(LambdaResponse, "get_function")
def _get_function(original: Any, response: LambdaResponse) -> str:
    answer = json.loads(original(response))
    configuration = answer["Configuration"]
    path = code_path(
        response.current_account,
        response.region,
        configuration["FunctionName"],
        configuration["Version"],
    )
    answer["Code"]["Location"] = f"http://{response.headers['Host']}{path}"
    return json.dumps(answer)
