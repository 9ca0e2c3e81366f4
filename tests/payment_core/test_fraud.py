"""What follows from a fraud check, for every result and amount."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payment_core.countries import COUNTRIES
from payment_core.fraud import Admission, FraudCheck, FraudDecision, FraudPolicy
from payment_core.money import MAX_MINOR_UNITS, Money

AMOUNTS = st.integers(1, MAX_MINOR_UNITS)
CURRENCIES = st.sampled_from(["EUR", "USD", "JPY"])
POLICIES = st.dictionaries(CURRENCIES, st.integers(0, MAX_MINOR_UNITS)).map(FraudPolicy)
NOTHING_KNOWN = (
    FraudCheck(FraudDecision.UNAVAILABLE),
    FraudCheck(FraudDecision.APPROVE, 1, (), "v1", degraded=True),
    FraudCheck(FraudDecision.REVIEW, 300, (), "v1", degraded=True),
)


@given(POLICIES, AMOUNTS, CURRENCIES)
def test_a_decision_counts_whatever_the_amount(
    policy: FraudPolicy, amount: int, currency: str
) -> None:
    money = Money(amount, currency)
    expected = {
        FraudDecision.APPROVE: Admission.PASS,
        FraudDecision.REVIEW: Admission.PASS,
        FraudDecision.REFUSE: Admission.REFUSE,
    }
    for decision, admission in expected.items():
        assert policy.admit(FraudCheck(decision, 1, (), "v1"), money) is admission
    refusal = FraudCheck(FraudDecision.REFUSE, 900, (), "v1", degraded=True)
    assert policy.admit(refusal, money) is Admission.REFUSE


@given(POLICIES, AMOUNTS, CURRENCIES)
def test_what_nothing_is_known_of_passes_up_to_the_currencys_limit_and_is_never_refused(
    policy: FraudPolicy, amount: int, currency: str
) -> None:
    within = currency in policy.passes_up_to and amount <= policy.passes_up_to[currency]
    expected = Admission.PASS if within else Admission.HOLD
    assert {policy.admit(check, Money(amount, currency)) for check in NOTHING_KNOWN} == {expected}


@pytest.mark.parametrize(
    ("amount", "admission"),
    [(4999, Admission.PASS), (5000, Admission.PASS), (5001, Admission.HOLD)],
)
def test_the_limit_itself_passes(amount: int, admission: Admission) -> None:
    policy = FraudPolicy({"EUR": 5000})
    assert {policy.admit(check, Money(amount, "EUR")) for check in NOTHING_KNOWN} == {admission}


def test_countries_are_the_assigned_codes() -> None:
    assert len(COUNTRIES) == 249
    assert {"DE", "US", "GB", "XK"} - COUNTRIES == {"XK"}
