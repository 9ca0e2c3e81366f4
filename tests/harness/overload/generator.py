"""The load generator's own process: a plan on standard input, the transactions on its output.

``begin`` starts it. It signs every attempt, and reports how late it was.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import uvloop

from harness.edge.http_client import Backend as Connections
from harness.overload.child import Child
from harness.overload.load import Patience, Transaction, run
from harness.overload.shapes import Arrival
from harness.overload.signer import Signer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

CONNECTIONS = 6000
"""Most connections at a time. Beyond these a transaction waits, which counts as the generator's
lag: ten times the capacity for three seconds' patience needs far fewer."""
MOST_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Target:
    """Where a merchant's transactions go, and who signs them."""

    url: str
    signer: Signer


def begin(
    plan: Sequence[Arrival],
    targets: Mapping[str, Target],
    patience: Patience | None = None,
    *,
    seed: int = 1,
) -> Child:
    """Begin a plan against real targets by merchant; ``finish`` gives what came of it."""
    return Child(
        "harness.overload.generator",
        {
            "plan": list(plan),
            "targets": {name: asdict(target) for name, target in targets.items()},
            "patience": asdict(patience or Patience()),
            "seed": seed,
        },
    )


def finish(child: Child) -> list[Transaction]:
    """Wait until the last transaction has ended."""
    return [Transaction(**each) for each in child.result(MOST_SECONDS)]


def generate(
    plan: Sequence[Arrival],
    targets: Mapping[str, Target],
    patience: Patience | None = None,
    *,
    seed: int = 1,
) -> list[Transaction]:
    """Carry a plan out against real targets by merchant."""
    return finish(begin(plan, targets, patience, seed=seed))


class _Sender:
    """Sends attempts over kept connections, as many as are needed up to a bound."""

    def __init__(self, targets: Mapping[str, Target]) -> None:
        self._targets = targets
        self._room = asyncio.Semaphore(CONNECTIONS)
        self._run = uuid4().hex[:12]
        addresses = {urlsplit(target.url).netloc for target in targets.values()}
        self._connections = {
            address: Connections(host, int(port), None, None)
            for address in addresses
            for host, _, port in (address.partition(":"),)
        }

    async def attempt(self, transaction: Transaction, sent: Callable[[], None]) -> int:
        target = self._targets[transaction.merchant]
        async with self._room:
            key = f"{self._run}-{transaction.number}"
            request = target.signer.post(target.url, _body(transaction), key)
            sent()
            connections = self._connections[urlsplit(target.url).netloc]
            return (await connections.send(request)).status


def _body(transaction: Transaction) -> bytes:
    return (
        b'{"amount":1250,"currency":"EUR","reference":"order-%d",'
        b'"payment_method":{"token":"tok_approve"}}' % transaction.number
    )


async def _carry_out(order: Mapping[str, Any]) -> list[Transaction]:
    targets = {
        name: Target(target["url"], Signer(**target["signer"]))
        for name, target in order["targets"].items()
    }
    plan = [Arrival(*arrival) for arrival in order["plan"]]
    # A collection would stop every transaction at once; a run is short enough to do without.
    gc.freeze()
    gc.disable()
    patience = Patience(**order["patience"])
    return await run(plan, _Sender(targets).attempt, patience, order["seed"])


def main() -> int:
    """Read the order, carry it out, print what came of it."""
    order = json.load(sys.stdin)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        done = runner.run(_carry_out(order))
    json.dump([asdict(each) for each in done], sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
