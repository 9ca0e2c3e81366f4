#!/usr/bin/env python3
"""Writes examples/merchant-day.csv: one merchant's day of card payments, the same every time.

    python examples/generate_merchant_day.py > examples/merchant-day.csv

The shares below are a shop's that sells across Europe, with some tourists' yen and dinar; they
are made up, and none of the claims in the README rests on them. Cards are test cards by name
(tests/harness/demo/wallet.py): most are approved. In the afternoon somebody pays again and again
with one stolen card, until the fraud check has seen enough.
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
# brand: (share in percent, customers' cards of it), so that nobody pays suspiciously often
BRANDS = {
    "visa": (62, 58),
    "mastercard": (20, 15),
    "amex": (8, 7),
    "jcb": (5, 4),
    "discover": (5, 4),
}
DECLINES = ("insufficient_funds", "do_not_honor", "expired_card", "lost_card", "stolen_card")
SILENCES = ("timeout_booked", "timeout_late", "timeout_never")
STUMBLES = ("dropped_booked", "error_once")

STOLEN_CARD = "mastercard_16"
STOLEN_AT_SECOND = 15 * 3600
STOLEN_AMOUNT = Decimal("300.00")
# The fraud check refuses at the sixth payment of a card within minutes.
STOLEN_PASSED, STOLEN_REFUSED = 5, 7

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
    "second_try": 2,
    "unanswered": 3,
    "open": 2,
}
WHOLLY_CAPTURED = (
    "captured",
    "refunded",
    "partially_refunded",
    "refund_declined",
    "second_try",
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
    card: str
    idempotency_key: str
    expect: str


class Day:
    """Draws payments one after another from one seeded source."""

    def __init__(self) -> None:
        self.random = random.Random(SEED)  # noqa: S311 - a repeatable day, not a secret
        self.keys = itertools.count(1)
        self.requests: list[Request] = []
        self.cards = {
            brand: itertools.cycle([f"{brand}_{place:02d}" for place in range(1, cards + 1)])
            for brand, (_, cards) in BRANDS.items()
        }
        self.declines = itertools.cycle([f"decline_{code}" for code in DECLINES])
        self.silences = itertools.cycle(SILENCES)
        self.stumbles = itertools.cycle(STUMBLES)

    def payment(self, number: int) -> None:
        """Add a payment's requests."""
        name = f"P{number:04d}"
        currency = self.pick({code: share for code, (share, *_) in CURRENCIES.items()})
        _, decimals, low, high = CURRENCIES[currency]
        unit = Decimal(1).scaleb(-decimals)
        amount = Decimal(self.random.randint(low * 10**decimals, high * 10**decimals)) * unit
        fate = self.pick(FATES)
        card, expect = self.card(fate)
        second = self.random.randint(OPENING_SECONDS, CLOSING_SECONDS)

        def add(operation: str, value: Decimal | None, expect: str, *, later: int) -> None:
            nonlocal second
            second += self.random.randint(1, later)
            request = Request(
                second=second,
                operation=operation,
                payment=name,
                amount="" if value is None else str(value),
                currency="" if value is None else currency,
                card=card if operation == "authorize" else "",
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

    def card(self, fate: str) -> tuple[str, str]:
        """Choose a card with which the payment comes to its fate, and the answer to expect."""
        match fate:
            case "declined":
                return next(self.declines), "payment_declined"
            case "unanswered":
                return next(self.silences), "unknown"
            case "second_try":
                return next(self.stumbles), "authorized"
            case "refund_declined":
                return "refund_decline_do_not_honor", "authorized"
        brand = self.pick({brand: share for brand, (share, _) in BRANDS.items()})
        return next(self.cards[brand]), "authorized"

    def stolen_card(self) -> None:
        """Add the payments of a stolen card, and the voids of those that came through."""
        second = STOLEN_AT_SECOND
        for number in range(1, STOLEN_PASSED + STOLEN_REFUSED + 1):
            name, passes = f"S{number:04d}", number <= STOLEN_PASSED
            self.requests.append(
                Request(
                    second=second + number,
                    operation="authorize",
                    payment=name,
                    amount=str(STOLEN_AMOUNT),
                    currency="EUR",
                    card=STOLEN_CARD,
                    idempotency_key=f"k-{next(self.keys):05d}",
                    expect="authorized" if passes else "suspected_fraud",
                )
            )
            if passes:
                self.requests.append(
                    Request(
                        second=second + 600 + number,
                        operation="void",
                        payment=name,
                        amount="",
                        currency="",
                        card="",
                        idempotency_key=f"k-{next(self.keys):05d}",
                        expect="voided",
                    )
                )

    def pick(self, shares: dict[str, int]) -> str:
        """Draw a name by its share."""
        return self.random.choices(list(shares), weights=list(shares.values()))[0]


def main() -> None:
    """Write the day to standard output."""
    day = Day()
    for number in range(1, PAYMENTS + 1):
        day.payment(number)
    day.stolen_card()
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["time", *[field.name for field in fields(Request)][1:]])
    for request in sorted(day.requests, key=lambda request: request.second):
        hours, rest = divmod(request.second, 3600)
        clock = f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"
        writer.writerow([clock, *list(vars(request).values())[1:]])


if __name__ == "__main__":
    main()
