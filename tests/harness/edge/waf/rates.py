"""How many requests came in a window of time, for rate-based rules.

AWS WAF estimates the rate about every ten seconds and acts on what it finds until the next time,
so there more requests pass before a rule bites, and it lets go a little later. The edge looks at
each request instead: exactly the limit passes within a window. Requests that the rule itself
blocks count, as on AWS. A window moves in steps of one second.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

MOST_KEYS = 10_000  # that AWS WAF tracks for one rule


class RateWindow:
    """Requests of one rule by aggregation key.

    Args:
        seconds: how far the window looks back.
        clock: monotonic seconds.
    """

    __slots__ = ("_clock", "_counts", "_swept_at", "seconds")

    def __init__(self, seconds: int, clock: Callable[[], float]) -> None:
        self.seconds = seconds
        self._clock = clock
        self._counts: dict[Hashable, _Count] = {}
        self._swept_at = clock()

    def __len__(self) -> int:
        return len(self._counts)

    def count(self, key: Hashable) -> int:
        """Count a request and return how many there were in the window, with this one."""
        now = self._clock()
        if now - self._swept_at > self.seconds or len(self._counts) > MOST_KEYS:
            self._sweep(now)
        count = self._counts.get(key)
        if count is None:
            count = self._counts[key] = _Count()
        return count.add(int(now), self.seconds)

    def _sweep(self, now: float) -> None:
        """Forget who hasn't been here, and beyond the most keys those longest ago."""
        self._swept_at = now
        since = now - self.seconds
        current = [item for item in self._counts.items() if item[1].latest > since]
        current.sort(key=lambda item: item[1].latest)
        self._counts = dict(current[-MOST_KEYS // 2 :] if len(current) > MOST_KEYS else current)


class _Count:
    __slots__ = ("_slots", "latest", "total")

    def __init__(self) -> None:
        self._slots: deque[list[int]] = deque()  # second, requests
        self.latest = 0
        self.total = 0

    def add(self, second: int, window: int) -> int:
        slots = self._slots
        while slots and slots[0][0] <= second - window:
            self.total -= slots.popleft()[1]
        if slots and slots[-1][0] == second:
            slots[-1][1] += 1
        else:
            slots.append([second, 1])
        self.latest = second
        self.total += 1
        return self.total


class Rates:
    """The windows by rule; they outlive a reload, as long as what they count stays the same."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: dict[Hashable, tuple[Hashable, RateWindow]] = {}

    def window(self, rule: Hashable, seconds: int, counted: Hashable) -> RateWindow:
        """The window of a rule; a new one when its length or what it counts has changed."""
        meaning = seconds, counted
        known = self._windows.get(rule)
        if known is None or known[0] != meaning:
            known = self._windows[rule] = meaning, RateWindow(seconds, self._clock)
        return known[1]
