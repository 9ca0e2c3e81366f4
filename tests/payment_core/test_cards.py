"""Card numbers are found however they are written; references aren't taken for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.testing import pci
from payment_core.cards import find_card_number, holds_card_number, passes_luhn

if TYPE_CHECKING:
    from uuid import UUID

# The card brands' published test numbers.
TEST_NUMBERS = [
    "4242424242424242",
    "4222222222222",
    "5555555555554444",
    "2223003122003222",
    "378282246310005",
    "6011111111111117",
    "3530111333300000",
    "30569309025904",
    "6304000000000000",
]


@pytest.mark.parametrize("number", TEST_NUMBERS)
@pytest.mark.parametrize("form", ["{}", "card {} please", "x{}y", "1 {} 2", "{}-12"])
def test_test_numbers_are_found(number: str, form: str) -> None:
    assert holds_card_number(form.format(number))


@pytest.mark.parametrize("separator", [" ", "-", "."])
@pytest.mark.parametrize(
    "groups",
    ["4242 4242 4242 4242", "3782 822463 10005", "3056 930902 5904", "6304 0000 0000 0000 000"],
)
@pytest.mark.parametrize("form", ["{}", "1 {}", "1234 {}", "{} 12", "no. {}, please"])
def test_numbers_are_found_as_cards_print_them(groups: str, separator: str, form: str) -> None:
    assert holds_card_number(form.format(groups.replace(" ", separator)))


@given(st.uuids())
def test_no_uuid_is_taken_for_a_card_number(uuid: UUID) -> None:
    assert not holds_card_number(str(uuid))
    assert not holds_card_number(f"tok_{uuid.hex}") or uuid.hex.isdigit()


def test_a_uuid_of_digits_is_no_card_number() -> None:
    assert not holds_card_number("42424242-4242-4242-4242-424242424242")
    assert not holds_card_number("a4242424242424242000000000000000")


@pci("3.4.1")
@given(st.from_regex(r"4[0-9]{14}", fullmatch=True))
def test_every_number_with_its_check_digit_is_found_and_with_another_is_not(start: str) -> None:
    (right,) = [digit for digit in "0123456789" if passes_luhn(start + digit)]
    wrong = str((int(right) + 1) % 10)
    assert holds_card_number(start + right)
    assert not holds_card_number(start + wrong)


@pytest.mark.parametrize(
    "text",
    [
        "order-20261122-000042",
        "1763800000000",
        "9f1c2b1e-1d2c-4c57-9d5b-0a4f6a0d8f11",
        "4242424242424241",
        "424242424242",
        "42424242424242424242424242",
        "",
    ],
)
def test_other_numbers_pass(text: str) -> None:
    assert not holds_card_number(text)


@pci("3.4.1")
def test_the_place_is_named_and_the_number_is_not() -> None:
    body = {"a": [{"b": 4242424242424242}]}
    assert find_card_number(body) == "body.a[0].b"
    named = find_card_number({"4242424242424242": 1})
    assert named is not None
    assert "4242" not in named
