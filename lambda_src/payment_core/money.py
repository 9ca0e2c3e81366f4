"""Money: an integer count of a currency's minor unit. No floats, anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeGuard

from payment_core.currencies import EXPONENTS

MAX_MINOR_UNITS = 99_999_999_999
"""The largest amount of one instruction; fits a signed 64-bit integer many times over."""


def is_integer(value: object) -> TypeGuard[int]:
    """Tell whether ``value`` is an ``int`` and not a ``bool``, which Python counts as one."""
    return isinstance(value, int) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Money:
    """``minor_units`` of ``currency``, an active ISO 4217 code.

    May be zero or negative: a ledger posts both ways. Raises ``TypeError`` for anything but an
    ``int`` (``True``, ``1.0`` and ``Decimal`` included) and ``ValueError`` for an unknown currency.
    """

    minor_units: int
    currency: str

    def __post_init__(self) -> None:
        if not is_integer(self.minor_units):
            kind = type(self.minor_units).__name__
            raise TypeError(f"money is an int of minor units, not {kind}")
        if self.currency not in EXPONENTS:
            raise ValueError(f"{self.currency!r} is not an active ISO 4217 currency")

    def __add__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(self.minor_units + other.minor_units, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(self.minor_units - other.minor_units, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor_units, self.currency)

    def __str__(self) -> str:
        exponent = EXPONENTS[self.currency]
        sign = "-" if self.minor_units < 0 else ""
        digits = str(abs(self.minor_units)).zfill(exponent + 1)
        point = len(digits) - exponent
        fraction = f".{digits[point:]}" if exponent else ""
        return f"{sign}{digits[:point]}{fraction} {self.currency}"

    def _same_currency(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"can't add or subtract {self.currency} and {other.currency}")
