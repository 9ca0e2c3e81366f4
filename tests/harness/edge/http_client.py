"""HTTP/1.1 to one backend over connections that are kept: what private integrations speak.

A general client would cost several times the rest of a request. Nothing is sent twice: an answer
that doesn't come is the caller's to report, as it is API Gateway's.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple, cast

import httptools

if TYPE_CHECKING:
    import ssl

    from harness.edge.exchange import Headers

MAX_BODY = 10 * 1024 * 1024  # bytes of a response that API Gateway passes on
MOST_IDLE = 64  # connections kept
_CONTINUE_BELOW = 200
_BODILESS = frozenset({204, 304})


class Unreachable(ConnectionError):  # noqa: N818 - says where, not what went wrong
    """No connection to the backend could be made."""


class Response(NamedTuple):
    """A whole response; header names are in lower case."""

    status: int
    headers: Headers
    body: bytes


class Backend:
    """Requests to one host and port.

    Args:
        context: for TLS, else None.
        server_name: what the certificate must be for.
    """

    def __init__(
        self, host: str, port: int, context: ssl.SSLContext | None, server_name: str | None
    ) -> None:
        self._host = host
        self._port = port
        self._context = context
        self._server_name = server_name if context else None
        self._idle: list[_Connection] = []

    async def send(self, request: bytes, *, head_only: bool = False) -> Response:
        """Send one request and wait for the response; ``head_only`` for HEAD.

        Cancelling ends the connection, so that a late answer can't be taken for another's.

        Raises:
            Unreachable: there is no connection to be had; nothing was sent.
            ssl.SSLError: the backend's certificate isn't acceptable.
            ConnectionError: the connection ended before the response did.
        """
        connection = self._pick() or await self._connect()
        try:
            response = await connection.exchange(request, head_only=head_only)
        except BaseException:
            connection.abort()
            raise
        if connection.reusable and len(self._idle) < MOST_IDLE:
            self._idle.append(connection)
        else:
            connection.abort()
        return response

    def close(self) -> None:
        """End the idle connections."""
        for connection in self._idle:
            connection.abort()
        self._idle.clear()

    def _pick(self) -> _Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.open:
                return connection
        return None

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(
                _Connection,
                self._host,
                self._port,
                ssl=self._context,
                server_hostname=self._server_name,
            )
        except ConnectionError as error:
            raise Unreachable(f"{self._host}:{self._port}: {error}") from error
        return connection


class _Connection(asyncio.Protocol):
    """One connection, carrying one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Response] | None = None
        self._begin(head_only=False)

    @property
    def open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    @property
    def reusable(self) -> bool:
        return self.open and self._keep_alive

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the interface without being subclasses.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if self._answer is None or self._answer.done():
            return
        if self._until_close and error is None:
            self._finish()
        else:
            self._fail(ConnectionError(f"Connection is closed: {error or 'no complete answer'}"))

    def abort(self) -> None:
        if self._transport:
            self._transport.abort()

    async def exchange(self, request: bytes, *, head_only: bool) -> Response:
        if self._transport is None:
            raise ConnectionError("Connection is closed")
        self._begin(head_only=head_only)
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def _begin(self, *, head_only: bool) -> None:
        self._head_only = head_only
        self._parser = httptools.HttpResponseParser(self)
        self._headers: Headers = []
        self._body: list[bytes] = []
        self._size = 0
        self._keep_alive = False
        self._until_close = False

    def data_received(self, data: bytes) -> None:
        if self._answer is None or self._answer.done():
            self.abort()  # nothing was asked
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not self._answer.done():
                self._fail(ConnectionError(f"the backend speaks no HTTP/1.1: {error}"))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < _CONTINUE_BELOW:
            return
        names = {name for name, _ in self._headers}
        sized = b"content-length" in names or b"transfer-encoding" in names
        if self._head_only:
            self._finish()  # the parser would wait for a body, so this connection ends
        elif not sized and status not in _BODILESS:
            self._until_close = True

    def on_body(self, body: bytes) -> None:
        self._body.append(body)
        self._size += len(body)
        if self._size > MAX_BODY:
            self._fail(ConnectionError(f"the response is larger than {MAX_BODY} bytes"))

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() < _CONTINUE_BELOW:
            self._headers = []
        elif not self._head_only:
            self._keep_alive = self._parser.should_keep_alive()
            self._finish()

    def _finish(self) -> None:
        if self._answer and not self._answer.done():
            status = self._parser.get_status_code()
            self._answer.set_result(Response(status, self._headers, b"".join(self._body)))

    def _fail(self, error: ConnectionError) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(error)
        self.abort()
