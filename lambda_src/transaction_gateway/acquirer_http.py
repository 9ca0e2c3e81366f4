"""The acquirer over HTTP: ``PUT /transactions/{reference}`` acts once, ``POST .../close`` asks.

Both answer 200 with ``{"status": "approved"}`` or ``{"status": "declined", "decline_code": ...}``.
Anything else, silence included, leaves the outcome unknown.
"""

from __future__ import annotations

import http.client
import json
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from payment_core.acquirer import Answer, Verdict

if TYPE_CHECKING:
    from payment_core.acquirer import Instruction

_UNKNOWN = Answer(Verdict.UNKNOWN)
_MAX_ANSWER_BYTES = 64 * 1024
_TRIES = 2
_SHORTEST_TRY_S = 0.05


class HttpAcquirer:
    """An ``Acquirer`` on one kept-alive connection: one for each worker, not for threads."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._tls = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port
        self._base = parts.path.rstrip("/")
        self._connection: http.client.HTTPConnection | None = None

    def submit(self, instruction: Instruction, *, timeout_ms: int) -> Answer:
        """Ask to act; see ``Acquirer.submit``."""
        body = {
            "type": instruction.type,
            "payment_id": instruction.payment_id,
            "order": instruction.order,
            "merchant_id": instruction.merchant_id,
            "amount": instruction.money.minor_units,
            "currency": instruction.money.currency,
            "token": instruction.token,
        }
        return self._ask("PUT", f"/transactions/{instruction.reference}", body, timeout_ms)

    def resolve(self, reference: str, *, timeout_ms: int) -> Answer:
        """Ask what became of a reference; see ``Acquirer.resolve``."""
        return self._ask("POST", f"/transactions/{reference}/close", {}, timeout_ms)

    def _ask(self, method: str, path: str, body: dict[str, object], timeout_ms: int) -> Answer:
        """Try again after a quick failure: the reference makes repeating safe."""
        deadline = time.monotonic() + timeout_ms / 1000
        for _ in range(_TRIES):
            remaining = deadline - time.monotonic()
            if remaining < _SHORTEST_TRY_S:
                break
            try:
                status, content = self._exchange(method, path, body, remaining)
            except TimeoutError:
                self._drop()
                break
            except (OSError, http.client.HTTPException):
                self._drop()
                continue
            if status < 500:
                return _verdict(status, content)
        return _UNKNOWN

    def _exchange(
        self, method: str, path: str, body: dict[str, object], timeout_s: float
    ) -> tuple[int, bytes]:
        connection = self._connection or self._connect()
        self._connection = connection
        # For connecting, also when the acquirer has closed the connection since.
        connection.timeout = timeout_s
        if connection.sock is not None:
            connection.sock.settimeout(timeout_s)
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        connection.request(method, self._base + path, json.dumps(body).encode(), headers)
        response = connection.getresponse()
        content = response.read(_MAX_ANSWER_BYTES)
        if not response.isclosed():
            raise http.client.HTTPException("the acquirer's answer is too long")
        return response.status, content

    def _connect(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._tls else http.client.HTTPConnection
        return kind(self._host, self._port)

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _verdict(status: int, content: bytes) -> Answer:
    try:
        document = json.loads(content)
    except ValueError:
        return _UNKNOWN
    if status != 200 or not isinstance(document, dict):
        return _UNKNOWN
    match document:
        case {"status": "approved"}:
            return Answer(Verdict.APPROVED)
        case {"status": "declined", "decline_code": str(code)}:
            return Answer(Verdict.DECLINED, code)
    return _UNKNOWN
