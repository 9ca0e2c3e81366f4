"""The layout of a payment in the table: one item, with its operations and ledger entries inside.

One item, so that a single conditional write changes state, amounts, ledger and idempotency
together or not at all.
"""

from __future__ import annotations

import zlib
from typing import Any

from api_functions.merchants import partition_key as partition_key  # a part of the layout
from api_functions.times import rfc3339
from payment_core.acquirer import CardSummary
from payment_core.fraud import FraudCheck, FraudDecision
from payment_core.idempotency import StoredResponse
from payment_core.ledger import JournalEntry, Posting
from payment_core.money import Money
from payment_core.payment import Lease, Operation, Payment, Status
from payment_core.states import OperationType, State

SHARDS = 8
"""Partitions of the sparse index, so that many open payments don't meet in one."""

PAYMENT_PREFIX = "PAYMENT#"
"""Sort keys of payments begin so."""


def sort_key(payment_id: str) -> str:
    """Give the sort key of a payment."""
    return PAYMENT_PREFIX + payment_id


def to_item(payment: Payment) -> dict[str, object]:
    """Lay out a whole payment; members that are None are left out by the encoder."""
    return {
        "pk": partition_key(payment.merchant_id),
        "sk": sort_key(payment.payment_id),
        "payment_id": payment.payment_id,
        "merchant_id": payment.merchant_id,
        "reference": payment.reference,
        "token": payment.token,
        "brand": payment.brand,
        "currency": payment.authorized.currency,
        "authorized": payment.authorized.minor_units,
        "created_at": payment.created_at,
        "operations": {
            operation_id: operation_to_map(operation)
            for operation_id, operation in payment.operations.items()
        },
        **learned_attributes(payment),
        **changing_attributes(payment),
        **lease_attributes(payment.payment_id, payment.lease, payment.check_at),
    }


def changing_attributes(payment: Payment) -> dict[str, object]:
    """Lay out what a step may change, apart from its operation and the lease."""
    return {
        "state": payment.state,
        "capturable": payment.capturable,
        "captured": payment.captured,
        "refunded": payment.refunded,
        "refundable": payment.refundable,
        "open_operation": payment.open_operation,
        "version": payment.version,
        "attempts": payment.attempts,
        "updated_at": payment.updated_at,
    }


def learned_attributes(payment: Payment) -> dict[str, object]:
    """Lay out what the authorization's checks and the acquirer told, as far as they did."""
    card, fraud = payment.card, payment.fraud
    members = {
        "card": card
        and {"brand": card.brand, "bin": card.bin, "last4": card.last4, "country": card.country},
        "fraud": fraud
        and {
            "decision": fraud.decision,
            "score": fraud.score,
            "reasons": list(fraud.reasons),
            "model_version": fraud.model_version,
            "degraded": int(fraud.degraded) or None,
        },
    }
    return {name: value for name, value in members.items() if value is not None}


def lease_attributes(payment_id: str, lease: Lease, check_at: int | None) -> dict[str, object]:
    """Lay out the lease, and the sparse index's keys when a check is due at ``check_at``."""
    shard = None if check_at is None else str(zlib.crc32(payment_id.encode()) % SHARDS)
    return {
        "claim": lease.claim,
        "lease_until": lease.until,
        "unresolved_shard": shard,
        "unresolved_since": None if check_at is None else rfc3339(check_at),
        "check_at": check_at,
    }


def operation_to_map(operation: Operation) -> dict[str, object]:
    """Lay out an operation with its ledger entry and stored response."""
    money, entry, response = operation.money, operation.entry, operation.response
    members: dict[str, object | None] = {
        "type": operation.type,
        "status": operation.status,
        "amount": money and money.minor_units,
        "currency": money and money.currency,
        "request_hash": operation.request_hash,
        "reference": operation.reference,
        "decline_code": operation.decline_code,
        "created_at": operation.created_at,
        "completed_at": operation.completed_at,
        "entry": entry and _entry_to_map(entry),
        "response": response and {"status": response.status, "body": response.body},
    }
    return {name: value for name, value in members.items() if value is not None}


def from_item(item: dict[str, Any]) -> Payment:
    """Read a decoded item back."""
    card, fraud = item.get("card"), item.get("fraud")
    return Payment(
        payment_id=item["payment_id"],
        merchant_id=item["merchant_id"],
        reference=item["reference"],
        token=item["token"],
        brand=item.get("brand"),
        authorized=Money(item["authorized"], item["currency"]),
        created_at=item["created_at"],
        updated_at=item["updated_at"],
        lease=Lease(item["claim"], item["lease_until"]),
        operations={
            operation_id: _operation_from_map(operation_id, members)
            for operation_id, members in item["operations"].items()
        },
        open_operation=item.get("open_operation"),
        check_at=item.get("check_at"),
        state=State(item["state"]),
        capturable=item["capturable"],
        captured=item["captured"],
        refunded=item["refunded"],
        version=item["version"],
        attempts=item["attempts"],
        card=card and _card_from_map(card),
        fraud=fraud and _fraud_from_map(fraud),
    )


def _card_from_map(members: dict[str, Any]) -> CardSummary:
    return CardSummary(members["brand"], members["bin"], members["last4"], members.get("country"))


def _fraud_from_map(members: dict[str, Any]) -> FraudCheck:
    return FraudCheck(
        decision=FraudDecision(members["decision"]),
        score=members.get("score"),
        reasons=tuple(members["reasons"]),
        model_version=members.get("model_version"),
        degraded=bool(members.get("degraded")),
    )


def _operation_from_map(operation_id: str, members: dict[str, Any]) -> Operation:
    amount, entry, response = (members.get(name) for name in ("amount", "entry", "response"))
    return Operation(
        operation_id=operation_id,
        type=OperationType(members["type"]),
        money=None if amount is None else Money(amount, members["currency"]),
        request_hash=members["request_hash"],
        created_at=members["created_at"],
        reference=members.get("reference"),
        status=Status(members["status"]),
        decline_code=members.get("decline_code"),
        completed_at=members.get("completed_at"),
        entry=entry and _entry_from_map(operation_id, entry),
        response=response and StoredResponse(response["status"], response["body"]),
    )


def _entry_to_map(entry: JournalEntry) -> dict[str, object]:
    return {
        "currency": entry.postings[0].money.currency,
        "postings": [
            {"account": posting.account, "amount": posting.money.minor_units}
            for posting in entry.postings
        ],
    }


def _entry_from_map(entry_id: str, members: dict[str, Any]) -> JournalEntry:
    postings = (
        Posting(posting["account"], Money(posting["amount"], members["currency"]))
        for posting in members["postings"]
    )
    return JournalEntry(entry_id, tuple(postings))
