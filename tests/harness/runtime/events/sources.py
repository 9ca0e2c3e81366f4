"""All event sources of an account, kept in step with the deployment."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from harness.runtime.events.asynchronous import Asynchronous
from harness.runtime.events.changes import Changes
from harness.runtime.events.destinations import Destinations
from harness.runtime.events.mappings import STREAM, read_mappings
from harness.runtime.events.queue import QueueReader
from harness.runtime.events.stream import StreamReader

if TYPE_CHECKING:
    from collections.abc import Callable

    import boto3

    from harness.runtime.events.mappings import EventSourceMapping
    from harness.runtime.events.source import Invoke, Source
    from harness.runtime.metrics import Metrics

_THREADS = 8


class DrainError(Exception):
    """Something is still pending; says what."""


class EventSources:
    """Runs a reader for each ENABLED event source mapping, and asynchronous invocations.

    Args:
        session: credentials of the account, with its region.
        invoke: runs a function.
    """

    def __init__(
        self,
        session: boto3.Session,
        account_id: str,
        endpoint_url: str,
        invoke: Invoke,
        metrics: Metrics,
    ) -> None:
        self._session = session
        self._account_id = account_id
        self._endpoint_url = endpoint_url
        self._invoke = invoke
        self._metrics = metrics
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="event-sources")
        unchecked = Config(parameter_validation=False, max_pool_connections=_THREADS)
        self._streams = session.client("dynamodbstreams", config=unchecked)
        self._queues = session.client("sqs", config=unchecked)
        self._destinations = Destinations(session)
        self.asynchronous = Asynchronous(session, invoke, self._call, self._destinations)
        self._sources: dict[str, Source] = {}
        self._changes: Changes | None = None

    async def refresh(self) -> None:
        """Read the mappings; those that didn't change keep their position.

        Raises:
            DeploymentError: one can't run here.
        """
        mappings = await asyncio.to_thread(read_mappings, self._session, self._account_id)
        wanted = {mapping.uuid: mapping for mapping in mappings}
        for uuid, source in list(self._sources.items()):
            if wanted.get(uuid) != source.mapping:
                await self._sources.pop(uuid).close()
        for uuid, mapping in wanted.items():
            if uuid not in self._sources:
                self._sources[uuid] = self._source(mapping)
        if self._sources and self._changes is None:
            self._changes = Changes(self._endpoint_url, self._wake)

    async def drain(self, seconds: float) -> None:
        """Wait until streams and queues are read to their ends and nothing runs any more.

        What a function writes to another source counts too. A message that waits for its next
        delivery is pending.

        Raises:
            DrainError: time is up.
        """
        try:
            async with asyncio.timeout(seconds):
                while not await self._looked_through():
                    pass
        except TimeoutError:
            raise DrainError(
                f"After {seconds:g} seconds there are pending: {self._pending()}"
            ) from None

    async def close(self) -> None:
        """Stop all readers."""
        if self._changes:
            await self._changes.close()
        await asyncio.gather(*(source.close() for source in self._sources.values()))
        await self.asynchronous.close()
        self._threads.shutdown(wait=False)

    async def _looked_through(self) -> bool:
        """Look at everything once; True when nothing changed meanwhile."""
        before = await self._changes.latest() if self._changes else 0
        await asyncio.gather(*(source.look() for source in self._sources.values()))
        await self.asynchronous.wait()
        after = await self._changes.latest() if self._changes else 0
        return before == after and self.asynchronous.idle

    def _pending(self) -> str:
        described = [source.describe() for source in self._sources.values() if source.waited_for]
        if not self.asynchronous.idle:
            described.append(self.asynchronous.describe())
        return "; ".join(described) or "changes that never end"

    def _source(self, mapping: EventSourceMapping) -> Source:
        region = self._session.region_name
        if mapping.kind == STREAM:
            return StreamReader(
                mapping,
                self._invoke,
                self._call,
                client=self._streams,
                destinations=self._destinations,
                metrics=self._metrics,
                region=region,
            )
        return QueueReader(mapping, self._invoke, self._call, client=self._queues, region=region)

    def _wake(self) -> None:
        for source in self._sources.values():
            source.wake()

    async def _call(self, function: Callable[..., Any], /, **arguments: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, partial(function, **arguments))
