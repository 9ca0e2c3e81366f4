"""Lines that a process writes, from the event loop."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 65_536  # bytes


class OutputLines:
    """The reading end of a pipe; hands complete lines on, without their ends."""

    def __init__(self, receive: Callable[[str], None]) -> None:
        self._receive = receive
        self._partial = b""
        self._pipe: int | None = None

    def open(self) -> int:
        """Begin; returns the end that the process writes to, for the caller to close."""
        self._pipe, output = os.pipe()
        os.set_blocking(self._pipe, False)
        asyncio.get_running_loop().add_reader(self._pipe, self.drain)
        return output

    def drain(self) -> None:
        """Hand on what was written so far."""
        while self._pipe is not None:
            try:
                chunk = os.read(self._pipe, _CHUNK)
            except BlockingIOError:
                return
            if not chunk:
                self.close()
                return
            *lines, self._partial = (self._partial + chunk).split(b"\n")
            for line in lines:
                self._hand_on(line)

    def close(self) -> None:
        """Read no more; what lacks a line end counts as a line."""
        if self._pipe is None:
            return
        asyncio.get_running_loop().remove_reader(self._pipe)
        os.close(self._pipe)
        self._pipe = None
        self._hand_on(self._partial)
        self._partial = b""

    def _hand_on(self, line: bytes) -> None:
        if line.strip():
            self._receive(line.decode(errors="replace"))
