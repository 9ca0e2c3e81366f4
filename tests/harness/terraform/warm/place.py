"""A working directory and an environment, and the provider processes that work in it."""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from harness.terraform.warm import guard
from harness.terraform.warm.backend import Backend
from harness.terraform.warm.messages import ERROR, parse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.terraform.warm.provider import Provider


class _Mortal(Protocol):
    @property
    def alive(self) -> bool: ...


_T = TypeVar("_T")
_M = TypeVar("_M", bound=_Mortal)


@dataclass(frozen=True)
class Configured:
    """A process with its configuration."""

    backend: Backend
    answer: bytes
    """What the provider said to the configuration."""
    caller: bytes
    """Whom AWS takes it for; empty if the provider refused its configuration."""

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self.backend.alive


class Place:
    """A working directory and an environment, with a process for each configuration in it."""

    def __init__(
        self, provider: Provider, cwd: str, environment: Mapping[str, str], logs: Path
    ) -> None:
        self.provider = provider
        self.cwd = cwd
        self.environment = environment
        self.leases = 0
        self.used = time.monotonic()
        self._logs = logs
        self._numbers = itertools.count()
        self._spare: asyncio.Task[Backend] | None = None
        self._configured: dict[bytes, asyncio.Task[Configured]] = {}

    def warm_up(self) -> None:
        """Begin to start a process, for whoever comes first."""
        if self._spare is None and not self._configured:
            self._spare = asyncio.create_task(self._start())

    async def anyone(self) -> Backend:
        """Return a process for a question whose answer depends on no configuration."""
        for task in self._configured.values():
            if (configured := _result(task)) and configured.backend.alive:
                return configured.backend
        if self._spare is None or not _is_useful(self._spare):
            self._spare = asyncio.create_task(self._start())
        return await asyncio.shield(self._spare)

    async def configured(self, request: bytes) -> Configured:
        """Return the one process that has this configuration, starting it if need be.

        Raises:
            BackendError, grpc.aio.AioRpcError: as `Backend.call` does.
        """
        config = parse("ConfigureRequest", request).config.msgpack
        task = self._configured.get(config)
        if task is None or not _is_useful(task):
            task = self._configured[config] = asyncio.create_task(self._configure(request))
        return await asyncio.shield(task)

    @property
    def backends(self) -> list[Backend]:
        """Every process that runs here."""
        configured = [item.backend for item in map(_result, self._configured.values()) if item]
        spare = _result(self._spare) if self._spare else None
        return [*configured, *([spare] if spare else [])]

    async def retire(self, backend: Backend) -> None:
        """End one process; the next one who needs its configuration gets another."""
        for config, task in list(self._configured.items()):
            if (configured := _result(task)) and configured.backend is backend:
                del self._configured[config]
        await backend.close()

    async def close(self) -> None:
        """End all processes."""
        starting = [*self._configured.values(), *([self._spare] if self._spare else [])]
        await asyncio.gather(*starting, return_exceptions=True)
        await asyncio.gather(*(backend.close() for backend in self.backends))
        self._configured, self._spare = {}, None

    async def _start(self) -> Backend:
        log = self._logs / f"{id(self)}-{next(self._numbers)}.log"
        return await Backend.start(self.provider.binary, self.cwd, self.environment, log)

    async def _configure(self, request: bytes) -> Configured:
        spare, self._spare = self._spare, None
        backend = await (spare if spare and _is_useful(spare) else self._start())
        try:
            answer = await backend.call("Configure", request)
            said = parse("ConfigureResponse", answer).diagnostics
            if any(diagnostic.severity == ERROR for diagnostic in said):
                await backend.close()
                return Configured(backend, answer, b"")
            schema = await self.provider.schema(lambda: backend.call("GetSchema", b""))
            caller = await backend.call("ReadDataSource", guard.question(schema))
            return Configured(backend, answer, caller)
        except BaseException:
            await backend.close()
            raise


def _result(task: asyncio.Task[_T]) -> _T | None:
    """What came of a task; None if it isn't over or went wrong."""
    over = task.done() and not task.cancelled() and task.exception() is None
    return task.result() if over else None


def _is_useful(task: asyncio.Task[_M]) -> bool:
    """Whether it is worth waiting for."""
    if not task.done():
        return True
    result = _result(task)
    return result is not None and result.alive
