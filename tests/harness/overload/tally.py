"""What a run of load came to."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.overload.load import Transaction

MOST_LAG = 0.010
"""Seconds of lag at p99 beyond which a run says nothing of the service, and is void."""
BIN = 0.5
"""Seconds of one step of the timeline."""


@dataclass(frozen=True, slots=True)
class Tally:
    """One run. Latencies are of transactions that succeeded, from the intended time; in seconds.

    ``goodput`` are successes a second, from the first one until transactions cease to arrive after
    ``seconds``.
    ``timeline`` holds offered and succeeded transactions by ``BIN``.
    """

    seconds: float
    offered: int
    failed: int
    goodput: float
    retries: int
    p50: float
    p99: float
    lag_p99: float
    statuses: Mapping[str, int]
    timeline: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, transactions: Sequence[Transaction], seconds: float) -> Tally:
        """Add a run up."""
        good = [each for each in transactions if each.succeeded]
        latencies = sorted(each.latency for each in good)
        lags = sorted(each.lag for each in transactions)
        return cls(
            seconds=seconds,
            offered=len(transactions),
            failed=len(transactions) - len(good),
            goodput=_goodput(good, seconds),
            retries=sum(len(each.statuses) - 1 for each in transactions),
            p50=percentile(latencies, 50),
            p99=percentile(latencies, 99),
            lag_p99=percentile(lags, 99),
            statuses={
                str(status): count
                for status, count in sorted(
                    Counter(status for each in transactions for status in each.statuses).items()
                )
            },
            timeline=_timeline(transactions, seconds),
        )

    @property
    def void(self) -> bool:
        """Whether the generator couldn't keep its times."""
        return not self.lag_p99 <= MOST_LAG

    @property
    def failed_share(self) -> float:
        """Failed transactions of those offered."""
        return self.failed / self.offered if self.offered else 0.0

    @property
    def refused(self) -> int:
        """Attempts that the gateway refused by a throttle."""
        return self.statuses.get("429", 0)

    def document(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {**asdict(self), "void": self.void}


def avoided(off: Tally, on: Tally) -> float | None:
    """The share of failures that throttling avoided; None where none were to be avoided."""
    if off.failed == 0:
        return None
    return (off.failed_share - on.failed_share) / off.failed_share


def percentile(ascending: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile; not a number when there are no values."""
    if not ascending:
        return math.nan
    return ascending[max(0, math.ceil(len(ascending) * percent / 100) - 1)]


def _goodput(good: Sequence[Transaction], seconds: float) -> float:
    ended = [each.ended for each in good if each.ended < seconds]
    return len(ended) / (seconds - min(ended)) if ended else 0.0


def _timeline(transactions: Sequence[Transaction], seconds: float) -> tuple[tuple[int, int], ...]:
    steps = math.ceil(seconds / BIN)
    offered, succeeded = [0] * steps, [0] * steps
    for each in transactions:
        offered[min(int(each.intended / BIN), steps - 1)] += 1
        if each.succeeded and each.ended < seconds:
            succeeded[int(each.ended / BIN)] += 1
    return tuple(zip(offered, succeeded, strict=True))
