"""One connection of a client: how requests are framed, and what a slow or wrong client may take.

The parser under uvicorn settles most of it strictly: a second Content-Length, one beside
Transfer-Encoding, bare line feeds, folded headers, NUL bytes, blanks before a colon. What it
leaves open is closed here, because two readers of one connection must never disagree on where a
request ends or whom it is for: RFC 9112, sections 3.2, 6.1 and 11.2.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio
    from typing import Any

    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

_VERSIONS = ("1.1", "1.0")
_HOST = re.compile(rb"[\w.~-]+(?::\d{1,5})?|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?")
_BODIED = (b"content-length", b"transfer-encoding")
_TARGET = re.compile(rb"/[\x21\x22\x24-\x7e]*")  # a path of this server, no fragment


class _Malformed(Exception):  # noqa: N818 - never leaves this module
    """The head of a request can be read in more than one way."""


class _Phase(enum.Enum):
    """What the client owes: the head of a request, its body, or nothing."""

    HEAD = enum.auto()
    BODY = enum.auto()
    NOTHING = enum.auto()


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection may take.

    Attributes:
        head_seconds: from the first byte of a request to its last header; before that byte the
            connection is idle, for as long as uvicorn keeps such a one.
        body_seconds: from there to the end of the body.
        stalled_seconds: how long an answer may lie here because the client doesn't read.
        lingering_seconds: how long a client that was refused may go on sending; closing at
            once would take the answer from it.
        head_bytes: of a head that isn't complete yet; a complete one is measured by the gateway.
        body_bytes: of a body as sent: 10 MB in chunks of one byte each are 60.
    """

    head_seconds: float = 10.0
    body_seconds: float = 60.0
    stalled_seconds: float = 30.0
    lingering_seconds: float = 2.0
    head_bytes: int = 32 * 1024
    body_bytes: int = 64 * 1024 * 1024


class Connection(HttpToolsProtocol):
    """uvicorn's protocol with one reading of every request, and an end to waiting.

    Whatever was asked properly before a fault on the same connection is still answered; then
    the connection ends.
    """

    limits: ClassVar[Limits] = Limits()

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._phase = _Phase.HEAD
        self._began = False
        self._fresh = False
        self._size = 0
        self._ended = False
        self._running: RequestResponseCycle | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the first request its time."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was waited for."""
        self._unset_keepalive_if_required()
        for timer in (self._patience, self._stalled):
            if timer is not None:
                timer.cancel()
        self._ended = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, until something can't be read in one way only."""
        if self._ended:
            return
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(b"")  # its request was whole; what follows speaks another protocol
        except httptools.HttpParserError:
            self._refuse(_BAD_REQUEST)
        else:
            self._measure(len(data))

    def on_message_begin(self) -> None:
        """Start the clock of a head."""
        self._enter(_Phase.HEAD)
        self._began = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Refuse a head with two meanings, or hand the request on."""
        _check(self.parser.get_http_version(), self.url, self.headers)
        if self.parser.should_upgrade() and any(name in _BODIED for name, _ in self.headers):
            raise _Malformed  # the parser would take the body for the other protocol
        self._enter(_Phase.BODY)
        super().on_headers_complete()
        self.headers = []  # trailers end here: they aren't headers, and nobody measured them

    def on_message_complete(self) -> None:
        """Wait for nothing until the answer is out."""
        self._enter(_Phase.NOTHING)
        self._began = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """End a connection whose client was answered before it had sent its body."""
        unread = self._running is not None and self._running.more_body
        super().on_response_complete()
        if self.transport.get_write_buffer_size():
            self._watch_reader()
        if unread and not self._ended:
            self._refuse(b"")

    def pause_writing(self) -> None:
        """Give a client that doesn't read its answer some time, and no more."""
        super().pause_writing()
        self._watch_reader()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, at once if its client doesn't read either."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        super().timeout_keep_alive_handler()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _enter(self, phase: _Phase) -> None:
        self._phase, self._size, self._fresh = phase, 0, True
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _measure(self, size: int) -> None:
        """Count what came of an incomplete head or body, and start its clock."""
        if self._phase is _Phase.NOTHING:
            if not self.cycle.response_complete:
                return
            self._enter(_Phase.HEAD)  # empty lines between requests begin none
        if self._fresh:
            self._fresh = False  # it began somewhere in these bytes
        else:
            self._size += size
        head = self._phase is _Phase.HEAD
        if self._size > (self.limits.head_bytes if head else self.limits.body_bytes):
            self._refuse(_HEAD_TOO_LARGE if head else _BODY_TOO_LARGE)
        elif self._patience is None:
            self._wait()

    def _wait(self) -> None:
        if not self._began:
            seconds: float = self.timeout_keep_alive
        elif self._phase is _Phase.HEAD:
            seconds = self.limits.head_seconds
        else:
            seconds = self.limits.body_seconds
        self._patience = self.loop.call_later(seconds, self._lose_patience)

    def _lose_patience(self) -> None:
        self._patience = None
        if not self.transport.is_closing():
            self._refuse(_TIMED_OUT if self._began else b"")

    def _watch_reader(self) -> None:
        if self._stalled is None:
            self._stalled = self.loop.call_later(self.limits.stalled_seconds, self._drop_stalled)

    def _drop_stalled(self) -> None:
        self._stalled = None
        if self.transport.get_write_buffer_size():
            self.transport.abort()

    def _refuse(self, answer: bytes) -> None:
        """Read no further: finish what was asked properly, or say what is wrong, and close."""
        self._ended = True
        self._unset_keepalive_if_required()
        broken = self.cycle if self._phase is _Phase.BODY else None
        if broken and self.pipeline and self.pipeline[0][0] is broken:
            self.pipeline.popleft()
        whole = [self._running, *(cycle for cycle, _ in reversed(self.pipeline))]
        waiting = [each for each in whole if each and each is not broken]
        waiting = [each for each in waiting if not each.response_complete]
        if broken:
            broken.disconnected = True
            broken.message_event.set()
        if waiting:
            waiting[-1].keep_alive = False
        elif not self.transport.is_closing():
            if answer and not (broken and broken.response_started):
                self.transport.write(answer)
            self._part()

    def _part(self) -> None:
        """Close, after what the client still sends was thrown away for a moment."""
        if not self.transport.can_write_eof():
            self.transport.close()
            return
        self.transport.write_eof()
        self._enter(_Phase.NOTHING)
        self._patience = self.loop.call_later(self.limits.lingering_seconds, self.transport.abort)


def _check(version: str, target: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    """Refuse heads that other servers might read otherwise.

    Raises:
        _Malformed: of whatever kind; the client is told 400.
    """
    if version not in _VERSIONS or not _TARGET.fullmatch(target):
        raise _Malformed
    hosts = codings = 0
    for name, value in headers:
        if name == b"host":
            hosts += 1
            if not _HOST.fullmatch(value.rstrip()):
                raise _Malformed
        elif name == b"transfer-encoding":
            codings += 1
            if value.strip().lower() != b"chunked":
                raise _Malformed
    if hosts > 1 or codings > 1:
        raise _Malformed
    if (version == "1.0" and codings) or (version == "1.1" and not hosts):
        raise _Malformed


def _answer(status: str, message: str) -> bytes:
    # Written before any API is known, so without its gateway responses.
    body = b'{"message":"%b"}' % message.encode()
    return (
        b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
        b"connection: close\r\n\r\n%b" % (status.encode(), len(body), body)
    )


_BAD_REQUEST = _answer("400 Bad Request", "Bad Request")
_TIMED_OUT = _answer("408 Request Timeout", "Request Timeout")
_BODY_TOO_LARGE = _answer("413 Request Entity Too Large", "Request Too Long")
_HEAD_TOO_LARGE = _answer("431 Request Header Fields Too Large", "Request Header Fields Too Large")
