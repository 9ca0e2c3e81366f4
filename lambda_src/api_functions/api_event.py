"""API Gateway's proxy event (format 1.0) and answer, as the handler sees them."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from payment_core.cards import holds_card_number
from payment_core.idempotency import is_valid_key
from payment_core.problems import CONTENT_TYPE, Problem, refuse
from payment_core.requests import MAX_BODY_BYTES, parse_body

if TYPE_CHECKING:
    from collections.abc import Mapping

IDEMPOTENCY_KEY = "idempotency-key"
# One merchant's resource, which stands beside the one for all while it is on a legacy backend.
_NAMED_MERCHANT = re.compile(r"/merchants/(?P<id>m_[a-z0-9]+)(?P<rest>/.*)?")


@dataclass(frozen=True, slots=True)
class ApiEvent:
    """One request. Header names are lower-case; a header sent twice has several values."""

    route: tuple[str, str]
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, list[str]]
    # A body may hold a card number until it has been checked, and a repr may be printed.
    raw_body: str = field(repr=False)
    body_is_base64: bool
    request_id: str
    account_id: str
    caller_arn: str
    api_key_id: str

    @classmethod
    def read(cls, event: Mapping[str, Any]) -> ApiEvent:
        """Read an event; absent members are empty."""
        context = event.get("requestContext") or {}
        identity = context.get("identity") or {}
        sent = event.get("multiValueHeaders") or {
            name: [value] for name, value in (event.get("headers") or {}).items()
        }
        headers: dict[str, list[str]] = {}
        # Names come as the client wrote them: one header may be sent under several.
        for name, values in sent.items():
            headers.setdefault(name.lower(), []).extend(values)
        resource, path = _for_all_merchants(
            event.get("resource") or "", event.get("pathParameters") or {}
        )
        return cls(
            route=(event.get("httpMethod") or "", resource),
            path=path,
            query=event.get("queryStringParameters") or {},
            headers=headers,
            raw_body=event.get("body") or "",
            body_is_base64=bool(event.get("isBase64Encoded")),
            request_id=context.get("extendedRequestId") or "",
            account_id=context.get("accountId") or "",
            caller_arn=identity.get("userArn") or "",
            api_key_id=identity.get("apiKeyId") or "",
        )

    def idempotency_key(self) -> str:
        """Give the idempotency key; raises ``ProblemError`` (400)."""
        values = self.headers.get(IDEMPOTENCY_KEY, [])
        if not any(values):
            raise refuse(
                "idempotency_key_missing",
                "Send an Idempotency-Key header, a new UUID for each new request.",
            )
        if len(values) > 1 or not is_valid_key(values[0]):
            raise refuse(
                "idempotency_key_malformed",
                "Send one Idempotency-Key of 1 to 128 letters, digits or '._:-', like a UUID.",
            )
        if holds_card_number(values[0]):
            raise refuse(
                "card_number_refused",
                "The Idempotency-Key looks like a card number. Send a UUID instead.",
            )
        return values[0]

    def json_body(self) -> dict[str, object]:
        """Give the parsed body; raises ``ProblemError`` (400, 413, 415)."""
        return parse_body(self.json_bytes())

    def json_bytes(self) -> bytes:
        """Give the body, which claims to be JSON; raises ``ProblemError`` (400, 413, 415)."""
        raw = self._bytes()
        media_type = ",".join(self.headers.get("content-type", [])).partition(";")[0]
        if raw and media_type.strip().lower() != "application/json":
            raise refuse("unsupported_media_type", "Send the body as application/json.")
        return raw

    def _bytes(self) -> bytes:
        if len(self.raw_body) > 2 * MAX_BODY_BYTES:
            raise refuse("body_too_large", f"The body may have at most {MAX_BODY_BYTES} bytes.")
        if not self.body_is_base64:
            return self.raw_body.encode(errors="surrogatepass")
        try:
            return base64.b64decode(self.raw_body, validate=True)
        except binascii.Error:
            raise refuse("invalid_request", "The body isn't what it claims to be.") from None


def _for_all_merchants(resource: str, path: Mapping[str, str]) -> tuple[str, Mapping[str, str]]:
    """Give the resource as the contract has it, and the merchant as a part of the path."""
    named = _NAMED_MERCHANT.fullmatch(resource)
    if named is None:
        return resource, path
    return f"/merchants/{{merchant_id}}{named['rest'] or ''}", {**path, "merchant_id": named["id"]}


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, with its body as text."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content_type(self) -> str:
        """Problems have a media type of their own."""
        return "application/json" if self.status < 400 else CONTENT_TYPE

    def to_answer(self, more_headers: Mapping[str, str]) -> dict[str, object]:
        """Write the answer as API Gateway reads it, with headers that every answer has."""
        return {
            "statusCode": self.status,
            "headers": {
                "Content-Type": self.content_type,
                "Cache-Control": "no-store",
                **self.headers,
                **more_headers,
            },
            "body": self.body,
            "isBase64Encoded": False,
        }


def problem_reply(problem: Problem, request_id: str) -> Reply:
    """Answer a problem."""
    headers = {} if problem.retry_after is None else {"Retry-After": str(problem.retry_after)}
    return Reply(problem.status, compact_json(problem.document(request_id)), headers)


def compact_json(document: object) -> str:
    """Write JSON without spaces."""
    return json.dumps(document, separators=(",", ":"))
