"""Amounts as people read and write them: major units, grouped, with the currency's decimals."""

from __future__ import annotations

import re

from merchant_dashboard.errors import invalid
from payment_core.currencies import EXPONENTS
from payment_core.money import MAX_MINOR_UNITS

_AMOUNT = re.compile(r"(\d{1,11})(?:\.(\d{1,4}))?", re.ASCII)


def shown(minor_units: int, currency: str) -> str:
    """Write an amount without its currency, like 1,234.50; a minus sign stands before it."""
    exponent = EXPONENTS[currency]
    whole, fraction = divmod(abs(minor_units), 10**exponent)
    decimals = f".{fraction:0{exponent}d}" if exponent else ""
    sign = "\N{MINUS SIGN}" if minor_units < 0 else ""
    return f"{sign}{whole:,}{decimals}"


def plain(minor_units: int, currency: str) -> str:
    """Write an amount as ``parse`` reads it and a spreadsheet sums it, like 1234.50."""
    return shown(minor_units, currency).replace(",", "").replace("\N{MINUS SIGN}", "-")


def parse(text: str, currency: str) -> int:
    """Read an amount to pay, in minor units. Raises ``PageError`` (400)."""
    exponent = EXPONENTS[currency]
    parts = _AMOUNT.fullmatch(text.strip())
    if parts is None or len(parts[2] or "") > exponent:
        example = plain(12 * 10**exponent + (50 if exponent == 2 else 0), currency)
        raise invalid(f"The amount must be a number of {currency} like {example}.")
    minor_units = int(parts[1] + (parts[2] or "").ljust(exponent, "0"))
    if not 1 <= minor_units <= MAX_MINOR_UNITS:
        raise invalid("The amount must be more than zero and not so large.")
    return minor_units


def scaled(text: str) -> int:
    """Read an amount to look for, whatever its currency, in ten-thousandths of a major unit.

    Raises ``PageError`` (400).
    """
    parts = _AMOUNT.fullmatch(text.strip())
    if parts is None:
        raise invalid("Amounts must be numbers like 12 or 12.50.")
    return int(parts[1]) * 10_000 + int((parts[2] or "").ljust(4, "0"))
