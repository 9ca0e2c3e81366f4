"""A provider's binary, and the answers that depend on nothing but its bytes."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from harness.terraform.warm.messages import parse
from harness.terraform.warm.schema import ProviderSchema

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from harness.terraform.store import Store


class Provider:
    """A provider's binary, and what it says that never changes."""

    def __init__(self, binary: str, store: Store) -> None:
        self.binary = binary
        self._store = store
        self._schema: ProviderSchema | None = None
        self._schema_lock = asyncio.Lock()
        self._digest = asyncio.create_task(asyncio.to_thread(store.digest_of, Path(binary)))

    async def schema(self, ask: Callable[[], Awaitable[bytes]]) -> ProviderSchema:
        """Return the schema; `ask` gets it from a process if nobody did before."""
        async with self._schema_lock:
            if self._schema is None:
                self._schema = ProviderSchema(await self._remembered("schema", ask))
        return self._schema

    async def prepared(self, request: bytes, ask: Callable[[], Awaitable[bytes]]) -> bytes:
        """Return what the provider says to a configuration; complaints aren't remembered."""
        name = f"prepared-{hashlib.sha256(request).hexdigest()}"

        def is_good(answer: bytes) -> bool:
            return not parse("PrepareResponse", answer).diagnostics

        return await self._remembered(name, ask, is_good)

    async def _remembered(
        self,
        name: str,
        ask: Callable[[], Awaitable[bytes]],
        is_good: Callable[[bytes], bool] = bool,
    ) -> bytes:
        entry = f"{await self._digest}/{name}"
        known = self._store.get(entry)
        if known is None:
            known = await ask()
            if is_good(known):
                self._store.put(entry, known)
        return known
