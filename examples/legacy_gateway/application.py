"""A legacy payment application as Elastic Beanstalk would run it: one WSGI callable, `application`.

It stands for the application that a merchant's payments are moved away from. It has the contract
that merchants know, and was given the one change that moving asks for: payments and idempotency
keys are in the table of the new service, so that either recognizes what the other began.

Environment: PAYMENTS_TABLE, ACQUIRER_URL and the others of the transaction gateway.
"""

from __future__ import annotations

import os
import re
import socketserver
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from transaction_gateway.handler import handle

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

SECONDS = 10
_PATH = re.compile(
    r"/merchants/(?P<merchant_id>[^/]+)/payments(?:/(?P<payment_id>[^/]+)(?P<rest>/[a-z]+)?)?"
)
_STATUSES = {200: "OK", 201: "Created", 202: "Accepted"}


@dataclass(frozen=True)
class _Request:
    """What the payment code asks of the worker that it runs in."""

    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def get_remaining_time_in_millis(self) -> int:
        return SECONDS * 1000


def application(environment: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer one request that API Gateway has authorized."""
    if environment["PATH_INFO"] == "/health":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"ok"]
    answer: dict[str, Any] = handle(_event(environment), _Request())
    status = answer["statusCode"]
    headers = {**answer["headers"], "X-Served-By": "legacy"}
    start_response(f"{status} {_STATUSES.get(status, 'Refused')}", list(headers.items()))
    return [answer["body"].encode()]


def _event(environment: WSGIEnvironment) -> dict[str, Any]:
    """Write a request as the payment code reads it."""
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environment.items()
        if name.startswith("HTTP_") or name == "CONTENT_TYPE"
    }
    found = _PATH.fullmatch(environment["PATH_INFO"])
    parts = found.groupdict() if found else {}
    resource = "/merchants/{merchant_id}/payments" if found else ""
    if parts.get("payment_id"):
        resource += "/{payment_id}" + (parts["rest"] or "")
    length = int(environment.get("CONTENT_LENGTH") or 0)
    return {
        "httpMethod": environment["REQUEST_METHOD"],
        "resource": resource,
        "pathParameters": {name: value for name, value in parts.items() if value},
        "queryStringParameters": dict(parse_qsl(environment.get("QUERY_STRING", ""))),
        "headers": headers,
        "body": environment["wsgi.input"].read(length).decode(),
        # API Gateway writes these headers, in place of what the client may have sent.
        "requestContext": {
            "accountId": headers.get("x-account-id"),
            "extendedRequestId": headers.get("x-request-id"),
            "identity": {
                "apiKeyId": headers.get("x-api-key-id"),
                "userArn": headers.get("x-principal-arn"),
            },
        },
    }


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.0"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Log nothing: paths are the caller's, and may hold anything."""


def main() -> None:
    """Serve on 127.0.0.1, on a laptop; says on which port."""
    port = int(os.environ.get("PORT", "0"))
    with make_server("127.0.0.1", port, application, _Server, _Handler) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
