"""Money is an integer count of minor units, and nothing else."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payment_core.currencies import EXPONENTS
from payment_core.money import Money

UNITS = st.integers(-(10**15), 10**15)
CURRENCIES = st.sampled_from(sorted(EXPONENTS))


@given(UNITS, CURRENCIES)
def test_its_text_is_exact(units: int, currency: str) -> None:
    number, code = str(Money(units, currency)).split()
    assert code == currency
    assert Decimal(number).scaleb(EXPONENTS[currency]) == units
    assert len(number.partition(".")[2]) == EXPONENTS[currency]


@given(UNITS, UNITS, CURRENCIES)
def test_adding_and_subtracting_undo_each_other(a: int, b: int, currency: str) -> None:
    one, other = Money(a, currency), Money(b, currency)
    assert one + other - other == one
    assert one + -other == one - other


@pytest.mark.parametrize("units", [1.0, True, "1", None, Decimal(1), Fraction(1)])
def test_only_an_int_is_taken(units: object) -> None:
    with pytest.raises(TypeError, match="minor units"):
        Money(units, "EUR")  # type: ignore[arg-type]  # what is tested


@pytest.mark.parametrize("currency", ["eur", "EUX", "XXX", "XTS", "XAU", "DEM", ""])
def test_only_active_currencies_are_taken(currency: str) -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        Money(1, currency)


def test_currencies_do_not_mix() -> None:
    with pytest.raises(ValueError, match="EUR and USD"):
        Money(1, "EUR") + Money(1, "USD")


@pytest.mark.parametrize(
    ("currency", "exponent"),
    [
        ("JPY", 0),
        ("KRW", 0),
        ("ISK", 0),
        ("EUR", 2),
        ("HUF", 2),
        ("KWD", 3),
        ("TND", 3),
        ("CLF", 4),
    ],
)
def test_exponents_are_those_of_the_standard(currency: str, exponent: int) -> None:
    assert EXPONENTS[currency] == exponent
