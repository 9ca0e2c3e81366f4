"""A small HTTP server on this machine, for the runtime's own callers.

Tasks fetch credentials of their role here (``AWS_CONTAINER_CREDENTIALS_FULL_URI``), and the
embedded AWS has functions invoked. Each path has its own token.
"""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Handler = Callable[[bytes], Awaitable[Mapping[str, object]]]

LOOPBACK = "127.0.0.1"
_MOST_HEADERS = 65_536  # bytes


@dataclass(frozen=True, slots=True)
class _Place:
    token: str
    handler: Handler


class LocalApi:
    """Answers JSON to whoever knows a path and its token."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._places: dict[str, _Place] = {}
        self._port = 0

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0, limit=_MOST_HEADERS)
        self._port = self._server.sockets[0].getsockname()[1]

    def offer(self, path: str, token: str, handler: Handler) -> str:
        """Serve a path, the handler getting the request's body; returns its URL."""
        self._places[path] = _Place(token, handler)
        return f"http://{LOOPBACK}:{self._port}{path}"

    def withdraw(self, path: str) -> None:
        """Serve the path no more."""
        self._places.pop(path, None)

    def close(self) -> None:
        """Stop listening."""
        if self._server:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = _headers(head[1:])
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            status, answer = await self._answer(head[0].split(" ")[1], headers, body)
            payload = orjson.dumps(answer)
            writer.write(
                f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(payload)}\r\nConnection: close\r\n\r\n".encode()
                + payload
            )
            await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            pass  # whoever called has gone, or speaks no HTTP
        finally:
            writer.close()

    async def _answer(
        self, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[str, Mapping[str, object]]:
        place = self._places.get(path)
        if place is None:
            return "404 Not Found", {"message": f"nothing at {path}"}
        if not hmac.compare_digest(headers.get("authorization", "").encode(), place.token.encode()):
            return "403 Forbidden", {"message": "another token is needed"}
        try:
            return "200 OK", await place.handler(body)
        except Exception as error:
            return "500 Internal Server Error", {"message": f"{type(error).__name__}: {error}"}


def _headers(lines: list[str]) -> dict[str, str]:
    pairs = (line.partition(":") for line in lines if line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
