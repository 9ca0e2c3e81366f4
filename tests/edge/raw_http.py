"""HTTP written byte by byte, for requests that no client library would send."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.credentials import Credentials

REGION = "eu-west-1"
CRLF = b"\r\n"


@dataclass(frozen=True)
class Request:
    """A request as it goes over the wire."""

    verb: bytes
    target: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""
    version: bytes = b"HTTP/1.1"

    def wire(self) -> bytes:
        """All of it, in bytes."""
        line = b" ".join((self.verb, self.target, self.version))
        lines = [line, *(name + b": " + value for name, value in self.headers)]
        return CRLF.join(lines) + CRLF + CRLF + self.body

    def adding(self, *headers: tuple[bytes, bytes], first: bool = False) -> Self:
        """The same with headers more, which nobody signed."""
        added = [*headers, *self.headers] if first else [*self.headers, *headers]
        return replace(self, headers=added)

    def without(self, name: bytes) -> Self:
        """The same without a header."""
        kept = [(each, value) for each, value in self.headers if each.lower() != name]
        return replace(self, headers=kept)

    def value(self, name: bytes) -> bytes:
        """The first value of a header."""
        return next(value for each, value in self.headers if each.lower() == name)


def signed_request(
    method: str,
    url: str,
    credentials: Credentials,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    region: str = REGION,
    service: str = "execute-api",
) -> Request:
    """A request signed by botocore, ready to be spoiled."""
    request = AWSRequest(method=method, url=url, data=body, headers=dict(headers or {}))
    SigV4Auth(credentials, service, region).add_auth(request)
    parts = urlsplit(url)
    sent = [(b"Host", parts.netloc.encode())]
    sent += [(name.encode(), value.encode()) for name, value in request.headers.items()]
    if body:
        sent.append((b"Content-Length", b"%d" % len(body)))
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return Request(method.encode(), target.encode(), sent, body)


@dataclass(frozen=True)
class Reply:
    """A response."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Connection:
    """A connection to a server of this machine."""

    address: tuple[str, int]
    received: bytes = b""
    ended: bool = False
    _socket: socket.socket = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._socket = socket.create_connection(self.address, timeout=20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Write; a server that has closed is found out by reading."""
        with contextlib.suppress(ConnectionError):
            self._socket.sendall(data)

    def leave(self) -> None:
        """Hang up without a word."""
        self._socket.close()

    def reply(self, *, head_only: bool = False) -> Reply | None:
        """The next response, None when the server has closed the connection."""
        while CRLF * 2 not in self.received:
            if not self._read():
                return None
        head, _, rest = self.received.partition(CRLF * 2)
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(": ") for line in lines)
        headers = {name.lower(): value for name, _, value in pairs}
        length = 0 if head_only else int(headers.get("content-length", 0))
        self.received = rest
        while len(self.received) < length and self._read():
            pass
        body, self.received = self.received[:length], self.received[length:]
        return Reply(int(first.split(" ")[1]), headers, body)

    def replies(self, expected: int = 1, *, quiet: float = 1.0) -> list[Reply]:
        """So many, and those that come without being expected before some seconds of silence."""
        found = []
        with contextlib.suppress(TimeoutError):
            while reply := self.reply():
                found.append(reply)
                if len(found) >= expected:
                    self._socket.settimeout(quiet)
        return found

    def has_ended(self, *, within: float) -> bool:
        """Whether the server closes the connection in the next seconds, whatever it says."""
        self._socket.settimeout(within)
        with contextlib.suppress(TimeoutError):
            self._read()
        return self.ended

    def _read(self) -> bool:
        try:
            data = self._socket.recv(65_536)
        except ConnectionError:
            data = b""
        self.received += data
        self.ended = self.ended or not data
        return bool(data)


@contextlib.contextmanager
def connected(url: str, count: int) -> Iterator[list[Connection]]:
    """Some connections at once."""
    parts = urlsplit(url)
    address = (str(parts.hostname), int(parts.port or 80))
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Connection(address)) for _ in range(count)]


def ask(url: str, request: Request) -> Reply | None:
    """The answer to a request alone on its connection, None if it is closed without one."""
    with connected(url, 1) as (connection,):
        connection.send(request.wire())
        return connection.reply()
