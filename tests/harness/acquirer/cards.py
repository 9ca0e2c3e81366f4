"""The simulated acquirer's cards: what it keeps of a registered number, which isn't the number.

The card brands' and processors' published test numbers behave as they are known for; a few more
stand for what those don't cover. Every other number that passes Luhn is approved. Numbers that
begin ``400000`` carry the issuer's country in their next three digits (ISO 3166-1 numeric), as
``4000002760000016`` is of Germany.

| Number | What an authorization does |
|---|---|
| ``4242424242424242``, ``5555555555554444``, ``378282246310005``, ... | approved |
| ``4000000000000002`` | declined, ``do_not_honor`` |
| ``4000000000009995`` | declined, ``insufficient_funds`` |
| ``4000000000009987``, ``4000000000009979`` | declined, ``lost_card``, ``stolen_card`` |
| ``4000000000000069`` | declined, ``expired_card`` |
| ``4000000000000119`` | declined, ``issuer_unavailable``, which is worth another attempt |
| ``4000000000005126`` | approved; its refunds are declined, ``do_not_honor`` |
| ``4000000000080012`` | no answer, and nothing is booked (``timeout_never``) |
| ``4000000000080020`` | booked at once, and no answer (``timeout_booked``) |
| ``4000000000080038`` | no answer, and booked only later (``timeout_late``) |
| ``4000000000080046`` | booked, and the connection is dropped (``dropped_booked``) |
| ``4000000000080053`` | 503 at the first request, then approved (``error_once``) |
| ``4000000000080061`` | 503 (``error_always``) |
| ``4000000000080079`` | can't be registered: the acquirer doesn't take this card |
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass

BEHAVIOURS = {
    "4000000000000002": "decline_do_not_honor",
    "4000000000009995": "decline_insufficient_funds",
    "4000000000009987": "decline_lost_card",
    "4000000000009979": "decline_stolen_card",
    "4000000000000069": "decline_expired_card",
    "4000000000000119": "decline_issuer_unavailable",
    "4000000000005126": "refund_decline_do_not_honor",
    "4000000000080012": "timeout_never",
    "4000000000080020": "timeout_booked",
    "4000000000080038": "timeout_late",
    "4000000000080046": "dropped_booked",
    "4000000000080053": "error_once",
    "4000000000080061": "error_always",
}
_REFUSED = frozenset({"4000000000080079"})
_COUNTRIES = {
    "036": "AU",
    "076": "BR",
    "124": "CA",
    "250": "FR",
    "276": "DE",
    "380": "IT",
    "392": "JP",
    "566": "NG",
    "643": "RU",
    "724": "ES",
    "756": "CH",
    "826": "GB",
    "840": "US",
}
_BRANDS = {
    "3[47]": "amex",
    "3[0689]": "diners",
    "35": "jcb",
    "4": "visa",
    "5[1-5]|2[2-7]": "mastercard",
    "62": "unionpay",
    "60|64|65": "discover",
    "5[06-8]|6": "maestro",
}
_NUMBER = re.compile(r"[0-9]{13,19}")


@dataclass(frozen=True, slots=True)
class RegisteredCard:
    """What is kept of a card: what may be shown of it, and the token that behaves as it does."""

    behaves_as: str
    brand: str
    bin: str
    last4: str
    country: str
    expiry_month: int
    expiry_year: int

    def summary(self) -> dict[str, str]:
        """Give what an authorization answers of the card."""
        return {
            "brand": self.brand,
            "bin": self.bin,
            "last4": self.last4,
            "country": self.country,
        }


class RefusedCardError(Exception):
    """The acquirer doesn't take this card."""


class Cards:
    """The registered cards by token. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cards: dict[str, RegisteredCard] = {}
        self._registrations: dict[str, int] = {}

    def register(self, token: str, number: str, expiry_month: int, expiry_year: int) -> bool:
        """Register a card, or its new expiry; False when the token stands for another card.

        Raises:
            RefusedCardError: for a card that isn't taken.
            ValueError: for what is no card number, without naming it.
        """
        if not _NUMBER.fullmatch(number):
            raise ValueError("number must have 13 to 19 digits")
        if number in _REFUSED:
            raise RefusedCardError
        country = _COUNTRIES.get(number[6:9], "US") if number.startswith("400000") else "US"
        card = RegisteredCard(
            behaves_as=f"tok_{BEHAVIOURS.get(number, 'approve')}",
            brand=next(
                (name for start, name in _BRANDS.items() if re.match(start, number)), "unknown"
            ),
            bin=number[:6],
            last4=number[-4:],
            country=country,
            expiry_month=expiry_month,
            expiry_year=expiry_year,
        )
        with self._lock:
            known = self._cards.get(token)
            if known is not None and known.summary() != card.summary():
                return False
            self._cards[token] = card
            self._registrations[token] = self._registrations.get(token, 0) + 1
            return True

    def find(self, token: str) -> RegisteredCard | None:
        """Look a token up."""
        with self._lock:
            return self._cards.get(token)

    def registrations(self) -> dict[str, int]:
        """Count by token how often a card was registered."""
        with self._lock:
            return dict(self._registrations)
