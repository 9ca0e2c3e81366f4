"""Finds card numbers, to refuse them: outside the tokenizer nothing may hold one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

# A digest, a UUID without hyphens or another random name: one in thousands would hold a card
# number by chance.
_HEXADECIMAL = re.compile(r"(?<![0-9A-Za-z])(?=\d*[A-Fa-f])[0-9A-Fa-f]{24,}(?![0-9A-Za-z])")
_RUN = re.compile(r"\d+")
# The ways in which cards print their numbers. Any other grouping would find numbers in UUIDs.
# Matched by looking ahead, so that a group before or after hides nothing.
_PRINTED = [
    re.compile(rf"(?<![0-9A-Za-z])(?=({layout})(?![0-9A-Za-z]))")
    for layout in (
        r"\d{4}([ .-])\d{4}\2\d{4}\2\d{1,4}",
        r"\d{4}([ .-])\d{4}\2\d{4}\2\d{4}\2\d{1,3}",
        r"\d{4}([ .-])\d{6}\2\d{4,5}",
    )
]
_SHORTEST = 13
_BRANDS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0|6|8|9)\d{12,17}"  # Diners Club
    r"|35\d{14,17}"  # JCB
    r"|6\d{12,18}"  # Discover, UnionPay, Maestro, RuPay
    r"|5[06-8]\d{11,17}"  # Maestro
)


def passes_luhn(digits: str) -> bool:
    """Tell whether a string of digits ends in its Luhn check digit."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def holds_card_number(text: str) -> bool:
    """Tell whether ``text`` holds a number of a card brand's form that passes Luhn.

    Digits may run on, or be grouped as cards print them by spaces, hyphens or dots. One in ten
    other numbers of such a form passes Luhn by chance: a refusal says how to change the value.
    """
    return any(card_numbers(text))


def card_numbers(text: str) -> Iterator[str]:
    """Give the digits of what ``holds_card_number`` finds."""
    if sum(map(str.isdigit, text)) < _SHORTEST:
        return
    text = _HEXADECIMAL.sub("", text)
    numbers = _RUN.findall(text)
    for layout in _PRINTED:
        numbers += [re.sub(r"\D", "", match[1]) for match in layout.finditer(text)]
    yield from (number for number in numbers if _BRANDS.fullmatch(number) and passes_luhn(number))


def find_card_number(value: object, path: str = "body") -> str | None:
    """Find the path of the first field (or field name) of a JSON value that holds a card number."""
    if isinstance(value, Mapping):
        for name, member in value.items():
            if holds_card_number(str(name)):
                # Not the name itself: an answer must not repeat the number.
                return f"a field name in {path}"
            if found := find_card_number(member, f"{path}.{name}"):
                return found
        return None
    if isinstance(value, Sequence) and not isinstance(value, str):
        members = (find_card_number(member, f"{path}[{i}]") for i, member in enumerate(value))
        return next(filter(None, members), None)
    return path if holds_card_number(str(value)) else None
