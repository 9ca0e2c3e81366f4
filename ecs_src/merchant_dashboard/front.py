"""The outermost layer: request ids, secure headers, one log line a request, draining."""

from __future__ import annotations

import re
import time
import uuid
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders

from merchant_dashboard import telemetry
from payment_core.cards import holds_card_number
from payment_core.lifecycle import headers_of_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from merchant_dashboard.telemetry import Spent, Telemetry

SECURE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_NO_STORE = "no-store"
_REQUEST_ID = re.compile(r"[A-Za-z0-9=+/_.:-]{1,128}")
_TRACE_ROOT = re.compile(r"(?:^|;)Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;|\Z)")
HEALTH = "/health"


class Front:
    """Wraps the application. ``base_path`` is taken off paths that begin with it.

    While ``is_draining``, callers are told to come back by a new connection: to another task.
    """

    def __init__(
        self, app: ASGIApp, telemetry: Telemetry, base_path: str, is_draining: Callable[[], bool]
    ) -> None:
        self._app = app
        self._is_draining = is_draining
        self._telemetry = telemetry
        self._base_path = base_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        path: str = scope["path"]
        if self._base_path and path.startswith(f"{self._base_path}/"):
            path = path.removeprefix(self._base_path)
        state = {
            "request_id": _request_id(scope),
            "merchant_id": None,
            "route": None,
            "code": None,
        }
        scope = {**scope, "path": path, "raw_path": path.encode(), "state": state}
        spent, status = telemetry.begin(), 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                _add_headers(headers, state["request_id"])
                headers.update(headers_of_request(Headers(scope=scope)))
                if self._is_draining():
                    headers["Connection"] = "close"
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:
            self._telemetry.failure("answer broken off", error, request_id=state["request_id"])
            spent.counts["Faults"] = 1
            raise
        finally:
            if path != HEALTH:
                self._log(scope, state, status, spent, time.perf_counter() - started)

    def _log(
        self, scope: Scope, state: dict[str, str | None], status: int, spent: Spent, seconds: float
    ) -> None:
        metrics = {
            "Requests": 1,
            "PageMs": round(seconds * 1000, 2),
            "AwsMs": round(spent.aws_ms, 2),
            "AwsCalls": spent.aws_calls,
            "Faults": 0,
            "Refusals": 0,
            **spent.counts,
        }
        self._telemetry.request(
            metrics,
            request_id=state["request_id"],
            trace_id=_trace_id(scope),
            merchant_id=state["merchant_id"],
            method=scope["method"],
            # The route and not the path, which may hold anything.
            route=state["route"],
            status=status,
            code=state["code"],
        )


def _request_id(scope: Scope) -> str:
    sent = Headers(scope=scope).get("x-request-id", "")
    usable = _REQUEST_ID.fullmatch(sent) and not holds_card_number(sent)
    return sent if usable else str(uuid.uuid4())


def _trace_id(scope: Scope) -> str | None:
    found = _TRACE_ROOT.search(Headers(scope=scope).get("x-amzn-trace-id", ""))
    return found[1] if found and not holds_card_number(found[1]) else None


def _add_headers(headers: MutableHeaders, request_id: str | None) -> None:
    for name, value in SECURE_HEADERS.items():
        headers[name] = value
    headers.setdefault("Cache-Control", _NO_STORE)
    headers["X-Request-Id"] = request_id or ""
