"""What is scored: one payment, before anything is charged."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Transaction:
    """One payment; ``amount`` is in minor units. What the merchant didn't send is None."""

    merchant_id: str
    amount: int
    currency: str
    token: str
    device_id: str | None = None
    country: str | None = None
    payment_id: str | None = None
    reference: str | None = None
