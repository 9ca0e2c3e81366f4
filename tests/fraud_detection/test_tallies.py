"""Counters by name: what a payment adds to, what the windows say, what is forgotten."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_detection.features import FEATURES, features
from fraud_detection.tallies import (
    DAY,
    HOUR,
    MINUTE,
    SLOTS,
    Subject,
    additions,
    amounts,
    digest,
    distinct_tokens,
    in_last_hours,
    in_last_minutes,
    outdated,
    share_of,
    subjects,
)
from fraud_detection.transaction import Transaction
from payment_core.cards import holds_card_number

if TYPE_CHECKING:
    from collections.abc import Iterable

NOON = 20_000 * DAY + 12 * HOUR
PAYMENT = Transaction("m_rivertown", 1250, "EUR", "tok_visa0001", "dev-1", "DE")


def tally_of(subject: Subject, payments: Iterable[tuple[float, Transaction]]) -> dict[str, int]:
    tally: dict[str, int] = {}
    for at, payment in payments:
        for name in additions(subject, payment, at):
            tally[name] = tally.get(name, 0) + 1
    return tally


@given(st.lists(st.floats(0, 2 * DAY), max_size=60))
def test_windows_are_right_but_for_their_oldest_bucket(ages: list[float]) -> None:
    tally = tally_of(Subject.MERCHANT, [(NOON - age, PAYMENT) for age in ages])
    for counted, seconds, bucket in (
        (in_last_minutes(tally, 1, NOON), MINUTE, MINUTE),
        (in_last_minutes(tally, 10, NOON), 10 * MINUTE, MINUTE),
        (in_last_hours(tally, 1, NOON), HOUR, HOUR),
        (in_last_hours(tally, 24, NOON), DAY, HOUR),
    ):
        surely = sum(age < seconds - bucket for age in ages)
        perhaps = sum(age <= seconds + bucket for age in ages)
        assert surely - 1e-6 <= counted <= perhaps + 1e-6


def test_a_payment_leaves_a_window_little_by_little() -> None:
    tally = tally_of(Subject.TOKEN, [(NOON, PAYMENT)])
    seen = [in_last_minutes(tally, 1, NOON + after) for after in (0, 59, 60, 90, 119, 120)]
    assert seen == pytest.approx([1, 1, 1, 0.5, 1 / 60, 0])


@given(st.lists(st.floats(0, 3 * DAY), max_size=40))
def test_what_is_outdated_says_nothing(ages: list[float]) -> None:
    for subject in Subject:
        tally = tally_of(subject, [(NOON - age, PAYMENT) for age in ages])
        kept = {name: tally[name] for name in tally.keys() - set(outdated(tally, NOON))}
        before = features(PAYMENT, {subject: tally}, NOON)
        after = features(PAYMENT, {subject: kept}, NOON)
        assert [repr(value) for value in before] == [repr(value) for value in after]


def test_a_busy_subject_keeps_few_counters() -> None:
    tally = tally_of(Subject.MERCHANT, [(NOON - age * 60, PAYMENT) for age in range(3 * 24 * 60)])
    assert len(tally) > 4000
    assert len(tally) - len(list(outdated(tally, NOON))) < 45


def test_devices_count_different_cards() -> None:
    many = [
        (NOON, Transaction("m_rivertown", 100, "EUR", f"tok_card{number}", "bot"))
        for number in range(20)
    ]
    assert distinct_tokens(tally_of(Subject.DEVICE, many), NOON) == pytest.approx(20, rel=0.35)
    one = tally_of(Subject.DEVICE, [(NOON, PAYMENT)] * 50)
    assert distinct_tokens(one, NOON) == pytest.approx(1, rel=0.1)
    # However many more there are, the item doesn't grow.
    crowd = tally_of(
        Subject.DEVICE,
        [(NOON, Transaction("m_r", 1, "EUR", f"tok_{number:05}", "bot")) for number in range(5000)],
    )
    assert len(crowd) <= SLOTS + 2


def test_a_merchants_amounts_are_known_by_currency() -> None:
    payments = [
        *((NOON, Transaction("m_r", amount, "EUR", "tok_1234")) for amount in (1000, 10_000)),
        (NOON, Transaction("m_r", 5000, "JPY", "tok_1234")),
    ]
    tally = tally_of(Subject.MERCHANT, payments)
    assert amounts(tally, "EUR", NOON) == pytest.approx((2, 1.5, 0.5))
    assert amounts(tally, "JPY", NOON) == pytest.approx((1, math.log10(5000), 0), abs=0.05)
    assert amounts(tally, "EUR", NOON + 2 * DAY)[0] == 0


def test_the_smallest_amounts_have_names_too() -> None:
    for currency in ("KWD", "CLF", "JPY", "EUR"):
        tally = tally_of(Subject.MERCHANT, [(NOON, Transaction("m_r", 1, currency, "tok_1234"))])
        assert all(name.replace("_", "").isalnum() for name in tally)
        assert amounts(tally, currency, NOON)[0] == 1


def test_a_cards_usual_country_is_known() -> None:
    home = [(NOON - n * DAY, PAYMENT) for n in range(9)]
    abroad = Transaction("m_rivertown", 1250, "EUR", "tok_visa0001", "dev-1", "NG")
    tally = tally_of(Subject.TOKEN, [*home, (NOON, abroad)])
    assert share_of(tally, "c_", "c_NG") == (0.1, 10)


def test_without_counters_only_the_amount_is_known() -> None:
    row = dict(zip(FEATURES, features(PAYMENT, {}, NOON), strict=True))
    assert row.pop("amount_log10") == pytest.approx(math.log10(12.5))
    assert all(math.isnan(value) for value in row.values())


def test_subjects_are_the_merchants_own_and_hide_what_was_sent() -> None:
    named = subjects(PAYMENT)
    assert list(named) == [Subject.TOKEN, Subject.DEVICE, Subject.MERCHANT, Subject.COUNTRY]
    assert all(key.startswith("MERCHANT#m_rivertown") for key in named.values())
    assert not any("tok_visa0001" in key or "dev-1" in key for key in named.values())
    bare = Transaction("m_rivertown", 1250, "EUR", "tok_visa0001")
    assert list(subjects(bare)) == [Subject.TOKEN, Subject.MERCHANT]


@given(st.text(min_size=1))
def test_digests_are_never_taken_for_card_numbers(text: str) -> None:
    assert not holds_card_number(f"MERCHANT#m_rivertown#TOKEN#{digest(text)}")
