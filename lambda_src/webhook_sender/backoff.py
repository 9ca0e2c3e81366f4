"""How long a failed event waits: a random time below a bound that doubles (full jitter)."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_DOUBLINGS = 30


def wait_s(
    receives: int,
    *,
    first_ms: int,
    longest_ms: int,
    retry_after_s: int | None = None,
    uniform: Callable[[float, float], float] = random.uniform,
) -> int:
    """Give the seconds to wait after the ``receives``-th try.

    An endpoint that asks for more gets it, but never more than the longest wait.
    """
    bound_ms = min(first_ms * 2 ** min(receives - 1, _MOST_DOUBLINGS), longest_ms)
    asked_ms = min((retry_after_s or 0) * 1000, longest_ms)
    return max(1, round(max(uniform(0, bound_ms), asked_ms) / 1000))
