"""The merchants of a crowd, in a process of their own: each authorizes and captures one order.

Some requests are sent twice at the same time under the same Idempotency-Key, to another gateway.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import uvloop

from harness.edge.http_client import Backend as Connections
from harness.overload.load import Patience, Transaction, run
from harness.overload.shapes import Arrival
from harness.overload.signer import Signer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.edge.http_client import Response

AMOUNT = 1250
COPY_AFTER = 0.05  # seconds


class _Crowd:
    """Sends the orders, and keeps what was answered to each."""

    def __init__(self, order: Mapping[str, Any]) -> None:
        self._urls: list[str] = order["urls"]
        self._signer = Signer(**order["signer"])
        self._connections = {
            url: Connections(parts.hostname or "", parts.port or 80, None, None)
            for url in self._urls
            for parts in (urlsplit(url),)
        }
        each = 1 / order["rate"]
        begun = [(number * each, number, 0) for number in range(order["count"])]
        copies = [
            (at + COPY_AFTER, number, 1) for at, number, _ in begun if number % order["copied"] == 0
        ]
        self._orders = sorted([*begun, *copies])
        self.payment_ids: dict[int, set[str]] = {}
        self.replayed = 0

    @property
    def plan(self) -> list[Arrival]:
        return [Arrival(at) for at, _, _ in self._orders]

    async def attempt(self, transaction: Transaction, sent: Callable[[], None]) -> int:
        """Authorize and capture; repeated, both are replays."""
        _, number, copy = self._orders[transaction.number]
        url = self._urls[(number + copy) % len(self._urls)]
        sent()
        body = (
            b'{"amount":%d,"currency":"EUR","reference":"order-%d",'
            b'"payment_method":{"token":"tok_approve"}}' % (AMOUNT, number)
        )
        answer = await self._post(url, "", body, f"authorize-{number}")
        if answer.status != 201:
            return answer.status
        payment_id = json.loads(answer.body)["payment_id"]
        self.payment_ids.setdefault(number, set()).add(payment_id)
        captured = await self._post(
            url,
            f"/{payment_id}/captures",
            b'{"amount":%d,"currency":"EUR"}' % AMOUNT,
            f"capture-{number}",
        )
        return captured.status

    async def _post(self, url: str, path: str, body: bytes, key: str) -> Response:
        request = self._signer.post(url + path, body, key)
        answer = await self._connections[url].send(request)
        self.replayed += (b"idempotency-replayed", b"true") in answer.headers
        return answer


async def _carry_out(order: Mapping[str, Any]) -> dict[str, Any]:
    crowd = _Crowd(order)
    # A copy that comes while its original is under way is told so (409), and asks again.
    patience = Patience(timeout=28, attempts=8, backoff=2, longest=8)
    done = await run(crowd.plan, crowd.attempt, patience, seed=1)
    return {
        "transactions": [asdict(each) for each in done],
        "orders": len(crowd.payment_ids),
        "ids": len(set[str]().union(*crowd.payment_ids.values())),
        "replayed": crowd.replayed,
    }


def main() -> int:
    """Read the order, carry it out, print what came of it."""
    order = json.load(sys.stdin)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        json.dump(runner.run(_carry_out(order)), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
