"""One HTTP request and its reply, over ASGI."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from payment_core.problems import CONTENT_TYPE, Problem, refuse
from payment_core.requests import MAX_BODY_BYTES, parse_body

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

BODY_SECONDS = 5.0
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class GoneError(Exception):
    """The client went away before its request was complete."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request without its body. Header names are lower-case; repeated ones are joined by a comma.

    Joined, a header that must hold one value holds none that fits.
    """

    method: str
    path: str
    headers: Mapping[str, str]

    @classmethod
    def of(cls, scope: Mapping[str, Any]) -> Request:
        """Read an ASGI scope."""
        headers: dict[str, str] = {}
        for raw_name, raw_value in scope["headers"]:
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]},{value}" if name in headers else value
        return cls(scope["method"], scope["path"], headers)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer."""

    status: int
    document: Mapping[str, object]
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def problem(cls, problem: Problem, request_id: str) -> Reply:
        """Answer a problem."""
        headers = {} if problem.retry_after is None else {"Retry-After": str(problem.retry_after)}
        return cls(problem.status, problem.document(request_id), headers)

    async def send(self, send: Send, more_headers: Mapping[str, str] = NO_HEADERS) -> None:
        """Send it, whole."""
        body = json.dumps(self.document, separators=(",", ":")).encode()
        headers = {
            "content-type": "application/json" if self.status < 400 else CONTENT_TYPE,
            "content-length": str(len(body)),
            "cache-control": "no-store",
            **{name.lower(): value for name, value in {**self.headers, **more_headers}.items()},
        }
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": raw})
        await send({"type": "http.response.body", "body": body})


async def json_body(request: Request, receive: Receive) -> dict[str, object]:
    """Read and parse a body. Raises ``ProblemError`` (400, 413, 415, 503) or ``GoneError``."""
    media_type = request.headers.get("content-type", "").partition(";")[0]
    if media_type.strip().lower() != "application/json":
        raise refuse("unsupported_media_type", "Send the body as application/json.")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await _body(receive)
    except TimeoutError:
        detail = f"The body didn't arrive in {BODY_SECONDS:.0f} seconds. Repeat the request."
        raise refuse("out_of_time", detail) from None
    return parse_body(body)


async def _body(receive: Receive) -> bytes:
    """Read no more than may be sent: what is longer isn't waited for."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise GoneError
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise refuse("body_too_large", f"The body may have at most {MAX_BODY_BYTES} bytes.")
        if not message.get("more_body"):
            return bytes(body)
