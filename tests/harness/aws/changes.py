"""Tells event sources when a stream or a queue has something new, so that none has to poll fast."""

from __future__ import annotations

import threading

MOST_SECONDS = 20.0

# One embedded AWS a process, as moto's own state.
_changed = threading.Condition()
_count = 0
_closing = False


def tell() -> None:
    """Something was written to a stream or sent to a queue."""
    global _count
    with _changed:
        _count += 1
        _changed.notify_all()


def wait(after: int, seconds: float) -> int:
    """Return the number of changes, as soon as it differs from ``after`` or time is up."""
    with _changed:
        _changed.wait_for(lambda: _closing or _count != after, min(seconds, MOST_SECONDS))
        return _count


def open_again() -> None:
    """Let ``wait`` wait, after ``release``."""
    global _closing
    with _changed:
        _closing = False


def release() -> None:
    """End all waits, so that the server's threads can end."""
    global _closing
    with _changed:
        _closing = True
        _changed.notify_all()
