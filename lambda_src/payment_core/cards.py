"""Finds card numbers, to refuse them: outside the tokenizer nothing may hold one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_GROUPS = re.compile(r"\d+(?:[ .\-]\d+)*")
_SHORTEST, _LONGEST = 13, 19
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

    Digits may be grouped by single spaces, hyphens or dots. About one in ten other numbers of
    such a form passes Luhn by chance: a refusal says how to change the value.
    """
    return any(
        _BRANDS.fullmatch(number) and passes_luhn(number)
        for match in _GROUPS.finditer(text)
        for number in _candidates(re.split(r"\D", match.group()))
    )


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


def _candidates(groups: list[str]) -> list[str]:
    """Join neighbouring groups of digits in every way that gives a card number's length."""
    found = []
    for start in range(len(groups)):
        joined = ""
        for group in groups[start:]:
            joined += group
            if len(joined) > _LONGEST:
                break
            if len(joined) >= _SHORTEST:
                found.append(joined)
    return found
