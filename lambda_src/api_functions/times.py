"""Epoch milliseconds, the one form of time inside, and RFC 3339, the one outside."""

from __future__ import annotations

import time


def now_ms() -> int:
    """Read the clock, in epoch milliseconds."""
    return time.time_ns() // 1_000_000


def rfc3339(epoch_ms: int) -> str:
    """Write epoch milliseconds as UTC; the texts sort as the times do."""
    seconds, milliseconds = divmod(epoch_ms, 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{milliseconds:03d}Z"
