"""A load balancer's listener: accepts connections on this machine and forwards their bytes."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    import ssl

    from harness.runtime.network.target_group import Target

LOOPBACK = "127.0.0.1"
_AT_ONCE = struct.pack("ii", 1, 0)  # linger for no time


class Targets(Protocol):
    """Where connections go."""

    def choose(self) -> Target | None:
        """The target of the next connection, if there is any."""


class Listener:
    """Forwards TCP to targets, TLS taken off when it has a certificate."""

    def __init__(self, targets: Targets, context: ssl.SSLContext | None) -> None:
        self.port = 0
        self._targets = targets
        self._context = context
        self._server: asyncio.Server | None = None
        self._open: set[_Client] = set()

    async def start(self) -> None:
        """Listen on a free port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Client(self._targets, self._open), LOOPBACK, 0, ssl=self._context, backlog=512
        )
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Stop listening and reset what is open."""
        if self._server:
            self._server.close()
        for client in list(self._open):
            client.abort()


class _End(asyncio.Protocol):
    """One of the two connections; passes what it receives to the other."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: _End | None = None
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the interface without being subclasses.
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self.other and self.other.transport:
            self.other.transport.write(data)

    def eof_received(self) -> bool:
        """Pass the end on, and end when both have; TLS has no half-closed connections."""
        self._ended = True
        other = self.other
        if self.transport is None or other is None or other.transport is None or other._ended:
            return False
        if not (self.transport.can_write_eof() and other.transport.can_write_eof()):
            return False
        other.transport.write_eof()
        return True

    def pause_writing(self) -> None:
        if self.other and self.other.transport:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other and self.other.transport:
            self.other.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None
        if self.other and self.other.transport:
            # A reset is passed on as a reset, so that nobody takes half an answer for a whole one.
            if error:
                _reset(self.other.transport)
            else:
                self.other.transport.close()


class _Client(_End):
    """The connection of a client; chooses a target when it begins."""

    def __init__(self, targets: Targets, opened: set[_Client]) -> None:
        super().__init__()
        self._targets = targets
        self._opened = opened
        self._target: Target | None = None
        self._early: list[bytes] | None = []
        self._connecting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._opened.add(self)
        self._target = self._targets.choose()
        if self._target is None:
            self.abort()
            return
        self._target.connections.add(self)
        self._connecting = asyncio.create_task(self._connect(self._target))

    def data_received(self, data: bytes) -> None:
        if self._early is None:
            super().data_received(data)
        else:
            self._early.append(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._opened.discard(self)
        if self._target:
            self._target.connections.discard(self)
        if self._connecting:
            self._connecting.cancel()
        super().connection_lost(error)

    def abort(self) -> None:
        """Reset both connections."""
        for end in (self, self.other):
            if end and end.transport:
                _reset(end.transport)

    async def _connect(self, target: Target) -> None:
        host, port = target.endpoint(target.port)
        server = _End()
        server.other = self
        try:
            await asyncio.get_running_loop().create_connection(lambda: server, host, port)
        except OSError:
            # As on AWS nothing is tried again: the client sees its connection end.
            self.abort()
            return
        self.other = server
        early, self._early = self._early or [], None
        if server.transport and early:
            server.transport.write(b"".join(early))


def _reset(transport: asyncio.Transport) -> None:
    """End a connection by RST, which ``abort`` alone doesn't send."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    transport.abort()
