"""The proxy between Terraform's processes and warm providers.

A provider keeps one configuration for the whole process: two aliases that share one end up in one
account, with exit code 0. So there is a process for each configuration, working directory and
environment, and every connection of Terraform is bound to one of them.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import TYPE_CHECKING

from harness.terraform.warm.place import Place
from harness.terraform.warm.provider import Provider
from harness.terraform.warm.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.terraform.store import Store


class Proxy:
    """All sessions of a process, and a bound on the providers that wait for work."""

    def __init__(self, store: Store, logs: Path, idle_places: int) -> None:
        self._store = store
        self._logs = logs
        self._idle_places = idle_places
        self._providers: dict[str, Provider] = {}
        self._places: dict[str, Place] = {}
        self._sessions: dict[tuple[str, frozenset[str] | None], Session] = {}

    async def lease(
        self, binary: str, cwd: str, environment: Mapping[str, str], types: list[str] | None
    ) -> tuple[str, int]:
        """Open, or open again, a session; returns the key of its place and its port."""
        provider = self._providers.get(binary)
        if provider is None:
            provider = self._providers[binary] = Provider(binary, self._store)
        described = "\0".join([binary, cwd, *(f"{k}={v}" for k, v in sorted(environment.items()))])
        key = hashlib.sha256(described.encode()).hexdigest()
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = Place(provider, cwd, environment, self._logs)
        place.leases += 1
        place.warm_up()
        wanted = None if types is None else frozenset(types)
        session = self._sessions.get((key, wanted))
        if session is None:
            session = self._sessions[key, wanted] = Session(place, wanted)
            await session.listen()
        return key, session.port

    async def release(self, key: str) -> None:
        """Give a lease back; the places that were used least recently make room."""
        place = self._places.get(key)
        if place is None:
            return
        place.leases -= 1
        place.used = time.monotonic()
        idle = [item for item in self._places.items() if item[1].leases == 0]
        idle.sort(key=lambda item: item[1].used, reverse=True)
        for old, _ in idle[self._idle_places :]:
            await self._close(old)

    async def forget(self, endpoint_url: str) -> None:
        """End every provider that talks to this address of the embedded AWS."""
        gone = [
            key
            for key, place in self._places.items()
            if place.environment.get("AWS_ENDPOINT_URL") == endpoint_url
        ]
        for key in gone:
            await self._close(key)

    async def close(self) -> None:
        """End everything."""
        await asyncio.gather(*(self._close(key) for key in list(self._places)))

    @property
    def supervisor_pids(self) -> list[int]:
        """The supervisors of all providers that run."""
        places = self._places.values()
        return [backend.supervisor_pid for place in places for backend in place.backends]

    async def _close(self, key: str) -> None:
        place = self._places.pop(key)
        for known in [known for known in self._sessions if known[0] == key]:
            await self._sessions.pop(known).close()
        await place.close()
