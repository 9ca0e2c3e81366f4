"""The Lambda Runtime API for one worker.

Interface: "Using the Lambda runtime API for custom runtimes" in the Lambda guide. Each
worker has a listener of its own, so the connection says who calls.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, cast

import httptools

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PREFIX = b"/2018-06-01/runtime/"
_NEXT = _PREFIX + b"invocation/next"
_INIT_ERROR = _PREFIX + b"init/error"
_INVOCATION = _PREFIX + b"invocation/"
_ACCEPTED = b'HTTP/1.1 202 Accepted\r\nContent-Length: 16\r\n\r\n{"status": "OK"}'


class Runtime(Protocol):
    """What the API tells about its worker."""

    def on_next(self, reply: Callable[[Mapping[str, str], bytes], None]) -> None:
        """The worker is ready; ``reply`` sends it headers and payload of an invocation."""

    def on_response(self, request_id: str, payload: bytes) -> bool:
        """The function returned; False when this invocation isn't running."""

    def on_error(self, request_id: str, payload: bytes) -> bool:
        """The function raised; False when this invocation isn't running."""

    def on_init_error(self, payload: bytes) -> None:
        """The function couldn't be loaded."""


class RuntimeConnection(asyncio.Protocol):
    """Speaks HTTP/1.1 with the runtime client."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._url = b""
        self._body: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        # uvloop's transports have the interface without being subclasses.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, _: Exception | None) -> None:
        """Answer nobody any more."""
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Feed the parser; a client that doesn't speak HTTP is cut off."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            if self._transport:
                self._transport.close()

    def on_message_begin(self) -> None:
        """Start a request."""
        self._url = b""
        self._body = []

    def on_url(self, url: bytes) -> None:
        """Collect the path."""
        self._url += url

    def on_body(self, body: bytes) -> None:
        """Collect the payload."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Act on a complete request."""
        path, body = self._url, b"".join(self._body)
        if path == _NEXT:
            self._runtime.on_next(self._send_invocation)
        elif path == _INIT_ERROR:
            self._send(_ACCEPTED)
            self._runtime.on_init_error(body)
        elif path.startswith(_INVOCATION):
            self._finish(path.removeprefix(_INVOCATION).decode(), body)
        else:
            self._refuse(404, f"The Runtime API has no {path.decode('latin-1')}")

    def _finish(self, path: str, body: bytes) -> None:
        request_id, _, kind = path.partition("/")
        handlers = {"response": self._runtime.on_response, "error": self._runtime.on_error}
        handler = handlers.get(kind)
        if handler is None:
            self._refuse(404, f"The Runtime API has no {path}")
        elif handler(request_id, body):
            self._send(_ACCEPTED)
        else:
            self._refuse(400, "InvalidRequestID")

    def _send_invocation(self, headers: Mapping[str, str], payload: bytes) -> None:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._send(
            f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{lines}"
            f"Content-Length: {len(payload)}\r\n\r\n".encode()
            + payload
        )

    def _refuse(self, status: int, message: str) -> None:
        body = message.encode()
        self._send(f"HTTP/1.1 {status} -\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

    def _send(self, data: bytes) -> None:
        if self._transport:
            self._transport.write(data)
