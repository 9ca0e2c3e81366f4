"""Counters as plain numbers by name: which of them a payment adds to, and what they say.

A subject (a card, a merchant, a device, a country of a merchant) has one tally. The names carry
the number of their minute, hour or day since the epoch: a name is never used again, so nothing
has to be reset, and one atomic addition of 1 to a few names counts a payment in all windows.
Nothing here knows where tallies are kept; training and service share this file.
"""

from __future__ import annotations

import hashlib
import math
from enum import StrEnum
from typing import TYPE_CHECKING

from payment_core.currencies import EXPONENTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fraud_detection.transaction import Transaction

    Tally = Mapping[str, int]

MINUTE, HOUR, DAY = 60, 3600, 86_400
SLOTS = 32
"""Cards of a device and devices of a card are counted by hash, in so many slots."""

_SECONDS = {"m": MINUTE, "h": HOUR, "a": DAY, "s": DAY}
# How many units back a name still says something: ten minutes, a day, and yesterday.
_REACH = {"m": 10, "h": 24, "a": 1, "s": 1}
_BINS_A_DECADE = 10


class Subject(StrEnum):
    """What payments are counted by, always within one merchant."""

    TOKEN = "token"  # noqa: S105 - a kind of counter
    MERCHANT = "merchant"
    DEVICE = "device"
    COUNTRY = "country"


RETENTION_SECONDS = {
    # A card's usual countries and devices are worth more than a day.
    Subject.TOKEN: 35 * DAY,
    Subject.MERCHANT: 2 * DAY + HOUR,
    Subject.DEVICE: 2 * DAY + HOUR,
    Subject.COUNTRY: 2 * DAY + HOUR,
}
"""How long after its last payment a subject is remembered."""


def subjects(transaction: Transaction) -> dict[Subject, str]:
    """Name the subjects of a payment. Tokens and devices are digests: counting needs no more.

    Every name begins with the merchant, so that no merchant moves another's scores.
    """
    merchant = f"MERCHANT#{transaction.merchant_id}"
    # What tells most comes first: it is asked first, and so answered first.
    found = {Subject.TOKEN: f"{merchant}#TOKEN#{digest(transaction.token)}"}
    if transaction.device_id is not None:
        found[Subject.DEVICE] = f"{merchant}#DEVICE#{digest(transaction.device_id)}"
    found[Subject.MERCHANT] = merchant
    if transaction.country is not None:
        found[Subject.COUNTRY] = f"{merchant}#COUNTRY#{transaction.country}"
    return found


def digest(text: str) -> str:
    """Give 128 bits of SHA-256, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def additions(subject: Subject, transaction: Transaction, now: float) -> list[str]:
    """Name the counters of a subject to which a payment adds 1."""
    names = [f"m{int(now // MINUTE)}", f"h{int(now // HOUR)}"]
    day = int(now // DAY)
    match subject:
        case Subject.TOKEN:
            if transaction.country is not None:
                names.append(country_name(transaction.country))
            if transaction.device_id is not None:
                names.append(device_name(transaction.device_id))
        case Subject.DEVICE:
            names.append(f"s{day}_{_slot(transaction.token)}")
        case Subject.MERCHANT:
            size = round(_BINS_A_DECADE * log_amount(transaction))
            # A name can't hold a minus sign.
            names.append(f"a{day}_{transaction.currency}_{size + 100}")
    return names


def country_name(country: str) -> str:
    """Name the counter of a card's payments from a country."""
    return f"c_{country}"


def device_name(device_id: str) -> str:
    """Name the counter of a card's payments from a device."""
    return f"v_{_slot(device_id)}"


def log_amount(transaction: Transaction) -> float:
    """Give the decimal logarithm of the amount in major units."""
    return math.log10(transaction.amount) - EXPONENTS[transaction.currency]


def in_last_minutes(tally: Tally, minutes: int, now: float) -> float:
    """Count the payments of the last ``minutes``, at most ten."""
    return _sliding(tally, "m", minutes, now)


def in_last_hours(tally: Tally, hours: int, now: float) -> float:
    """Count the payments of the last ``hours``, at most 24."""
    return _sliding(tally, "h", hours, now)


def share_of(tally: Tally, prefix: str, name: str) -> tuple[float, int]:
    """Give one counter's share of those that begin with ``prefix``, and their sum."""
    total = sum(count for each, count in tally.items() if each.startswith(prefix))
    return (tally.get(name, 0) / total if total else math.nan), total


def distinct_tokens(tally: Tally, now: float) -> float:
    """Estimate how many cards a device had, today and yesterday, from the slots in use."""
    day = int(now // DAY)
    used = {
        name.partition("_")[2] for name in tally if name.startswith((f"s{day}_", f"s{day - 1}_"))
    }
    free = max(SLOTS - len(used), 0.5)
    return SLOTS * math.log(SLOTS / free)


def amounts(tally: Tally, currency: str, now: float) -> tuple[int, float, float]:
    """Count a merchant's payments in a currency since yesterday; mean and deviation of their size.

    The size is the decimal logarithm of the amount in major units.
    """
    day = int(now // DAY)
    begins = (f"a{day}_{currency}_", f"a{day - 1}_{currency}_")
    sizes = [
        ((int(name.rpartition("_")[2]) - 100) / _BINS_A_DECADE, count)
        for name, count in tally.items()
        if name.startswith(begins)
    ]
    number = sum(count for _, count in sizes)
    if not number:
        return 0, math.nan, math.nan
    mean = sum(size * count for size, count in sizes) / number
    variance = sum((size - mean) ** 2 * count for size, count in sizes) / number
    return number, mean, math.sqrt(variance)


def outdated(tally: Tally, now: float) -> Iterator[str]:
    """Name the counters that no window reaches any more."""
    oldest = {kind: int(now // _SECONDS[kind]) - reach for kind, reach in _REACH.items()}
    for name in tally:
        limit = oldest.get(name[0])
        if limit is not None and int(name[1:].partition("_")[0]) < limit:
            yield name


def _sliding(tally: Tally, kind: str, length: int, now: float) -> float:
    """Add whole buckets, and of the oldest one the part that the window still covers."""
    present, elapsed = divmod(now, _SECONDS[kind])
    latest = int(present)
    whole = sum(tally.get(f"{kind}{latest - back}", 0) for back in range(length))
    left = 1 - elapsed / _SECONDS[kind]
    return whole + tally.get(f"{kind}{latest - length}", 0) * left


def _slot(text: str) -> int:
    return int(digest(text)[:8], 16) % SLOTS
