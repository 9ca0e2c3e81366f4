"""Overload in virtual time: hours of waiting pass at once, and the same seed gives the same run.

The client and the backends are those of the real runs, the buckets are the edge's own; only time
and the network are left out.
"""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any, TypeVar

from harness.edge.exchange import Refusal
from harness.edge.throttling import ACCOUNT_BURST, ACCOUNT_RATE, Limit, Throttles, admit
from harness.overload.load import Patience, run

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from harness.overload.backends import Backend
    from harness.overload.load import Transaction
    from harness.overload.shapes import Arrival

T = TypeVar("T")

_START = 1_000.0  # seconds; so that no time is 0


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to whatever comes next. It has no network and no threads."""

    def __init__(self) -> None:
        self._now = _START
        super().__init__(_Jump(self))

    def time(self) -> float:
        """The virtual time in seconds."""
        return self._now

    def pass_time(self, seconds: float) -> None:
        """Let time pass, as a computation would that takes so long."""
        self._now += seconds


class _Jump(selectors.SelectSelector):
    """Waits for nothing and moves the clock."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("everything waits, and nothing is going to happen")
        self._loop.pass_time(max(0.0, timeout))
        return []


def in_virtual_time(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


class VirtualGateway:
    """Admits by the edge's own buckets in API Gateway's order, and passes on.

    Args:
        stage: the limit of every method of the stage; None for none.
        plans: the merchants' usage plans.
    """

    def __init__(
        self,
        backend: Backend,
        clock: Callable[[], float],
        *,
        stage: Limit | None = None,
        plans: Mapping[str, Limit] | None = None,
    ) -> None:
        throttles = Throttles(clock, clock)
        self._backend = backend
        self._plans = {
            merchant: throttles.bucket(("plan", merchant), limit)
            for merchant, limit in (plans or {}).items()
        }
        self._rest = (
            throttles.bucket("stage", stage),
            throttles.bucket("account", Limit(ACCOUNT_RATE, ACCOUNT_BURST)),
        )
        self._working: set[asyncio.Task[int]] = set()

    async def attempt(self, transaction: Transaction, sent: Callable[[], None]) -> int:
        """Answer one request; the backend works on when nobody waits any more."""
        sent()
        try:
            admit((self._plans.get(transaction.merchant), *self._rest), None)
        except Refusal as refusal:
            return refusal.status
        work = asyncio.ensure_future(self._backend.work())
        self._working.add(work)
        work.add_done_callback(self._working.discard)
        return await asyncio.shield(work)


def simulate(
    backend: Callable[[], Backend],
    plan: Sequence[Arrival],
    *,
    stage: Limit | None = None,
    plans: Mapping[str, Limit] | None = None,
    patience: Patience | None = None,
    seed: int = 1,
) -> list[Transaction]:
    """Send a plan through a gateway to a backend."""

    async def main() -> list[Transaction]:
        clock = asyncio.get_running_loop().time
        gateway = VirtualGateway(backend(), clock, stage=stage, plans=plans)
        return await run(plan, gateway.attempt, patience or Patience(), seed)

    return in_virtual_time(main())
