"""Where the functions of an account run: whoever runs them registers here.

moto's own Lambda needs Docker. A runtime tells its address through the ``/_embedded/`` paths,
and Invoke is carried out there.
"""

from __future__ import annotations

import http.client
import json
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

ANSWER_TIMEOUT = 930.0  # seconds; a function may take 900


class NoInvokerError(Exception):
    """Nothing runs the functions of this account and region."""


@dataclass(frozen=True, slots=True)
class Invoker:
    """Address of a runtime, and the token that it expects."""

    url: str
    token: str

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        """Send one order and return the answer.

        Raises:
            OSError: the runtime has ended.
        """
        place = urlsplit(self.url)
        connection = http.client.HTTPConnection(
            str(place.hostname), place.port, timeout=ANSWER_TIMEOUT
        )
        try:
            headers = {"Authorization": self.token, "Content-Type": "application/json"}
            connection.request("POST", place.path, json.dumps(order), headers)
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
        except http.client.HTTPException as error:
            raise OSError(f"the runtime answered no HTTP: {error}") from error
        finally:
            connection.close()
        return answer


_invokers: dict[tuple[str, str], Invoker] = {}
_lock = threading.Lock()


def register(account_id: str, region: str, invoker: Invoker) -> None:
    """Let this one run the functions; a later one takes over."""
    with _lock:
        _invokers[account_id, region] = invoker


def unregister(account_id: str, region: str, token: str) -> None:
    """Forget the runtime with this token, unless another has taken over."""
    with _lock:
        found = _invokers.get((account_id, region))
        if found is not None and found.token == token:
            del _invokers[account_id, region]


def forget() -> None:
    """Forget all."""
    with _lock:
        _invokers.clear()


def ask(account_id: str, region: str, order: dict[str, Any]) -> dict[str, Any]:
    """Have an order carried out by the account's runtime.

    Raises:
        NoInvokerError: there is none, or it has ended.
    """
    with _lock:
        invoker = _invokers.get((account_id, region))
    if invoker is None:
        raise NoInvokerError
    try:
        return invoker.ask(order)
    except OSError as error:
        raise NoInvokerError from error
