"""Why a payment scored as it did: stable codes, with texts for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fraud_detection.features import FEATURES

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 3
LEAST_LOG_ODDS = 0.4
"""Smaller contributions explain little: 0.4 changes 50 % to 60 %."""

TEXTS = {
    "amount_suspicious": "Amounts of this size are often fraudulent.",
    "amount_unusual": "The amount is unusual for this merchant.",
    "card_velocity": "The card is used unusually often.",
    "card_new": "Little is known of the card at this merchant.",
    "card_country_unusual": "The card is usually used in another country.",
    "card_device_unusual": "The card is usually used with another device.",
    "device_velocity": "The device pays unusually often.",
    "device_many_cards": "The device uses many different cards.",
    "merchant_velocity": "The merchant receives unusually many payments at the moment.",
    "country_velocity": "Unusually many payments come from this country at the moment.",
    "country_unusual": "The merchant is rarely paid from this country.",
}
"""Every code; codes are part of the contract, texts may be improved."""

_CODES = {
    "amount_log10": "amount_suspicious",
    "amount_deviation": "amount_unusual",
    "token_1m": "card_velocity",
    "token_10m": "card_velocity",
    "token_1h": "card_velocity",
    "token_24h": "card_velocity",
    "token_payments": "card_new",
    "token_country_share": "card_country_unusual",
    "token_device_share": "card_device_unusual",
    "device_1m": "device_velocity",
    "device_10m": "device_velocity",
    "device_1h": "device_velocity",
    "device_24h": "device_velocity",
    "device_tokens_24h": "device_many_cards",
    "merchant_1m_ratio": "merchant_velocity",
    "merchant_10m_ratio": "merchant_velocity",
    "country_1m": "country_velocity",
    "country_10m": "country_velocity",
    "country_1h": "country_velocity",
    "country_24h_share": "country_unusual",
    "country_10m_ratio": "country_velocity",
}
CODES = tuple(_CODES[name] for name in FEATURES)
"""The code of each feature, in the features' order."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, by its code."""

    code: str

    @property
    def text(self) -> str:
        """The reason for people."""
        return TEXTS[self.code]


def reasons(contributions: Sequence[float], row: Sequence[float]) -> tuple[Reason, ...]:
    """Give what raised the score most, strongest first.

    A feature that isn't known raises or lowers a score too, but gives nobody a reason.
    """
    by_code: dict[str, float] = {}
    for code, share, value in zip(CODES, contributions, row, strict=True):
        if value == value:  # not NaN
            by_code[code] = by_code.get(code, 0.0) + share
    strongest = sorted(by_code.items(), key=lambda each: -each[1])[:MOST]
    return tuple(Reason(code) for code, share in strongest if share >= LEAST_LOG_ODDS)
