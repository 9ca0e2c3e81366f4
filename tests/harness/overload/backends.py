"""Backends by how they deal with more than they can: the real processes and the models run these.

Whoever calls ``work`` may give up; the work begun or queued goes on, as it does on a server whose
client has gone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

CREATED, UNAVAILABLE, REFUSED_BY_LAMBDA = 201, 503, 500


class Backend(Protocol):
    """Serves transactions."""

    async def work(self) -> int:
        """Serve one; give the status that is answered."""

    def reset(self) -> None:
        """Forget what waits."""


class Fifo:
    """A single queue without a bound, worked through in order: a legacy application server.

    It serves ``capacity`` a second, also what the client has given up.
    """

    def __init__(self, capacity: float) -> None:
        self._each = 1 / capacity
        self._free_at = 0.0
        self._waiting: set[asyncio.Future[int]] = set()

    async def work(self) -> int:
        """Wait for everything that came before, then for this."""
        loop = asyncio.get_running_loop()
        self._free_at = max(loop.time(), self._free_at) + self._each
        turn: asyncio.Future[int] = loop.create_future()
        self._waiting.add(turn)
        timer = loop.call_at(self._free_at, _settle, turn, CREATED)
        try:
            return await turn
        finally:
            timer.cancel()
            self._waiting.discard(turn)

    def reset(self) -> None:
        """Refuse what waits."""
        self._free_at = 0.0
        for turn in list(self._waiting):
            _settle(turn, UNAVAILABLE)


class Workers:
    """``workers`` at a time, a queue of ``room`` behind them, and nobody waits beyond ``deadline``.

    Args:
        seconds: that one transaction takes.
        room: transactions that may wait; more are refused at once.
        deadline: seconds after which one that still waits is refused.
    """

    def __init__(self, workers: int, seconds: float, room: int, deadline: float) -> None:
        self._idle = workers
        self._seconds = seconds
        self._room = room
        self._deadline = deadline
        self._queue: deque[asyncio.Future[float]] = deque()

    async def work(self) -> int:
        """Serve when a worker is free, or refuse."""
        loop = asyncio.get_running_loop()
        begin = loop.time()
        if self._idle:
            self._idle -= 1
        elif len(self._queue) >= self._room:
            return UNAVAILABLE
        else:
            turn: asyncio.Future[float] = loop.create_future()
            self._queue.append(turn)
            try:
                async with asyncio.timeout(self._deadline):
                    begin = await turn
            except TimeoutError:
                if turn.cancelled():
                    self._queue.remove(turn)
                else:
                    self._free(loop.time())
                return UNAVAILABLE
        # From when the worker was free, so that a late wake-up takes nothing from the capacity.
        end = begin + self._seconds
        try:
            await asyncio.sleep(end - loop.time())
        finally:
            self._free(end)
        return CREATED

    def reset(self) -> None:
        """Nothing waits for long."""

    def _free(self, since: float) -> None:
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(since)
                return
        self._idle += 1


class ReservedConcurrency:
    """A function: as many at a time as are reserved, and Lambda refuses the rest at once.

    API Gateway answers 500 to that.
    """

    def __init__(self, reserved: int, seconds: float) -> None:
        self._free = reserved
        self._seconds = seconds

    async def work(self) -> int:
        """Run, or refuse."""
        if not self._free:
            return REFUSED_BY_LAMBDA
        self._free -= 1
        try:
            await asyncio.sleep(self._seconds)
        finally:
            self._free += 1
        return CREATED

    def reset(self) -> None:
        """Nothing waits."""


def _settle(turn: asyncio.Future[int], status: int) -> None:
    if not turn.done():
        turn.set_result(status)
