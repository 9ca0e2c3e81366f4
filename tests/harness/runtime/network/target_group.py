"""A deployed target group: what is registered, and whether it answers its health checks."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    Endpoint = tuple[str, int]

INITIAL = "initial"
HEALTHY = "healthy"
UNHEALTHY = "unhealthy"
DRAINING = "draining"
# A target is looked at more often until it first answers: a run shouldn't wait for intervals.
_START_INTERVAL = 0.1  # seconds
# Connections may be idle ones that the gateway keeps, so the deployed delay isn't waited for.
MOST_DRAINING = 3.0  # seconds


class Connection(Protocol):
    """Something that a listener forwards."""

    def abort(self) -> None:
        """Reset it."""


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """How a target is checked; ``port`` None is the traffic port, times are seconds."""

    protocol: str
    path: str
    port: int | None
    interval: float
    timeout: float
    healthy_threshold: int
    unhealthy_threshold: int
    statuses: frozenset[int]


@dataclass(frozen=True, slots=True)
class Settings:
    """A target group as deployed."""

    arn: str
    check: HealthCheck
    deregistration_delay: float
    terminate_unhealthy: bool


@dataclass(eq=False, slots=True)
class Target:
    """An address with a port, and where that is on this machine.

    Args:
        endpoint: turns a port of the address into a local host and port.
        changed: called when ``state`` has changed.
    """

    address: str
    port: int
    endpoint: Callable[[int], Endpoint]
    changed: Callable[[], None] = lambda: None
    state: str = INITIAL
    reason: str = "Target registration is in progress"
    registered_at: float = field(default_factory=time.monotonic)
    connections: set[Connection] = field(default_factory=set)


class TargetGroup:
    """Chooses targets round robin, and all of them when none is healthy."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._targets: dict[Target, asyncio.Task[None]] = {}
        self._numbers = itertools.count()

    @property
    def targets(self) -> list[Target]:
        """What is registered, draining targets included."""
        return list(self._targets)

    def register(self, target: Target) -> None:
        """Check it from now on; it gets connections once it is healthy."""
        self._targets[target] = asyncio.create_task(self._watch(target))

    async def deregister(self, target: Target) -> None:
        """Give it no new connections, and wait until it has none or the delay is over."""
        if target not in self._targets:
            return
        self._targets[target].cancel()
        _set_state(target, DRAINING, "Target deregistration is in progress")
        until = time.monotonic() + min(self.settings.deregistration_delay, MOST_DRAINING)
        while target.connections and time.monotonic() < until:
            await asyncio.sleep(0.02)
        self._targets.pop(target, None)

    def drop(self, target: Target) -> None:
        """Forget it at once, with its connections."""
        watcher = self._targets.pop(target, None)
        if watcher:
            watcher.cancel()
        _abort_connections(target)

    def choose(self) -> Target | None:
        """The next target for a connection; with none healthy any registered one (fail open)."""
        candidates = [each for each in self._targets if each.state == HEALTHY]
        if not candidates:
            candidates = [each for each in self._targets if each.state != DRAINING]
        return candidates[next(self._numbers) % len(candidates)] if candidates else None

    def close(self) -> None:
        """Check nothing any more."""
        for target in list(self._targets):
            self.drop(target)

    async def _watch(self, target: Target) -> None:
        passed = failed = 0
        while True:
            check = self.settings.check
            problem = await _probe(check, target)
            passed, failed = (passed + 1, 0) if problem is None else (0, failed + 1)
            if problem is None and (target.state == INITIAL or passed >= check.healthy_threshold):
                _set_state(target, HEALTHY, "")
            elif problem is not None and self._given_up(target, failed):
                _set_state(target, UNHEALTHY, problem)
                if self.settings.terminate_unhealthy:
                    _abort_connections(target)
            await asyncio.sleep(_START_INTERVAL if target.state == INITIAL else check.interval)

    def _given_up(self, target: Target, failed: int) -> bool:
        check = self.settings.check
        if target.state == INITIAL:
            waited = time.monotonic() - target.registered_at
            return waited >= check.interval * check.unhealthy_threshold
        return failed >= check.unhealthy_threshold


def _set_state(target: Target, state: str, reason: str) -> None:
    changed = target.state != state
    target.state, target.reason = state, reason
    if changed:
        target.changed()


def _abort_connections(target: Target) -> None:
    for connection in list(target.connections):
        connection.abort()


async def _probe(check: HealthCheck, target: Target) -> str | None:
    """Check once; says what is wrong."""
    host, port = target.endpoint(check.port or target.port)
    try:
        async with asyncio.timeout(check.timeout):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                if check.protocol == "TCP":
                    return None
                return await _ask(check, target, reader, writer)
            finally:
                writer.close()
    except TimeoutError:
        return "Request timed out"
    except (OSError, asyncio.IncompleteReadError, ValueError) as error:
        return f"Health checks failed: {error}"


async def _ask(
    check: HealthCheck, target: Target, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> str | None:
    writer.write(
        f"GET {check.path} HTTP/1.1\r\nHost: {target.address}:{target.port}\r\n"
        "User-Agent: ELB-HealthChecker/2.0\r\nConnection: close\r\n\r\n".encode()
    )
    line = await reader.readuntil(b"\r\n")
    status = int(line.split(b" ", 2)[1])
    with contextlib.suppress(OSError):
        await reader.read()
    if status in check.statuses:
        return None
    return f"Health checks failed with these codes: [{status}]"
