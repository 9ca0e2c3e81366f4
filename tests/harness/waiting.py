"""Waiting in tests: for what another process does in its own time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def wait_until(what: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for something to come true. Raises ``AssertionError`` when it doesn't."""
    until = time.monotonic() + seconds
    while not what():
        if time.monotonic() > until:
            raise AssertionError(f"it didn't come true in {seconds} s")
        time.sleep(0.02)
