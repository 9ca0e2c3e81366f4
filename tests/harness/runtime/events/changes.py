"""Wakes event sources when a stream or queue of the embedded AWS was written to."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

_WAIT = 15  # seconds that one question stays open
_RETRY = 1.0  # seconds


class Changes:
    """Asks for the next change, again and again, over one connection.

    Args:
        changed: called after every change.
    """

    def __init__(self, endpoint_url: str, changed: Callable[[], None]) -> None:
        place = urlsplit(endpoint_url)
        self._host, self._port = str(place.hostname), place.port or 80
        self._changed = changed
        self.count = 0
        self._task = asyncio.create_task(self._listen())

    async def close(self) -> None:
        """Ask no more."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def latest(self) -> int:
        """How often anything changed, as of now."""
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            return await _ask(reader, writer, -1, 0)
        finally:
            writer.close()

    async def _listen(self) -> None:
        while True:
            try:
                await self._listen_until_lost()
            except (OSError, asyncio.IncompleteReadError, ValueError):
                await asyncio.sleep(_RETRY)  # sources poll slowly meanwhile

    async def _listen_until_lost(self) -> None:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            while True:
                count = await _ask(reader, writer, self.count, _WAIT)
                if count != self.count:
                    self.count = count
                    self._changed()
        finally:
            writer.close()


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, after: int, seconds: int
) -> int:
    path = f"/_embedded/changes?after={after}&seconds={seconds}"
    writer.write(f"GET {path} HTTP/1.1\r\nHost: embedded\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    _, _, rest = head.partition("content-length:")
    body = await reader.readexactly(int(rest.partition("\r\n")[0]))
    return int(orjson.loads(body)["count"])
