"""A card number shows itself to nobody, and is told from everything else."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.testing import pci
from payment_core.cards import holds_card_number, passes_luhn
from tokenizer.card_number import CardNumber
from tokenizer.requests import Card

DIGITS = "4242424242424242"

BRANDS = {
    "4242424242424242": "visa",
    "4222222222222": "visa",
    "4000002760000016": "visa",
    "5555555555554444": "mastercard",
    "2223003122003222": "mastercard",
    "2720992222222229": "mastercard",
    "378282246310005": "amex",
    "371449635398431": "amex",
    "6011111111111117": "discover",
    "6011000990139424": "discover",
    "3056930009020004": "diners",
    "36227206271667": "diners",
    "3566002020360505": "jcb",
    "6200000000000005": "unionpay",
    "6304000000000000": "maestro",
    "5018000000000000007": "maestro",
}


@pytest.mark.parametrize(("digits", "brand"), BRANDS.items())
def test_the_brand_follows_from_the_issuers_range(digits: str, brand: str) -> None:
    assert CardNumber(digits).brand == brand


@pytest.mark.parametrize(
    "digits",
    [
        "42424242424242",  # Visa has 13, 16 or 19
        "2721000000000000",  # one beyond Mastercard's
        "2220990000000000",
        "37828224631000",
        "3527000000000000",
        "3600000000000",
        "1234567890123452",
        "9999999999999995",
        "0000000000000000",
    ],
)
def test_other_ranges_and_lengths_are_of_no_brand(digits: str) -> None:
    assert CardNumber(digits).brand is None


@pytest.mark.parametrize(
    "digits", ["", "4242", "4" * 20, "4242 4242 4242 4242", "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢", DIGITS + "\n"]
)
def test_what_is_no_number_is_refused_without_repeating_it(digits: str) -> None:
    with pytest.raises(ValueError, match=r"^a card number has 13 to 19 digits$"):
        CardNumber(digits)


@pci("3.4.1")
@given(st.from_regex(r"[2-6][0-9]{12,18}", fullmatch=True))
def test_every_number_that_is_accepted_here_is_refused_everywhere_else(digits: str) -> None:
    checked = next(digits[:-1] + last for last in "0123456789" if passes_luhn(digits[:-1] + last))
    number = CardNumber(checked)
    assert number.is_valid
    if number.brand is not None:
        assert holds_card_number(checked)


@pytest.mark.parametrize("digits", BRANDS)
def test_one_digit_mistyped_is_noticed(digits: str) -> None:
    last = str((int(digits[-1]) + 1) % 10)
    assert CardNumber(digits).is_valid
    assert not CardNumber(digits[:-1] + last).is_valid


@pci("3.4.1")
def test_it_is_masked_wherever_it_is_printed() -> None:
    number = CardNumber(DIGITS)
    card = Card(number, "visa", 12, 2039)
    for text in (
        repr(number),
        str(number),
        f"{number}",
        f"{number!r:>60}",
        "%s" % number,  # noqa: UP031 - all ways
        f"{card}",
        repr([{"card": number}]),
        repr(ValueError(number)),
    ):
        assert "4242>" in text
        assert not holds_card_number(text)
        assert DIGITS[:12] not in text


@pci("3.4.1")
def test_it_cannot_be_written_copied_or_taken_apart() -> None:
    number = CardNumber(DIGITS)
    card = Card(number, "visa", 12, 2039)
    for write in (
        json.dumps,
        pickle.dumps,
        copy.copy,
        copy.deepcopy,
        vars,
        lambda value: dataclasses.asdict(Card(value, "visa", 12, 2039)),
        lambda _: json.dumps(card, default=vars),
        lambda _: pickle.dumps(card),
    ):
        with pytest.raises(TypeError) as caught:
            write(number)
        assert DIGITS not in str(caught.value)
    assert not issubclass(CardNumber, str | bytes | int)
    assert number != CardNumber(DIGITS), "equality is the MAC's"
