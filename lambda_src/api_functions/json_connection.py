"""One kept-alive HTTP connection to a service that speaks JSON, with a time limit that holds.

The limit is for the whole exchange: a service that sends a byte now and then doesn't prolong it.
Redirects are answers like any other, and are never followed.
"""

from __future__ import annotations

import functools
import http.client
import io
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

MAX_ANSWER_BYTES = 64 * 1024
TRIES = 2
_SHORTEST_TRY_S = 0.005
_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}


class NoAnswerError(Exception):
    """No whole answer arrived in time; whether the service acted isn't known."""


class JsonConnection:
    """A connection for one worker, not for threads; it is made at its first use."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._tls = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port
        self._base = parts.path.rstrip("/")
        self._connection: http.client.HTTPConnection | None = None

    def ask(
        self,
        method: str,
        path: str,
        content: bytes,
        *,
        timeout_s: float,
        headers: Mapping[str, str] | None = None,
        retry_faults: bool = False,
    ) -> tuple[int, bytes]:
        """Give the status and content of the answer; raises ``NoAnswerError``.

        A lost connection is tried a second time, as is an answer of 500 or above when
        ``retry_faults``; a timeout isn't. So what is asked must be safe to repeat.
        """
        deadline = time.monotonic() + timeout_s
        fault: tuple[int, bytes] | None = None
        for _ in range(TRIES):
            if deadline - time.monotonic() < _SHORTEST_TRY_S:
                break
            try:
                answer = self._exchange(method, path, content, headers or {}, deadline)
            except TimeoutError:
                self._drop()
                break
            except (OSError, http.client.HTTPException):
                self._drop()
                continue
            if answer[0] < 500 or not retry_faults:
                return answer
            fault = answer
        if fault is not None:
            return fault
        raise NoAnswerError

    def _exchange(
        self,
        method: str,
        path: str,
        content: bytes,
        headers: Mapping[str, str],
        deadline: float,
    ) -> tuple[int, bytes]:
        connection = self._connection or self._connect()
        self._connection = connection
        remaining = max(deadline - time.monotonic(), _SHORTEST_TRY_S)
        # For connecting, also when the service has closed the connection since.
        connection.timeout = remaining
        if connection.sock is not None:
            connection.sock.settimeout(remaining)
        connection.response_class = functools.partial(  # type: ignore[assignment]  # it is called
            _TimedResponse, deadline=deadline
        )
        connection.request(method, self._base + path, content, {**_HEADERS, **headers})
        response = connection.getresponse()
        answer = response.read(MAX_ANSWER_BYTES)
        if not response.isclosed():
            raise http.client.HTTPException("the answer is too long")
        return response.status, answer

    def _connect(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._tls else http.client.HTTPConnection
        return kind(self._host, self._port)

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, deadline: float, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_TimedReader(sock, deadline))


class _TimedReader(io.RawIOBase):
    """Reads a socket until a deadline: each single read waits for what is left of it."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("the answer isn't complete in time")
        self._sock.settimeout(remaining)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
