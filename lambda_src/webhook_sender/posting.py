"""One POST to an address that a merchant chose, which may be hostile.

The name is resolved once, all that it resolves to must be public, and one of those very addresses
is connected to: what the name says a moment later doesn't matter. TLS is checked against the name.
Nothing is followed, and a deadline holds for all of it, however slowly the other side dribbles.
"""

from __future__ import annotations

import contextlib
import http.client
import queue
import re
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from webhook_sender.addresses import is_public, resolve
from webhook_sender.outcomes import Outcome, Result, of_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from webhook_sender.endpoints import Target

_READ_BYTES = 4096
"""Read of an answer's body, and dropped: some servers count it as a failure otherwise."""

_MOST_ADDRESSES = 4
_SHORTEST_WAIT_S = 0.001
_SECONDS = re.compile(r"\d{1,9}")


class _FailedError(Exception):
    """Ends an attempt that got no answer."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


def _connect(address: tuple[str, int], timeout_s: float) -> socket.socket:
    return socket.create_connection(address, timeout_s)


@dataclass(frozen=True, slots=True)
class Network:
    """How names are resolved, addresses connected to, and certificates checked."""

    resolve: Callable[[str, int], list[str]] = resolve
    connect: Callable[[tuple[str, int], float], socket.socket] = _connect
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)


def post(
    network: Network, target: Target, body: bytes, headers: Mapping[str, str], *, timeout_s: float
) -> Result:
    """Send a body; whatever happens on the way is a result."""
    deadline = time.monotonic() + timeout_s
    try:
        addresses = _addresses(network, target, deadline)
        with _connection(network, target, addresses, deadline) as tls:
            return _exchange(tls, target, body, headers, deadline)
    except _FailedError as failure:
        return Result(failure.outcome)
    except (OSError, http.client.HTTPException) as error:
        return Result(_outcome_of(error, deadline))


def _outcome_of(error: Exception, deadline: float) -> Outcome:
    if isinstance(error, TimeoutError) or time.monotonic() >= deadline:
        return Outcome.TIMEOUT
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
        return Outcome.TLS_FAILED
    # An answer that never began is a lost connection, though it is a kind of both.
    return Outcome.CONNECTION_FAILED if isinstance(error, OSError) else Outcome.BAD_ANSWER


def _addresses(network: Network, target: Target, deadline: float) -> list[str]:
    """Resolve the name; one address that isn't public spoils them all."""
    answer: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answer.put(network.resolve(target.host, target.port))
        except OSError as error:
            answer.put(error)

    # The system's resolver knows no deadline, and the name's owner may have a slow one.
    threading.Thread(target=look_up, daemon=True).start()
    try:
        found = answer.get(timeout=max(deadline - time.monotonic(), 0))
    except queue.Empty:
        raise _FailedError(Outcome.TIMEOUT) from None
    if isinstance(found, OSError) or not found:
        raise _FailedError(Outcome.NAME_NOT_FOUND)
    if not all(map(is_public, found)):
        raise _FailedError(Outcome.ADDRESS_REFUSED)
    return found[:_MOST_ADDRESSES]


@contextlib.contextmanager
def _connection(
    network: Network, target: Target, addresses: list[str], deadline: float
) -> Iterator[ssl.SSLSocket]:
    plain = _first_connected(network, addresses, target.port, deadline)
    with network.tls.wrap_socket(
        plain, server_hostname=target.host, do_handshake_on_connect=False
    ) as tls:
        remaining = max(deadline - time.monotonic(), 0)
        # Reads and writes have no common time limit: at the deadline all of them end.
        end = threading.Timer(remaining, _shut, [tls])
        end.daemon = True
        end.start()
        try:
            tls.settimeout(max(remaining, _SHORTEST_WAIT_S))
            tls.do_handshake()
            yield tls
        finally:
            end.cancel()


def _first_connected(
    network: Network, addresses: list[str], port: int, deadline: float
) -> socket.socket:
    for tried, address in enumerate(addresses):
        # Each gets its share of what is left, so that a dead one leaves time for the next.
        share = (deadline - time.monotonic()) / (len(addresses) - tried)
        if share <= 0:
            break
        with contextlib.suppress(OSError):
            return network.connect((address, port), share)
    raise _FailedError(
        Outcome.TIMEOUT if time.monotonic() >= deadline else Outcome.CONNECTION_FAILED
    )


def _shut(tls: ssl.SSLSocket) -> None:
    with contextlib.suppress(OSError):
        # Not the TLS socket's own method, which would pull the session from under a reader.
        socket.socket.shutdown(tls, socket.SHUT_RDWR)


def _exchange(
    tls: ssl.SSLSocket, target: Target, body: bytes, headers: Mapping[str, str], deadline: float
) -> Result:
    connection = http.client.HTTPSConnection(target.host, target.port, context=tls.context)
    connection.sock = tls
    # It must never connect by itself: that would resolve the name again.
    connection.auto_open = 0
    connection.request("POST", target.path, body, {**headers, "Connection": "close"})
    response = connection.getresponse()
    if time.monotonic() >= deadline:
        # A head that was cut off at the deadline looks like a whole one.
        raise TimeoutError
    with contextlib.suppress(OSError, http.client.HTTPException):
        response.read(_READ_BYTES)
    return Result(
        of_answer(response.status),
        response.status,
        retry_after_s(response.getheader("Retry-After"), time.time()),
    )


def retry_after_s(value: str | None, now_s: float) -> int | None:
    """Read a Retry-After header, seconds or a date; None when there is none that makes sense."""
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return int(text)
    try:
        return max(0, round(parsedate_to_datetime(text).timestamp() - now_s))
    except (ValueError, TypeError, OverflowError):
        return None
