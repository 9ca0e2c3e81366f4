"""Buckets, quotas and their order, on a clock that only the test moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.edge import pipeline
from harness.edge.exchange import Exchange, Refusal
from harness.edge.integrations import Mock
from harness.edge.table import ApiKey, Method
from harness.edge.throttling import Limit, Quota, QuotaCounter, Throttles, TokenBucket, admit

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = 86_400.0
MONDAY = 1_767_571_200.0  # 2026-01-05 00:00 UTC


class Clock:
    """Seconds that pass when told to."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def taken(bucket: TokenBucket, attempts: int) -> int:
    return sum(bucket.take() for _ in range(attempts))


def test_a_bucket_gives_its_burst_then_its_rate() -> None:
    clock = Clock()
    bucket = TokenBucket(Limit(10, 5), clock)
    assert taken(bucket, 20) == 5
    clock.now = 0.3
    assert taken(bucket, 20) == 3
    clock.now = 100
    assert taken(bucket, 20) == 5


@pytest.mark.parametrize("limit", [Limit(0, 0), Limit(5, 0)])
def test_a_bucket_of_zero_gives_nothing(limit: Limit) -> None:
    clock = Clock()
    bucket = TokenBucket(limit, clock)
    clock.now = 10
    assert not bucket.take()


@pytest.mark.parametrize("limit", [None, Limit(None, None), Limit(-1, -1)])
def test_no_limit_makes_no_bucket(limit: Limit | None) -> None:
    assert Throttles(Clock()).bucket("key", limit) is None


def test_a_new_rate_counts_from_now_on() -> None:
    clock = Clock()
    throttles = Throttles(clock)
    bucket = throttles.bucket("key", Limit(1, 10))
    assert bucket is not None
    assert taken(bucket, 20) == 10
    clock.now = 2
    throttles.bucket("key", Limit(1000, 10))
    assert taken(bucket, 20) == 2
    throttles.bucket("key", Limit(1000, 1))
    clock.now = 3
    assert taken(bucket, 20) == 1


def test_a_reload_keeps_what_was_used() -> None:
    throttles = Throttles(Clock())
    first = throttles.bucket("key", Limit(1, 3))
    assert first is not None
    assert taken(first, 9) == 3
    again = throttles.bucket("key", Limit(1, 10))
    assert again is first
    assert taken(again, 9) == 0


@pytest.mark.parametrize(
    ("quota", "reset_after", "still_full_after"),
    [
        (Quota(2, "DAY"), DAY, DAY - 1),
        (Quota(2, "WEEK", offset=1), 7 * DAY, 6 * DAY),
        (Quota(2, "WEEK"), 6 * DAY, 5 * DAY),
        (Quota(2, "MONTH"), 27 * DAY, 26 * DAY),
        (Quota(2, "MONTH", offset=9), 5 * DAY, 4 * DAY),
    ],
)
def test_a_quota_ends_with_its_period(
    quota: Quota, reset_after: float, still_full_after: float
) -> None:
    clock = Clock(MONDAY)
    counter = QuotaCounter(quota, clock)
    assert [counter.take() for _ in range(3)] == [True, True, False]
    clock.now = MONDAY + still_full_after
    assert not counter.take()
    clock.now = MONDAY + reset_after
    assert counter.take()


def test_the_first_empty_bucket_refuses_and_spares_the_later_ones() -> None:
    clock = Clock()
    plan, stage = TokenBucket(Limit(1, 1), clock), TokenBucket(Limit(1, 5), clock)
    quota = QuotaCounter(Quota(5, "DAY"), Clock(MONDAY))
    admit((plan, stage), quota)
    for _ in range(3):
        with pytest.raises(Refusal) as refused:
            admit((plan, stage), quota)
        assert (refused.value.response_type, refused.value.status) == ("THROTTLED", 429)
    assert taken(stage, 9) == 4
    assert quota.used == 1


def test_a_used_up_quota_is_told_apart() -> None:
    quota = QuotaCounter(Quota(1, "DAY"), Clock(MONDAY))
    admit((), quota)
    with pytest.raises(Refusal, match="Limit Exceeded") as refused:
        admit((), quota)
    assert (refused.value.response_type, refused.value.status) == ("QUOTA_EXCEEDED", 429)


class Recorder(TokenBucket):
    """A bucket that notes when it is asked."""

    __slots__ = ("_name", "_order")

    def __init__(self, name: str, order: list[str]) -> None:
        super().__init__(Limit(1, 1), Clock())
        self._name, self._order = name, order

    def take(self) -> bool:
        self._order.append(self._name)
        return True


def test_the_narrowest_limit_is_asked_first(exchange: Callable[..., Exchange]) -> None:
    order: list[str] = []
    request = exchange(account_bucket=Recorder("account", order))
    request.method = Method(
        verb="GET",
        resource_path="/pets",
        resource_id="r1",
        operation_name=None,
        signed=False,
        key_required=True,
        validator=None,
        integration=Mock({}, "GET /pets"),
        bucket=Recorder("stage method", order),
    )
    request.api_key = ApiKey(
        "k1",
        "p1",
        Recorder("plan client", order),
        {"/pets/GET": Recorder("plan method", order), "/pets/POST": Recorder("other", order)},
        None,
    )
    pipeline.throttle(request)
    assert order == ["plan method", "plan client", "stage method", "account"]
