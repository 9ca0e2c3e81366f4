"""The layout of the dashboard's read model: what is kept of a payment, and under which keys.

One table of ``pk`` and ``sk`` with the index ``gsi1`` over ``gsi1pk`` and ``gsi1sk``, all
attributes projected. Every partition belongs to one merchant:

| ``pk`` | ``sk`` | Item |
|---|---|---|
| ``MERCHANT#<m>#PAYMENTS`` | ``<created>#<payment id>`` | a row; in ``gsi1`` by its state |
| ``MERCHANT#<m>#REFERENCES`` | ``<reference>#<created>#<payment id>`` | points to a row |
| ``MERCHANT#<m>#AMOUNTS`` | ``<amount>#<created>#<payment id>`` | points to a row |
| ``MERCHANT#<m>#TOTALS`` | ``<day>#<currency>`` | counts and amounts of a day |
| ``MERCHANT#<m>#JOURNAL#<day>`` | ``<completed>#<operation id>`` | one ledger entry |
| ``MERCHANT#<m>#REFUNDS`` | see ``merchant_dashboard.refund_store`` | refunds asked for |

Times are RFC 3339 in UTC, days their first ten characters.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from payment_core.currencies import EXPONENTS
from payment_core.ledger import ACQUIRER_RECEIVABLE
from payment_core.payment import Status
from payment_core.states import OperationType
from transaction_gateway.payment_items import partition_key
from transaction_gateway.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterator

    from payment_core.ledger import JournalEntry
    from payment_core.payment import Operation, Payment

INDEX = "gsi1"
"""The index: rows by state, refunds by state."""

Counts = dict[str, dict[str, int]]
"""Counts and amounts by the sort key of their day's totals."""

_MOST_DECIMALS = max(EXPONENTS.values())
_AMOUNT_DIGITS = 17
_COUNTED = {
    (OperationType.AUTHORIZE, Status.SUCCEEDED): "authorized",
    (OperationType.AUTHORIZE, Status.FAILED): "declined",
    (OperationType.CAPTURE, Status.SUCCEEDED): "captured",
    (OperationType.REFUND, Status.SUCCEEDED): "refunded",
}


def payments_partition(merchant_id: str) -> str:
    """Hold a merchant's rows, by the time of creation."""
    return f"{partition_key(merchant_id)}#PAYMENTS"


def state_partition(merchant_id: str, state: str) -> str:
    """Hold the same rows in the index, apart by state."""
    return f"{partition_key(merchant_id)}#STATE#{state}"


def references_partition(merchant_id: str) -> str:
    """Hold pointers by reference."""
    return f"{partition_key(merchant_id)}#REFERENCES"


def amounts_partition(merchant_id: str) -> str:
    """Hold pointers by amount."""
    return f"{partition_key(merchant_id)}#AMOUNTS"


def totals_partition(merchant_id: str) -> str:
    """Hold the totals of days."""
    return f"{partition_key(merchant_id)}#TOTALS"


def journal_partition(merchant_id: str, day: str) -> str:
    """Hold the ledger entries of one day."""
    return f"{partition_key(merchant_id)}#JOURNAL#{day}"


def row_key(payment: Payment) -> str:
    """Give the sort key of a payment's row; it never changes."""
    return f"{rfc3339(payment.created_at)}#{payment.payment_id}"


def reference_key(reference: str) -> str:
    """Begin a pointer by reference; searches don't tell upper from lower case."""
    return reference.casefold()


def amount_key(minor_units: int, currency: str) -> str:
    """Begin a pointer by amount: 12.50 is the same text in every currency, and texts sort."""
    return scaled_amount_key(minor_units * 10 ** (_MOST_DECIMALS - EXPONENTS[currency]))


def scaled_amount_key(ten_thousandths: int) -> str:
    """Begin a pointer by an amount in ten-thousandths of a major unit."""
    return str(ten_thousandths).zfill(_AMOUNT_DIGITS)


def day_of(epoch_ms: int) -> str:
    """Give the day (UTC) of a time."""
    return rfc3339(epoch_ms)[:10]


def row(payment: Payment) -> dict[str, object]:
    """Lay out a payment's row. The token stays behind: nobody looks for it."""
    key = row_key(payment)
    return {
        "pk": payments_partition(payment.merchant_id),
        "sk": key,
        "gsi1pk": state_partition(payment.merchant_id, payment.state),
        "gsi1sk": key,
        "payment_id": payment.payment_id,
        "reference": payment.reference,
        "brand": payment.card.brand if payment.card else payment.brand,
        "last4": payment.card and payment.card.last4,
        "currency": payment.authorized.currency,
        "authorized": payment.authorized.minor_units,
        "captured": payment.captured,
        "refunded": payment.refunded,
        "state": payment.state,
        "decline_code": payment.authorization.decline_code,
        "created_at": payment.created_at,
        "updated_at": payment.updated_at,
        "version": payment.version,
        "counted": contributions(payment),
        "posted": sorted(operation.operation_id for operation, _ in _entries(payment)),
    }


def pointers(payment: Payment) -> Iterator[dict[str, object]]:
    """Lay out what finds a payment by reference and by amount; neither ever changes."""
    key = row_key(payment)
    money = payment.authorized
    yield {
        "pk": references_partition(payment.merchant_id),
        "sk": f"{reference_key(payment.reference)}#{key}",
        "row": key,
    }
    yield {
        "pk": amounts_partition(payment.merchant_id),
        "sk": f"{amount_key(money.minor_units, money.currency)}#{key}",
        "row": key,
    }


def journal(payment: Payment) -> Iterator[dict[str, object]]:
    """Lay out a payment's ledger entries; an entry never changes."""
    for operation, entry in _entries(payment):
        completed = _completed(operation)
        yield {
            "pk": journal_partition(payment.merchant_id, day_of(completed)),
            "sk": f"{rfc3339(completed)}#{operation.operation_id}",
            "operation_id": operation.operation_id,
            "payment_id": payment.payment_id,
            "type": operation.type,
            "currency": payment.authorized.currency,
            "receivable": receivable(entry),
            "sum": sum(posting.money.minor_units for posting in entry.postings),
        }


def receivable(entry: JournalEntry) -> int:
    """Give what an entry posts to the acquirer's account, in minor units."""
    return sum(
        posting.money.minor_units
        for posting in entry.postings
        if posting.account == ACQUIRER_RECEIVABLE
    )


def contributions(payment: Payment) -> Counts:
    """Say what a payment adds to the totals of which days.

    A function of the payment alone, so that totals change by the difference of two versions,
    whichever were missed or came twice in between.
    """
    currency = payment.authorized.currency
    counts: defaultdict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    created = counts[totals_key(day_of(payment.created_at), currency)]
    created["created_count"] += 1
    created["created_amount"] += payment.authorized.minor_units
    created[f"state_{payment.state}"] += 1
    for operation in payment.operations.values():
        name = _COUNTED.get((operation.type, operation.status))
        if name is not None and operation.money is not None:
            day = counts[totals_key(day_of(_completed(operation)), currency)]
            day[f"{name}_count"] += 1
            day[f"{name}_amount"] += operation.money.minor_units
    return {key: dict(members) for key, members in counts.items()}


def totals_key(day: str, currency: str) -> str:
    """Give the sort key of a day's totals."""
    return f"{day}#{currency}"


def difference(after: Counts, before: Counts) -> Counts:
    """Say what the totals must change by; what stays is left out."""
    changes: Counts = {}
    for key in {**after, **before}:
        new, old = after.get(key, {}), before.get(key, {})
        change = {name: new.get(name, 0) - old.get(name, 0) for name in {**new, **old}}
        if moved := {name: value for name, value in sorted(change.items()) if value}:
            changes[key] = moved
    return changes


def _entries(payment: Payment) -> Iterator[tuple[Operation, JournalEntry]]:
    for operation in payment.operations.values():
        if operation.entry is not None:
            yield operation, operation.entry


def _completed(operation: Operation) -> int:
    """Give the time an operation ended; one that was counted has ended."""
    return operation.created_at if operation.completed_at is None else operation.completed_at
