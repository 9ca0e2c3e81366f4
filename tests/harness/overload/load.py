"""The open-loop client: begins each transaction at its time, however the last one fares.

A transaction is all attempts under one Idempotency-Key. Latency counts from the intended time, so
that a client which couldn't keep up hides nothing; how late it was is its lag. It runs on whatever
event loop runs, in real or in virtual time.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from harness.overload.shapes import Arrival

    Attempt = Callable[["Transaction", Callable[[], None]], Awaitable[int]]
    """Sends a transaction's request, calls back when it is about to, and gives the status."""

TIMED_OUT = 0
"""In place of a status: no answer came in time."""
NOT_ANSWERED = -1
"""In place of a status: the connection failed or ended."""
_START_AHEAD = 0.2  # seconds for planning before the first transaction
_TOO_MANY_REQUESTS, _CONFLICT, _SERVER_ERRORS = 429, 409, 500


@dataclass(frozen=True, slots=True)
class Patience:
    """How a client waits and repeats: exponential backoff with jitter, as payment SDKs do.

    ``timeout`` is of one attempt. The wait after attempt n is ``backoff`` times 2ⁿ⁻¹, at most
    ``longest``, of which a random half or more is waited. Times are seconds.
    """

    timeout: float = 1.0
    attempts: int = 3
    backoff: float = 0.5
    longest: float = 2.0

    def wait(self, attempt: int, draw: random.Random) -> float:
        """Seconds to wait after an attempt."""
        return min(self.longest, self.backoff * 2.0 ** (attempt - 1)) * draw.uniform(0.5, 1.0)

    @staticmethod
    def repeats(status: int) -> bool:
        """Whether another attempt may help."""
        return (
            status in (TIMED_OUT, NOT_ANSWERED, _CONFLICT, _TOO_MANY_REQUESTS)
            or status >= _SERVER_ERRORS
        )


@dataclass(slots=True)
class Transaction:
    """One transaction and what became of it; times are seconds after the start."""

    number: int
    merchant: str
    intended: float
    lag: float = 0.0
    ended: float = 0.0
    statuses: list[int] = field(default_factory=list)

    @property
    def succeeded(self) -> bool:
        """Whether its last attempt was answered with a success."""
        return bool(self.statuses) and 200 <= self.statuses[-1] < 300

    @property
    def latency(self) -> float:
        """Seconds from the intended time to its end."""
        return self.ended - self.intended


async def run(
    plan: Sequence[Arrival], attempt: Attempt, patience: Patience, seed: int
) -> list[Transaction]:
    """Carry a plan out and give its transactions when the last one has ended.

    An error of ``attempt`` other than OSError is a fault of the client and ends the run.
    """
    loop = asyncio.get_running_loop()
    draw = random.Random(seed)  # noqa: S311 - a simulation, no secret
    start = loop.time() + _START_AHEAD
    transactions = [
        Transaction(number, arrival.merchant, arrival.at) for number, arrival in enumerate(plan)
    ]
    tasks: set[asyncio.Task[None]] = set()
    done: asyncio.Future[None] = loop.create_future()
    left = len(transactions)

    def begin(transaction: Transaction) -> None:
        task = loop.create_task(_carry_out(transaction, attempt, patience, draw, start))
        tasks.add(task)
        task.add_done_callback(end)

    def end(task: asyncio.Task[None]) -> None:
        nonlocal left
        tasks.discard(task)
        left -= 1
        fault = None if task.cancelled() else task.exception()
        if done.done():
            return
        if fault:
            done.set_exception(fault)
        elif left == 0:
            done.set_result(None)

    for transaction in transactions:
        loop.call_at(start + transaction.intended, begin, transaction)
    if transactions:
        await done
    return transactions


async def _carry_out(
    transaction: Transaction,
    attempt: Attempt,
    patience: Patience,
    draw: random.Random,
    start: float,
) -> None:
    now = asyncio.get_running_loop().time

    def sent() -> None:
        if not transaction.statuses:
            transaction.lag = now() - start - transaction.intended

    for number in range(1, patience.attempts + 1):
        try:
            async with asyncio.timeout(patience.timeout):
                status = await attempt(transaction, sent)
        except TimeoutError:
            status = TIMED_OUT
        except OSError:
            status = NOT_ANSWERED
        transaction.statuses.append(status)
        if number == patience.attempts or not patience.repeats(status):
            break
        await asyncio.sleep(patience.wait(number, draw))
    transaction.ended = now() - start
