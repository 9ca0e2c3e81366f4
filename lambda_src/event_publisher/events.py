"""What the bus is told of a payment: one event for each change of its state or amounts.

An event shows the payment as it stood at one version. Its id and content follow from that
version alone, so a record that the stream brings again makes the same event again.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api_functions.dynamodb_values import decode_map
from api_functions.times import rfc3339
from payment_core.cards import holds_card_number
from transaction_gateway.payment_items import PAYMENT_PREFIX, from_item

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payment_core.payment import Payment

SOURCE = "payments.transaction-gateway"
"""The source of every event on the bus."""

_TOLD_CHANGES = ("state", "authorized", "captured", "refunded")
_TIME_BYTES, _TIME_CHARACTERS = 6, 10
_ID_CHARACTERS = 26
# Base 32 as in payments' ids, with the characters in the order in which texts sort.
_IN_ORDER = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"234567abcdefghijklmnopqrstuvwxyz"
)


@dataclass(frozen=True, slots=True)
class Event:
    """One event. ``occurred_at`` is epoch ms; ``withheld`` names fields that mustn't be told."""

    type: str
    occurred_at: int
    detail: Mapping[str, object]
    withheld: tuple[str, ...] = ()


def event_of(stream: Mapping[str, Any]) -> Event | None:
    """Give the event of a stream record's ``dynamodb`` part, or None when there is none to tell.

    Raises ``LookupError``, ``TypeError`` or ``ValueError`` for a payment that can't be read.
    """
    # A payment is never removed: what a person or a restore takes out is no change of state.
    if not stream["Keys"]["sk"]["S"].startswith(PAYMENT_PREFIX) or "NewImage" not in stream:
        return None
    new, old = stream["NewImage"], stream.get("OldImage", {})
    if all(new.get(name) == old.get(name) for name in _TOLD_CHANGES):
        return None
    return _event(from_item(decode_map(new)))


def event_id(payment_id: str, version: int, occurred_at: int) -> str:
    """Derive an event's id; ids sort by the time at which the payment got this version."""
    digest = hashlib.sha256(f"{payment_id}#{version}".encode()).digest()
    time = _base32(occurred_at.to_bytes(_TIME_BYTES, "big"))[:_TIME_CHARACTERS]
    return f"evt_{(time + _base32(digest))[:_ID_CHARACTERS]}"


def _event(payment: Payment) -> Event:
    # Free text in the main: the API refuses card numbers there, and this is the second lock.
    texts = {
        "reference": payment.reference,
        "decline_code": payment.authorization.decline_code,
        "brand": payment.card.brand if payment.card else payment.brand,
    }
    withheld = tuple(name for name, text in texts.items() if text and holds_card_number(text))
    kind = f"payment.{payment.state}"
    members = {
        "id": payment.payment_id,
        "state": payment.state,
        "amount": payment.authorized.minor_units,
        "currency": payment.authorized.currency,
        "captured": payment.captured,
        "refunded": payment.refunded,
        **{name: text for name, text in texts.items() if name not in withheld},
        "created_at": rfc3339(payment.created_at),
        "updated_at": rfc3339(payment.updated_at),
        "version": payment.version,
    }
    detail = {
        "id": event_id(payment.payment_id, payment.version, payment.updated_at),
        "type": kind,
        "created_at": rfc3339(payment.updated_at),
        "merchant_id": payment.merchant_id,
        "payment": {name: value for name, value in members.items() if value is not None},
    }
    return Event(kind, payment.updated_at, detail, withheld)


def _base32(content: bytes) -> str:
    return base64.b32encode(content).rstrip(b"=").translate(_IN_ORDER).decode()
