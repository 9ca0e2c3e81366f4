"""The simulated acquirer's book: what it did for each reference, and the settlement file."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace

Record = Mapping[str, object]
"""What is answered for a reference: ``status`` and, with a decline, ``decline_code``; ``card`` is
the summary of a registered card."""

NOT_PROCESSED: Record = {"status": "declined", "decline_code": "not_processed"}
_APPROVED: Record = {"status": "approved"}


@dataclass(frozen=True, slots=True)
class Charge:
    """What was booked for one reference; ``amount`` is in minor units.

    ``requests`` counts how often the reference was asked for. Two authorizations of one ``order``
    (the merchant's reference) or ``payment_id`` are a double charge.
    """

    reference: str
    type: str
    payment_id: str
    order: str
    merchant_id: str
    amount: int
    currency: str
    requests: int = 1


@dataclass(frozen=True, slots=True)
class SettlementLine:
    """One payment in the acquirer's file, in minor units of ``currency``."""

    merchant_id: str
    currency: str
    payment_id: str
    authorized: int = 0
    captured: int = 0
    refunded: int = 0
    voided: int = 0


class Book:
    """Books each reference once. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: dict[str, Record] = {}
        self._charges: dict[str, Charge] = {}
        self._requests: dict[str, int] = {}

    def requested(self, reference: str) -> int:
        """Count a request for ``reference``; give how many there were."""
        with self._lock:
            self._requests[reference] = self._requests.get(reference, 0) + 1
            return self._requests[reference]

    def approve(
        self,
        reference: str,
        instruction: Mapping[str, object],
        card: Mapping[str, str] | None = None,
    ) -> Record:
        """Book an approval, unless the reference is booked or closed; give what is recorded."""
        with self._lock:
            if reference not in self._records:
                self._records[reference] = _with_card(_APPROVED, card)
                self._book(reference, instruction)
            return self._records[reference]

    def decline(self, reference: str, code: str, card: Mapping[str, str] | None = None) -> Record:
        """Record a decline, unless the reference has a record; give what is recorded."""
        with self._lock:
            declined = _with_card({"status": "declined", "decline_code": code}, card)
            return self._records.setdefault(reference, declined)

    def find(self, reference: str) -> Record | None:
        """Look a reference up."""
        with self._lock:
            return self._records.get(reference)

    def close(self, reference: str) -> Record:
        """Give a reference's record; without one, never process it from now on."""
        with self._lock:
            return self._records.setdefault(reference, NOT_PROCESSED)

    def charges(self) -> list[Charge]:
        """List everything that was booked."""
        with self._lock:
            return [
                replace(charge, requests=self._requests[charge.reference])
                for charge in self._charges.values()
            ]

    def settlement(self) -> list[SettlementLine]:
        """Sum what was booked by merchant, currency and payment, in that order."""
        lines: dict[tuple[str, str, str], SettlementLine] = {}
        fields = {
            "authorize": "authorized",
            "capture": "captured",
            "refund": "refunded",
            "void": "voided",
        }
        for charge in self.charges():
            key = (charge.merchant_id, charge.currency, charge.payment_id)
            line = lines.get(key, SettlementLine(*key))
            name = fields[charge.type]
            total = getattr(line, name) + charge.amount
            lines[key] = replace(line, **{name: total})
        return [lines[key] for key in sorted(lines)]

    def _book(self, reference: str, instruction: Mapping[str, object]) -> None:
        self._charges[reference] = Charge(
            reference=reference,
            type=str(instruction["type"]),
            payment_id=str(instruction["payment_id"]),
            order=str(instruction["order"]),
            merchant_id=str(instruction["merchant_id"]),
            amount=int(str(instruction["amount"])),
            currency=str(instruction["currency"]),
        )


def _with_card(record: Record, card: Mapping[str, str] | None) -> Record:
    return record if card is None else {**record, "card": card}
