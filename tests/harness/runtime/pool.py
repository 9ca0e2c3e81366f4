"""The workers of one function version: started on demand, up to a bound."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from harness.runtime.invocation import Invocation, error_payload
from harness.runtime.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from harness.runtime.functions import Environment, FunctionVersion
    from harness.runtime.logs import LogShipper


class Pool:
    """Hands invocations to workers, first come first served.

    Args:
        function: what the workers run.
        limit: most workers at a time; further invocations wait.
        environment: makes the variables of the next worker.
    """

    def __init__(
        self,
        function: FunctionVersion,
        limit: int,
        logs: LogShipper,
        environment: Callable[[FunctionVersion], Awaitable[Environment]],
    ) -> None:
        self.function = function
        self._limit = limit
        self._logs = logs
        self._environment = environment
        self._workers: set[Worker] = set()
        self._idle: list[Worker] = []
        self._waiting: deque[Invocation] = deque()
        self._starting: set[asyncio.Task[None]] = set()
        self._launching = 0  # workers without a process yet
        self._retired = False

    @property
    def pids(self) -> list[int]:
        """Process ids of the living workers."""
        return sorted(worker.pid for worker in self._workers if worker.pid is not None)

    def submit(self, invocation: Invocation) -> None:
        """Run the invocation as soon as a worker is free."""
        while self._idle:
            worker = self._idle.pop()
            if not worker.environment.stale:
                worker.run(invocation)
                return
            worker.kill()
        self._waiting.append(invocation)
        self._grow()

    def resize(self, limit: int) -> None:
        """Change the bound; workers above it end when they become idle."""
        self._limit = limit

    def retire(self) -> None:
        """Take nothing new: finish what waits and runs, then end the workers."""
        self._retired = True
        self._end_idle()

    async def close(self) -> None:
        """End every worker now; what runs or waits fails."""
        self.retire()
        self._fail_all(error_payload("Runtime.ExitError", "The runtime was shut down"))
        await asyncio.gather(*self._starting, return_exceptions=True)
        workers = list(self._workers)
        for worker in workers:
            worker.kill()
        for worker in workers:
            await worker.exited.wait()

    def on_idle(self, worker: Worker) -> None:
        """Give the worker the next invocation."""
        if worker.environment.stale or len(self._workers) > self._limit:
            worker.kill()
            return
        if self._waiting:
            worker.run(self._waiting.popleft())
            return
        self._idle.append(worker)
        if self._retired:
            self._end_idle()

    def on_exit(self, worker: Worker) -> None:
        """Forget the worker; one that never became ready fails an invocation, as on Lambda."""
        self._workers.discard(worker)
        if worker in self._idle:
            self._idle.remove(worker)
        if worker.init_error is not None and self._waiting:
            self._waiting.popleft().finish(
                worker.init_error, self.function.version, error="Unhandled"
            )
        self._grow()

    def _grow(self) -> None:
        """Start workers for what waits, unless others are about to ask for an invocation."""
        coming = self._launching + sum(not worker.busy for worker in self._workers)
        wanted = len(self._waiting) - (coming - len(self._idle))
        room = self._limit - len(self._workers) - self._launching
        for _ in range(min(wanted, room)):
            self._launching += 1
            task = asyncio.create_task(self._start())
            self._starting.add(task)
            task.add_done_callback(self._started)

    async def _start(self) -> None:
        try:
            environment = await self._environment(self.function)
        finally:
            self._launching -= 1
        worker = Worker(self.function, environment, self, self._logs)
        self._workers.add(worker)
        try:
            await worker.start()
        except BaseException:
            self._workers.discard(worker)
            raise

    def _started(self, task: asyncio.Task[None]) -> None:
        self._starting.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        # The next attempt would fail alike, so nobody is left waiting for it.
        self._fail_all(error_payload("Sandbox.StartError", f"The worker can't be started: {error}"))

    def _fail_all(self, payload: bytes) -> None:
        while self._waiting:
            self._waiting.popleft().finish(payload, self.function.version, error="Unhandled")

    def _end_idle(self) -> None:
        for worker in self._idle:
            worker.kill()
