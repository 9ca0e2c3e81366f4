"""The Lambda proxy integration: event format 1.0 and the response it expects.

Source: "Lambda proxy integrations in API Gateway" in the API Gateway guide.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson

from harness.edge.context import request_time
from harness.edge.table import Answer
from harness.edge.tls import event_certificate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.edge.exchange import Exchange, Headers

PORT = "443"  # clients reach API Gateway over TLS
_DROPPED = frozenset({"authorization", "connection", "content-length", "transfer-encoding"})
# API Gateway sets these itself and renames what a function returns.
_REMAPPED = frozenset(
    {"connection", "content-length", "date", "server", "transfer-encoding", "www-authenticate"}
)


class MalformedResponse(ValueError):  # noqa: N818 - the name in API Gateway's execution log
    """The function's result isn't a proxy response."""


def proxy_event(exchange: Exchange, *, binary: bool) -> bytes:
    """The event as JSON; ``binary`` makes the body base64."""
    single, multiple = _headers(exchange)
    query, queries = _query(exchange.query)
    route, stage = exchange.route, exchange.stage
    body = exchange.body
    return orjson.dumps(
        {
            "resource": route.resource_path,
            "path": exchange.whole_path if exchange.mapped else exchange.path,
            "httpMethod": exchange.verb,
            "headers": single,
            "multiValueHeaders": multiple,
            "queryStringParameters": query,
            "multiValueQueryStringParameters": queries,
            "pathParameters": exchange.path_parameters or None,
            "stageVariables": stage.variables or None,
            "requestContext": _request_context(exchange),
            "body": _encoded(body, binary=binary) if body else None,
            "isBase64Encoded": bool(body) and binary,
        },
        option=orjson.OPT_PASSTHROUGH_SUBCLASS,
        default=dict,
    )


def _encoded(body: bytes, *, binary: bool) -> str:
    return base64.b64encode(body).decode() if binary else body.decode("utf-8", "replace")


def _headers(exchange: Exchange) -> tuple[dict[str, str], dict[str, list[str]]]:
    multiple: dict[str, list[str]] = {}
    for raw_name, raw_value in exchange.headers:
        name = raw_name.decode("latin-1")
        if name not in _DROPPED:
            multiple.setdefault(name, []).append(raw_value.decode("latin-1"))
    forwarded = [*multiple.get("x-forwarded-for", []), exchange.source_ip]
    multiple["x-forwarded-for"] = [", ".join(forwarded)]
    multiple["x-forwarded-port"] = [PORT]
    multiple["x-forwarded-proto"] = ["https"]
    multiple["x-amzn-trace-id"] = [f"Root={exchange.trace_root}"]
    return {name: values[-1] for name, values in multiple.items()}, multiple


def _query(raw: bytes) -> tuple[dict[str, str] | None, dict[str, list[str]] | None]:
    if not raw:
        return None, None
    multiple: dict[str, list[str]] = {}
    for name, value in parse_qsl(raw.decode("latin-1"), keep_blank_values=True):
        multiple.setdefault(name, []).append(value)
    return {name: values[-1] for name, values in multiple.items()}, multiple


def _request_context(exchange: Exchange) -> dict[str, Any]:
    route, stage = exchange.route, exchange.stage
    context = {
        "accountId": stage.account_id,
        "apiId": stage.api_id,
        "deploymentId": stage.deployment_id,
        "domainName": exchange.domain_name,
        "domainPrefix": exchange.domain_name.partition(".")[0],
        "extendedRequestId": exchange.request_id,
        "httpMethod": exchange.verb,
        "identity": _identity(exchange),
        "path": exchange.whole_path,
        "protocol": exchange.protocol,
        "requestId": exchange.request_id,
        "requestTime": request_time(int(exchange.received_at)),
        "requestTimeEpoch": round(exchange.received_at * 1000),
        "resourceId": route.resource_id,
        "resourcePath": route.resource_path,
        "stage": stage.name,
    }
    if route.operation_name:
        context["operationName"] = route.operation_name
    return context


def _identity(exchange: Exchange) -> dict[str, Any]:
    caller, key = exchange.caller, exchange.api_key
    identity: dict[str, Any] = {
        "accessKey": caller.access_key if caller else None,
        "accountId": caller.account_id if caller else None,
        "caller": caller.principal_id if caller else None,
        "cognitoAuthenticationProvider": None,
        "cognitoAuthenticationType": None,
        "cognitoIdentityId": None,
        "cognitoIdentityPoolId": None,
        "principalOrgId": None,
        "sourceIp": exchange.source_ip,
        "user": caller.principal_id if caller else None,
        "userAgent": exchange.header(b"user-agent"),
        "userArn": caller.arn if caller else None,
    }
    if key is not None:
        identity["apiKey"] = exchange.api_key_value
        identity["apiKeyId"] = key.key_id
    if exchange.tls and exchange.tls.client_certificate:
        identity["clientCert"] = event_certificate(exchange.tls.client_certificate)
    return identity


def proxy_answer(payload: bytes, *, decode: bool) -> Answer:
    """The HTTP response in a function's result; ``decode`` unpacks base64 bodies.

    Raises:
        MalformedResponse: API Gateway wouldn't accept it.
    """
    try:
        result = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise MalformedResponse(f"the result is not JSON: {error}") from error
    if not isinstance(result, dict):
        raise MalformedResponse("the result is not an object")
    return Answer(_status(result), _answer_headers(result), _body(result, decode=decode))


def _status(result: Mapping[str, Any]) -> int:
    status = result.get("statusCode")
    if isinstance(status, str) and status.isdigit():
        status = int(status)
    if not isinstance(status, int) or isinstance(status, bool) or not 100 <= status <= 599:
        raise MalformedResponse(f"statusCode is {status!r}")
    return status


def _answer_headers(result: Mapping[str, Any]) -> Headers:
    single, multiple = result.get("headers") or {}, result.get("multiValueHeaders") or {}
    if not isinstance(single, dict) or not isinstance(multiple, dict):
        raise MalformedResponse("headers and multiValueHeaders must be objects")
    headers: Headers = []
    repeated = {str(name).lower() for name in multiple}
    for name, value in single.items():
        if name.lower() not in repeated:
            headers.append(_header(name, value))
    for name, values in multiple.items():
        if not isinstance(values, list):
            raise MalformedResponse(f"multiValueHeaders.{name} is not a list")
        headers += [_header(name, value) for value in values]
    if not any(name == b"content-type" for name, _ in headers):
        headers.append((b"content-type", b"application/json"))
    return headers


def _header(name: str, value: Any) -> tuple[bytes, bytes]:
    if isinstance(value, bool):
        value = str(value).lower()
    if not isinstance(value, (str, int, float)):
        raise MalformedResponse(f"the header {name} is {value!r}")
    text = str(value)
    if "\r" in text or "\n" in text:
        raise MalformedResponse(f"the header {name} has a line break")
    name = name.lower()
    if name in _REMAPPED:
        name = f"x-amzn-remapped-{name}"
    return name.encode("latin-1", "replace"), text.encode("latin-1", "replace")


def _body(result: Mapping[str, Any], *, decode: bool) -> bytes:
    body = result.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise MalformedResponse(f"the body is {type(body).__name__}, not a string")
    if not (decode and result.get("isBase64Encoded") is True):
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise MalformedResponse(f"the body is not base64: {error}") from error
