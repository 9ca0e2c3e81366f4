"""What is told of a finding: who and how often, and nothing of what lines held."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from payment_core.cards import holds_card_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from log_review.periods import Period
    from log_review.running import Row

COUNT = "events"
"""The column that every query counts in."""

WITHHELD = "withheld: it may be a card number"
_NOT_TOLD = ("@message", "@ptr")
_LONGEST = 300


def finding(query: str, period: Period, row: Row) -> dict[str, object]:
    """Give a finding's fields; its id is the same whenever the period is reviewed."""
    identity = {
        name: _tellable(value)
        for name, value in row.items()
        if name != COUNT and name not in _NOT_TOLD
    }
    return {
        "finding_id": _id_of(query, period, identity),
        "events": int(float(row.get(COUNT, "1"))),
        "identity": identity,
    }


def _id_of(query: str, period: Period, identity: Mapping[str, str]) -> str:
    parts = [query, str(period), *(f"{name}={identity[name]}" for name in sorted(identity))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _tellable(value: str) -> str:
    return WITHHELD if holds_card_number(value) else value[:_LONGEST]
