"""Errors in the form that AWS clients understand."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

_REASONS = {400: "Bad Request", 403: "Forbidden", 404: "Not Found", 409: "Conflict"}


class AwsError(Exception):
    """An AWS error with its code, such as ``ThrottlingException``, and HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status

    def answer(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Respond in the protocol that the request came in: XML for query and S3, else JSON."""
        request_id = str(uuid.uuid4())
        if _speaks_xml(environ):
            kind, body = "text/xml", self._as_xml(request_id, bare="/s3/" in _scope(environ))
        else:
            kind, body = "application/x-amz-json-1.1", self._as_json()
        headers = [
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("x-amzn-RequestId", request_id),
            ("x-amzn-ErrorType", self.code),
        ]
        start(f"{self.status} {_REASONS.get(self.status, 'Error')}", headers)
        return [body]

    def _as_json(self) -> bytes:
        return json.dumps({"__type": self.code, "message": self.message}).encode()

    def _as_xml(self, request_id: str, *, bare: bool) -> bytes:
        error = f"<Code>{escape(self.code)}</Code><Message>{escape(self.message)}</Message>"
        if bare:
            return f"<Error>{error}<RequestId>{request_id}</RequestId></Error>".encode()
        return (
            f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        ).encode()


def _scope(environ: WSGIEnvironment) -> str:
    return str(environ.get("HTTP_AUTHORIZATION", ""))


def _speaks_xml(environ: WSGIEnvironment) -> bool:
    form = "application/x-www-form-urlencoded"
    return "/s3/" in _scope(environ) or str(environ.get("CONTENT_TYPE", "")).startswith(form)
