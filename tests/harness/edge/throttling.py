"""Token buckets and quotas, taken in API Gateway's order.

A request takes from its usage plan (per client and method, then per client), from the
stage's method setting, and from the account, in that order: the narrowest limit first, so that
what it refuses costs the wider ones nothing. The first empty bucket refuses. Limits apply per
API key, over all stages of its plan. AWS documents the order of plan, method and account, and
leaves the order inside a plan open.
"""

from __future__ import annotations

import datetime
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from harness.edge.exchange import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

ACCOUNT_RATE = 10_000.0  # requests per second
ACCOUNT_BURST = 5_000
Period = Literal["DAY", "WEEK", "MONTH"]


@dataclass(frozen=True, slots=True)
class Limit:
    """``rate`` requests per second with bursts of ``burst``; None means unlimited."""

    rate: float | None
    burst: int | None

    @property
    def unlimited(self) -> bool:
        """Whether neither part limits; Terraform writes -1 for that."""
        return (self.rate is None or self.rate < 0) and (self.burst is None or self.burst < 0)


@dataclass(frozen=True, slots=True)
class Quota:
    """At most ``limit`` requests a period; it begins ``offset`` days later than it would.

    A week begins on Sunday, a month on its first day.
    """

    limit: int
    period: Period
    offset: int = 0


class TokenBucket:
    """Holds up to ``burst`` tokens and gains ``rate`` a second.

    Args:
        clock: monotonic seconds.
    """

    __slots__ = ("_clock", "_filled_at", "_tokens", "burst", "rate")

    def __init__(self, limit: Limit, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.rate, self.burst = _effective(limit)
        self._tokens = float(self.burst)
        self._filled_at = clock()

    def take(self) -> bool:
        """Take one token; False when there is none."""
        self._fill()
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True

    def resize(self, limit: Limit) -> None:
        """Change the limits from now on; what was gained and used until now stays."""
        self._fill()
        self.rate, self.burst = _effective(limit)

    def _fill(self) -> None:
        now = self._clock()
        tokens = self._tokens + (now - self._filled_at) * self.rate
        self._tokens = tokens if tokens < self.burst else float(self.burst)
        self._filled_at = now


def _effective(limit: Limit) -> tuple[float, int]:
    rate = ACCOUNT_RATE if limit.rate is None or limit.rate < 0 else limit.rate
    burst = ACCOUNT_BURST if limit.burst is None or limit.burst < 0 else limit.burst
    return rate, burst


class QuotaCounter:
    """Counts the requests of one client in the current period.

    Args:
        clock: epoch seconds; periods begin at midnight UTC.
    """

    __slots__ = ("_clock", "_period", "quota", "used")

    def __init__(self, quota: Quota, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self.quota = quota
        self._period = self._current()
        self.used = 0

    def take(self) -> bool:
        """Count one request; False when the quota is used up."""
        period = self._current()
        if period != self._period:
            self._period, self.used = period, 0
        if self.used >= self.quota.limit:
            return False
        self.used += 1
        return True

    def resize(self, quota: Quota) -> None:
        """Change the quota and keep what was used."""
        self.quota = quota

    def _current(self) -> tuple[int, int]:
        today = datetime.datetime.fromtimestamp(self._clock(), datetime.UTC).date()
        if self.quota.period == "MONTH":
            start = today - datetime.timedelta(days=self.quota.offset)
            return start.year, start.month
        if self.quota.period == "WEEK":
            start = today - datetime.timedelta(days=(today.isoweekday() - self.quota.offset) % 7)
            return start.year, start.toordinal()
        return today.year, today.toordinal()


class Throttles:
    """The buckets and counters by what they limit; they outlive a reload."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._wall_clock = wall_clock
        self._buckets: dict[Hashable, TokenBucket] = {}
        self._counters: dict[Hashable, QuotaCounter] = {}

    def bucket(self, key: Hashable, limit: Limit | None) -> TokenBucket | None:
        """The bucket known as ``key``, resized to ``limit``; None when unlimited."""
        if limit is None or limit.unlimited:
            self._buckets.pop(key, None)
            return None
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = TokenBucket(limit, self._clock)
        bucket.resize(limit)
        return bucket

    def counter(self, key: Hashable, quota: Quota | None) -> QuotaCounter | None:
        """The counter known as ``key``, resized to ``quota``; None without a quota."""
        if quota is None:
            self._counters.pop(key, None)
            return None
        counter = self._counters.get(key)
        if counter is None:
            counter = self._counters[key] = QuotaCounter(quota, self._wall_clock)
        counter.resize(quota)
        return counter


def admit(buckets: Iterable[TokenBucket | None], counter: QuotaCounter | None) -> None:
    """Take from every bucket in order, then count against the quota.

    Raises:
        Refusal: THROTTLED or QUOTA_EXCEEDED, both 429.
    """
    for bucket in buckets:
        if bucket is not None and not bucket.take():
            raise Refusal(
                "THROTTLED", 429, "Too Many Requests", error_type="TooManyRequestsException"
            )
    if counter is not None and not counter.take():
        raise Refusal("QUOTA_EXCEEDED", 429, "Limit Exceeded", error_type="LimitExceededException")
