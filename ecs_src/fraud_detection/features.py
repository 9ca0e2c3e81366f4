"""The numbers that the model sees of one payment. Training and service share this file.

What isn't known is NaN: a device that wasn't sent, or a counter that didn't answer in time.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from fraud_detection.tallies import (
    Subject,
    amounts,
    country_name,
    device_name,
    distinct_tokens,
    in_last_hours,
    in_last_minutes,
    log_amount,
    share_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fraud_detection.tallies import Tally
    from fraud_detection.transaction import Transaction

FEATURES = (
    "amount_log10",
    "amount_deviation",
    "token_1m",
    "token_10m",
    "token_1h",
    "token_24h",
    "token_payments",
    "token_country_share",
    "token_device_share",
    "device_1m",
    "device_10m",
    "device_1h",
    "device_24h",
    "device_tokens_24h",
    "merchant_1m_ratio",
    "merchant_10m_ratio",
    "country_1m",
    "country_10m",
    "country_1h",
    "country_24h_share",
    "country_10m_ratio",
)
"""Names of the model's inputs, in their order."""

# Fewer payments say nothing about what is usual.
_ENOUGH = 20
_LEAST_DEVIATION = 0.1
# Decades by which a currency's major unit is smaller than a euro: sizes only, no rates.
_SMALLER = {"HUF": 2, "IDR": 4, "INR": 2, "JPY": 2, "KRW": 3, "VND": 4}


def features(transaction: Transaction, tallies: Mapping[Subject, Tally], now: float) -> list[float]:
    """Compute the model's inputs from tallies that include the payment itself."""
    merchant = tallies.get(Subject.MERCHANT)
    device = tallies.get(Subject.DEVICE)
    country = tallies.get(Subject.COUNTRY)
    return [
        log_amount(transaction) - _SMALLER.get(transaction.currency, 0),
        _deviation(transaction, merchant, now),
        *_windows(tallies.get(Subject.TOKEN), now),
        *_usual_places(transaction, tallies.get(Subject.TOKEN)),
        *_windows(device, now),
        math.nan if device is None else distinct_tokens(device, now),
        *_rush(merchant, now),
        *_windows(country, now)[:3],
        _country_share(merchant, country, now),
        _rush(country, now)[1],
    ]


def _windows(tally: Tally | None, now: float) -> list[float]:
    if tally is None:
        return [math.nan] * 4
    return [
        in_last_minutes(tally, 1, now),
        in_last_minutes(tally, 10, now),
        in_last_hours(tally, 1, now),
        in_last_hours(tally, 24, now),
    ]


def _deviation(transaction: Transaction, merchant: Tally | None, now: float) -> float:
    """Tell by how many deviations the amount is above what the merchant's payments are."""
    if merchant is None:
        return math.nan
    number, mean, deviation = amounts(merchant, transaction.currency, now)
    if number < _ENOUGH:
        return math.nan
    return (log_amount(transaction) - mean) / max(deviation, _LEAST_DEVIATION)


def _usual_places(transaction: Transaction, token: Tally | None) -> list[float]:
    """Give how many payments of the card are known, and the shares of this country and device."""
    if token is None:
        return [math.nan] * 3
    known, shares = 0, []
    for prefix, name in (
        ("c_", transaction.country and country_name(transaction.country)),
        ("v_", transaction.device_id and device_name(transaction.device_id)),
    ):
        share, total = share_of(token, prefix, name or "")
        known = max(known, total)
        shares.append(share if name else math.nan)
    return [float(known), *shares]


def _rush(tally: Tally | None, now: float) -> list[float]:
    """Give the present rate of payments over that of the day, for a minute and for ten."""
    if tally is None:
        return [math.nan] * 2
    day = in_last_hours(tally, 24, now)
    if day < _ENOUGH:
        return [math.nan] * 2
    return [
        in_last_minutes(tally, 1, now) * 1440 / day,
        in_last_minutes(tally, 10, now) * 144 / day,
    ]


def _country_share(merchant: Tally | None, country: Tally | None, now: float) -> float:
    """Give the country's part of the merchant's payments in a day."""
    if merchant is None or country is None:
        return math.nan
    payments = in_last_hours(merchant, 24, now)
    # The two counters are read at slightly different moments.
    return min(in_last_hours(country, 24, now) / payments, 1.0) if payments else math.nan
