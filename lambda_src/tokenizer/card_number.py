"""A card number as a value that shows itself to nobody by accident."""

from __future__ import annotations

import re
from typing import NoReturn

from payment_core.cards import passes_luhn

_FORM = re.compile(r"[0-9]{13,19}")
# Issuers' ranges by brand, with the lengths of their numbers. Each number that is accepted here
# is one that payment_core.cards finds, and so refuses, everywhere else.
_BRANDS = {
    "amex": re.compile(r"3[47]\d{13}"),
    "diners": re.compile(r"(?=\d{14,19}$)(?:30[0-5]|3095|3[689])\d+"),
    "jcb": re.compile(r"35(?:2[89]|[3-8]\d)\d{12,15}"),
    "visa": re.compile(r"4(?:\d{12}|\d{15}|\d{18})"),
    "mastercard": re.compile(r"(?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}"),
    "unionpay": re.compile(r"62\d{14,17}"),
    "discover": re.compile(r"(?:6011|64[4-9]\d|65\d{2})\d{12,15}"),
    "maestro": re.compile(r"(?:5[06-8]|6[37])\d{11,17}"),
}


class CardNumber:
    """13 to 19 digits. Printed, formatted or in another's repr it is masked.

    It can't be copied, pickled or written as JSON: the one way to the digits is ``reveal``.
    Raises ``ValueError``, which doesn't repeat the text, for anything else.
    """

    __slots__ = ("_digits",)

    def __init__(self, digits: str) -> None:
        if _FORM.fullmatch(digits) is None:
            raise ValueError("a card number has 13 to 19 digits")
        self._digits = digits

    def reveal(self) -> str:
        """Give the digits to the vault's keys or the acquirer; keep them in no variable."""
        return self._digits

    @property
    def is_valid(self) -> bool:
        """Whether it ends in its check digit."""
        return passes_luhn(self._digits)

    @property
    def brand(self) -> str | None:
        """The brand by the issuer's range; None for a range of no brand that is known here."""
        matching = (name for name, form in _BRANDS.items() if form.fullmatch(self._digits))
        return next(matching, None)

    @property
    def bin(self) -> str:
        """The first 6 digits, which may be shown."""
        return self._digits[:6]

    @property
    def last4(self) -> str:
        """The last 4 digits, which may be shown."""
        return self._digits[-4:]

    def __repr__(self) -> str:
        return f"<card number ending in {self.last4}>"

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a card number can't be copied or pickled")
