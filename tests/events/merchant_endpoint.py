"""Merchants' endpoints that behave badly, and the internet in which they are found.

Names resolve to addresses of the public internet, so that the sender's own rules are in force;
what is connected to an address ends at a listener of this machine.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from webhook_sender.posting import Network

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from types import TracebackType

HOST = "hooks.rivertown.example"
ADDRESS = "93.184.215.14"
OTHER_ADDRESS = "93.184.215.15"


@dataclass(frozen=True, slots=True)
class Received:
    """One request. Header names are lower-case."""

    line: str
    headers: dict[str, str]
    body: bytes


def answers(
    status: int, *, headers: str = "", body: bytes = b""
) -> Callable[[socket.socket, threading.Event], None]:
    """Answer with a status at once."""
    head = f"HTTP/1.1 {status} Whatever\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
    return sends(head.encode() + body)


def sends(content: bytes) -> Callable[[socket.socket, threading.Event], None]:
    """Send bytes, whatever they are, and close."""

    def answer(connection: socket.socket, _ended: threading.Event) -> None:
        connection.sendall(content)

    return answer


def hangs(connection: socket.socket, ended: threading.Event) -> None:
    """Answer nothing, and hold the connection."""
    del connection
    ended.wait()


def dribbles(connection: socket.socket, ended: threading.Event) -> None:
    """Send a byte of an endless header now and then."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while not ended.wait(0.05):
        connection.sendall(b"x")


def never_ends_its_body(connection: socket.socket, ended: threading.Event) -> None:
    """Answer 200 with a body of which a byte comes now and then."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n")
    while not ended.wait(0.05):
        connection.sendall(b"x")


def hurries_slowly(connection: socket.socket, ended: threading.Event) -> None:
    """Answer 200 in pieces, each a while after the other."""
    for piece in (b"HTTP/1.1 2", b"00 OK\r\nContent-Le", b"ngth: 2\r\n\r\n", b"ok"):
        ended.wait(0.05)
        connection.sendall(piece)


class Flood:
    """Answers 200 with 64 MB, if it gets rid of them; ``finished`` tells how that went."""

    def __init__(self) -> None:
        self.finished: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def __call__(self, connection: socket.socket, _ended: threading.Event) -> None:
        """Answer."""
        try:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n")
            for _ in range(64):
                connection.sendall(b"x" * 1_048_576)
        except OSError:
            self.finished.put(False)
        else:
            self.finished.put(True)


class MerchantEndpoint:
    """A TLS server on a free port of this machine; ``answer`` is what it does with a request.

    With no certificate it speaks plain HTTP.
    """

    def __init__(self, certificate: ssl.SSLContext | None) -> None:
        self.answer: Callable[[socket.socket, threading.Event], None] = answers(200)
        self.received: list[Received] = []
        self._certificate = certificate
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        # Whoever gives up in the middle of a handshake, a request or an answer may do so.
        with contextlib.suppress(OSError), plain:
            if self._certificate is None:
                self._take(plain)
                return
            with self._certificate.wrap_socket(plain, server_side=True) as connection:
                self._take(connection)

    def _take(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as stream:
            line = stream.readline().decode("latin-1").strip()
            headers = {}
            while header := stream.readline().decode("latin-1").strip():
                name, _, value = header.partition(":")
                headers[name.lower()] = value.strip()
            body = stream.read(int(headers.get("content-length", "0")))
        self.received.append(Received(line, headers, body))
        self.answer(connection, self._ended)


class Internet:
    """What names resolve to, and what is behind addresses; ``network`` is the sender's view.

    ``names`` gives an answer for each time that the name is asked, the last one for good.
    """

    def __init__(self, endpoint: MerchantEndpoint, trust: ssl.SSLContext) -> None:
        self.names: dict[str, list[list[str]]] = {HOST: [[ADDRESS]]}
        self.behind: dict[str, MerchantEndpoint] = {ADDRESS: endpoint}
        self.resolved: list[str] = []
        self.connected: list[tuple[str, int]] = []
        self.slow_resolver = threading.Event()
        self.slow_resolver.set()
        self.network = Network(resolve=self._resolve, connect=self._connect, tls=trust)

    def _resolve(self, host: str, _port: int) -> list[str]:
        self.slow_resolver.wait()
        self.resolved.append(host)
        if host not in self.names:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        left = self.names[host]
        return left.pop(0) if len(left) > 1 else left[0]

    def _connect(self, address: tuple[str, int], timeout_s: float) -> socket.socket:
        self.connected.append(address)
        if address[0] not in self.behind:
            raise ConnectionRefusedError
        port = self.behind[address[0]].port
        return socket.create_connection(("127.0.0.1", port), timeout_s)
