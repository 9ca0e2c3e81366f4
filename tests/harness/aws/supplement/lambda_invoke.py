"""Invoke: functions run in the workers of the runtime that registered for their account."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.responses import LambdaResponse

from harness.aws import invokers
from harness.aws.supplement.registry import mend

MAX_SYNCHRONOUS = 6 * 1024 * 1024  # bytes of payload
MAX_ASYNCHRONOUS = 1024 * 1024  # bytes of payload

_INVOKE = mend(
    "lambda:InvokeFunction",
    reason="needs Docker to run a function",
    observed="invoke of a deployed alias with the edge running failed for want of a Docker socket",
)


class _RefusedError(LambdaClientError):
    """An answer with an error code and an HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code, message)
        self.code = status


@_INVOKE.instead(LambdaResponse, "invoke")
def _invoke(self: LambdaResponse) -> tuple[int, dict[str, Any], bytes | str]:
    name, qualifier = _split(unquote(self.path.split("/functions/", 1)[1].rpartition("/")[0]))
    qualifier = _agreed(qualifier, self.querystring.get("Qualifier", [None])[0])
    function = self.backend.get_function(name, qualifier)  # raises when there is none
    kind = self.headers.get("X-Amz-Invocation-Type") or "RequestResponse"
    payload = self.body.encode() if isinstance(self.body, str) else bytes(self.body or b"")
    _check(payload, MAX_ASYNCHRONOUS if kind == "Event" else MAX_SYNCHRONOUS)
    if kind == "DryRun":
        return 204, {"status": 204}, ""
    order = {
        "function": function.function_name,
        "qualifier": qualifier,
        "event": kind == "Event",
        "payload": base64.b64encode(payload or b"{}").decode(),
    }
    try:
        answer = invokers.ask(self.current_account, self.region, order)
    except invokers.NoInvokerError:
        # A client error, since clients try a service's own errors again.
        raise _RefusedError(
            "NoRuntimeException",
            f"Nothing runs the functions of account {self.current_account} in {self.region}:"
            " start harness.edge.Edge for it, and keep it open while functions are invoked.",
            424,
        ) from None
    return _response(answer, tail=self.headers.get("X-Amz-Log-Type") == "Tail")


def _response(answer: dict[str, Any], *, tail: bool) -> tuple[int, dict[str, Any], bytes | str]:
    if refused := answer.get("refused"):
        raise _RefusedError(refused["code"], refused["message"], refused["status"])
    headers = {"x-amzn-requestid": answer["request_id"]}
    if "payload" not in answer:
        return 202, {**headers, "status": 202}, ""
    headers["content-type"] = "application/json"
    headers["x-amz-executed-version"] = answer["version"]
    if answer["error"]:
        headers["x-amz-function-error"] = answer["error"]
    if tail:
        headers["x-amz-log-result"] = base64.b64encode(answer["log"].encode()).decode()
    return 200, headers, base64.b64decode(answer["payload"])


def _check(payload: bytes, most: int) -> None:
    if len(payload) > most:
        raise _RefusedError(
            "RequestTooLargeException",
            f"Request must be smaller than {most} bytes for the InvokeFunction operation",
            413,
        )
    try:
        json.loads(payload or b"{}")
    except ValueError as error:
        raise _RefusedError(
            "InvalidRequestContentException", f"Could not parse request body into json: {error}"
        ) from None


def _split(name: str) -> tuple[str, str | None]:
    """Take a name, ``name:qualifier``, or an ARN with or without qualifier apart."""
    parts = name.split(":")
    if name.startswith("arn:"):
        parts = parts[6:]
    if len(parts) > 2 or not parts[0]:
        raise _RefusedError("ValidationException", f"{name} isn't a function name or ARN.")
    return parts[0], parts[1] if len(parts) > 1 else None


def _agreed(in_name: str | None, given: str | None) -> str | None:
    if in_name and given and in_name != given:
        raise _RefusedError(
            "InvalidParameterValueException",
            f"The qualifier {in_name} of the function's name isn't the given one, {given}.",
        )
    return in_name or given
