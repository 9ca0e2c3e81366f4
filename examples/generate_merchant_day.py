#!/usr/bin/env python3
"""Writes examples/merchant-day.csv: one merchant's day of card payments, the same every time.

    python examples/generate_merchant_day.py > examples/merchant-day.csv

The shares below are a shop's that sells across Europe, with some tourists' yen and dinar; they
are made up, and none of the claims in the README rests on them. A token says what the acquirer
simulator does with it (tests/harness/acquirer/behaviours.py): most are approved.
"""

from __future__ import annotations

import csv
import itertools
import random
import sys
from dataclasses import dataclass, fields
from decimal import Decimal

SEED = 20261122
PAYMENTS = 300
OPENING_SECONDS, CLOSING_SECONDS = 9 * 3600, 20 * 3600

# currency: (share in percent, decimals, smallest and largest amount in the major unit)
CURRENCIES = {
    "EUR": (55, 2, 3, 180),
    "GBP": (14, 2, 3, 150),
    "USD": (12, 2, 5, 220),
    "JPY": (8, 0, 400, 24000),
    "KWD": (6, 3, 1, 60),
    "CHF": (5, 2, 5, 190),
}
BRANDS = {"visa": 52, "mastercard": 34, "amex": 9, "jcb": 5}
DECLINES = ("insufficient_funds", "do_not_honor", "expired_card", "lost_card")
SILENCES = ("timeout_booked", "timeout_late", "timeout_never")

# What becomes of a payment, in percent.
FATES = {
    "captured": 55,
    "partially_captured": 9,
    "captured_in_parts": 4,
    "voided": 6,
    "refunded": 6,
    "partially_refunded": 5,
    "declined": 7,
    "refund_declined": 1,
    "connection_dropped": 2,
    "unanswered": 3,
    "open": 2,
}
WHOLLY_CAPTURED = (
    "captured",
    "refunded",
    "partially_refunded",
    "refund_declined",
    "connection_dropped",
)
RETRY_SHARE = 0.07


@dataclass(frozen=True)
class Request:
    """One row of the file."""

    second: int
    operation: str
    payment: str
    amount: str
    currency: str
    brand: str
    token: str
    idempotency_key: str
    expect: str


class Day:
    """Draws payments one after another from one seeded source."""

    def __init__(self) -> None:
        self.random = random.Random(SEED)  # noqa: S311 - a repeatable day, not a secret
        self.keys = itertools.count(1)
        self.requests: list[Request] = []

    def payment(self, number: int) -> None:
        """Add a payment's requests."""
        name = f"P{number:04d}"
        currency = self.pick({code: share for code, (share, *_) in CURRENCIES.items()})
        _, decimals, low, high = CURRENCIES[currency]
        unit = Decimal(1).scaleb(-decimals)
        amount = Decimal(self.random.randint(low * 10**decimals, high * 10**decimals)) * unit
        brand, fate = self.pick(BRANDS), self.pick(FATES)
        token, expect = self.card(brand, fate)
        second = self.random.randint(OPENING_SECONDS, CLOSING_SECONDS)

        def add(operation: str, value: Decimal | None, expect: str, *, later: int) -> None:
            nonlocal second
            second += self.random.randint(1, later)
            first = operation == "authorize"
            request = Request(
                second=second,
                operation=operation,
                payment=name,
                amount="" if value is None else str(value),
                currency="" if value is None else currency,
                brand=brand if first else "",
                token=token if first else "",
                idempotency_key=f"k-{next(self.keys):05d}",
                expect=expect,
            )
            self.requests.append(request)
            if self.random.random() < RETRY_SHARE and expect != "unknown":
                second += 2
                self.requests.append(Request(**{**vars(request), "second": second}))

        part = (amount * self.random.randint(20, 80) / 100).quantize(unit)
        add("authorize", amount, expect, later=5)
        if fate == "voided":
            add("void", None, "voided", later=900)
        if fate in WHOLLY_CAPTURED:
            add("capture", amount, "captured", later=600)
        if fate in ("partially_captured", "captured_in_parts"):
            add("capture", part, "partially_captured", later=600)
        if fate == "captured_in_parts":
            add("capture", amount - part, "captured", later=1800)
        if fate == "refunded":
            add("refund", amount, "refunded", later=3600)
        if fate == "refund_declined":
            add("refund", amount, "operation_declined", later=3600)
        if fate == "partially_refunded":
            add("refund", part, "partially_refunded", later=3600)

    def card(self, brand: str, fate: str) -> tuple[str, str]:
        """Choose the token that makes the acquirer act so, and the answer to expect."""
        card = f"{self.random.randrange(16**8):08x}"
        if fate == "declined":
            return f"tok_decline_{self.random.choice(DECLINES)}__{card}", "payment_declined"
        if fate == "unanswered":
            return f"tok_{self.random.choice(SILENCES)}__{card}", "unknown"
        if fate == "connection_dropped":
            return f"tok_dropped_booked__{card}", "authorized"
        if fate == "refund_declined":
            return f"tok_refund_decline_do_not_honor__{card}", "authorized"
        return f"tok_{brand}_{card}", "authorized"

    def pick(self, shares: dict[str, int]) -> str:
        """Draw a name by its share."""
        return self.random.choices(list(shares), weights=list(shares.values()))[0]


def main() -> None:
    """Write the day to standard output."""
    day = Day()
    for number in range(1, PAYMENTS + 1):
        day.payment(number)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["time", *[field.name for field in fields(Request)][1:]])
    for request in sorted(day.requests, key=lambda request: request.second):
        hours, rest = divmod(request.second, 3600)
        clock = f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"
        writer.writerow([clock, *list(vars(request).values())[1:]])


if __name__ == "__main__":
    main()
