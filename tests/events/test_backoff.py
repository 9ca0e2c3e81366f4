"""How long a failed event waits: random, growing, and never beyond its bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook_sender.backoff import wait_s
from webhook_sender.posting import retry_after_s

FIRST_MS = 30_000
LONGEST_MS = 14_400_000
NOW_S = 1_767_225_600.0  # Thu, 01 Jan 2026 00:00:00 GMT


def _longest(receives: int) -> int:
    return wait_s(
        receives, first_ms=FIRST_MS, longest_ms=LONGEST_MS, uniform=lambda _low, high: high
    )


def test_the_bound_doubles_up_to_the_longest() -> None:
    bounds = [_longest(receives) for receives in range(1, 12)]
    assert bounds == [30, 60, 120, 240, 480, 960, 1920, 3840, 7680, 14_400, 14_400]
    assert _longest(100_000) == 14_400


def test_the_whole_range_below_the_bound_is_used() -> None:
    waits = {wait_s(4, first_ms=FIRST_MS, longest_ms=LONGEST_MS) for _ in range(300)}
    assert min(waits) < 60
    assert max(waits) > 180


@given(st.integers(1, 1000), st.none() | st.integers(0, 10**9))
def test_sqs_can_hide_a_message_for_as_long(receives: int, asked: int | None) -> None:
    wait = wait_s(receives, first_ms=FIRST_MS, longest_ms=LONGEST_MS, retry_after_s=asked)
    assert 1 <= wait <= 14_400
    assert wait >= min(asked or 0, 14_400)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("9" * 5000, None),
        ("0", 0),
        (" 120 ", 120),
        ("Thu, 01 Jan 2026 00:02:00 GMT", 120),
        ("Wed, 31 Dec 2025 23:00:00 GMT", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: int | None) -> None:
    assert retry_after_s(value, NOW_S) == seconds
