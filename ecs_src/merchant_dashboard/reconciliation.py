"""Two books of one day, compared to the minor unit: payments' totals and the ledger.

The totals are what the dashboard shows, added up by the projector from operations. The ledger is
read anew from the payments themselves: the entries of every payment that moved money on the day.
Where they differ, the payment is named.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dashboard_projector.read_model import day_of, journal_partition, receivable
from merchant_dashboard.totals import DayTotals
from transaction_gateway.dynamodb_values import decode_map, encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mypy_boto3_dynamodb.client import DynamoDBClient

    from merchant_dashboard.payments import Payments
    from merchant_dashboard.totals import Totals
    from payment_core.payment import Payment

MOST_PAYMENTS = 2_000
"""Payments of a day that are read anew; on a larger day the rest is compared as projected."""


@dataclass(frozen=True, slots=True)
class Book:
    """One currency of the day: captured and refunded by both books, and the postings' sum."""

    currency: str
    captured_totals: int
    captured_ledger: int
    refunded_totals: int
    refunded_ledger: int
    postings_sum: int

    @property
    def agrees(self) -> bool:
        """Whether both books say the same and the postings sum to zero."""
        return (
            self.captured_totals == self.captured_ledger
            and self.refunded_totals == self.refunded_ledger
            and self.postings_sum == 0
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """A payment on which the read model and the payment differ; amounts are net, minor units."""

    payment_id: str
    currency: str
    projected: int
    ledger: int


@dataclass(slots=True)
class Day:
    """A day's reconciliation. ``unread`` payments were taken as projected."""

    day: str
    books: list[Book] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    payments: int = 0
    unread: int = 0

    @property
    def agrees(self) -> bool:
        """Whether nothing differs."""
        return not self.differences and all(book.agrees for book in self.books)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One ledger entry: what it posts to the acquirer's account, and the sum of its postings."""

    operation_id: str
    payment_id: str
    currency: str
    receivable: int
    sum: int


class Reconciliation:
    """Reconciles a merchant's days."""

    def __init__(
        self, client: DynamoDBClient, table: str, totals: Totals, payments: Payments
    ) -> None:
        self._client = client
        self._table = table
        self._totals = totals
        self._payments = payments

    def of_day(self, merchant_id: str, day: str) -> Day:
        """Compare the books of one day (UTC)."""
        projected = self._journal(merchant_id, day)
        ids = sorted({entry.payment_id for entry in projected})
        read = self._payments.get_many(merchant_id, ids[:MOST_PAYMENTS])
        ledger = [entry for payment in read.values() for entry in _entries(payment, day)]
        unread = set(ids[MOST_PAYMENTS:])
        ledger += [entry for entry in projected if entry.payment_id in unread]
        return Day(
            day,
            books=self._books(merchant_id, day, ledger),
            differences=_differences(projected, ledger),
            payments=len(ids),
            unread=len(unread),
        )

    def _journal(self, merchant_id: str, day: str) -> list[_Entry]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": encode(journal_partition(merchant_id, day))},
        )
        return [_projected(decode_map(item)) for page in pages for item in page["Items"]]

    def _books(self, merchant_id: str, day: str, ledger: Iterable[_Entry]) -> list[Book]:
        totals = {total.currency: total for total in self._totals.between(merchant_id, day, day)}
        captured, refunded, sums = Counter[str](), Counter[str](), Counter[str]()
        for entry in ledger:
            # A debit of the acquirer's account is a capture, a credit a refund.
            captured[entry.currency] += max(entry.receivable, 0)
            refunded[entry.currency] += max(-entry.receivable, 0)
            sums[entry.currency] += entry.sum
        moved = {
            code for code, day in totals.items() if day.count("captured") + day.count("refunded")
        }
        nothing = DayTotals(day, "", {})
        return [
            Book(
                currency,
                captured_totals=totals.get(currency, nothing).amount("captured"),
                captured_ledger=captured[currency],
                refunded_totals=totals.get(currency, nothing).amount("refunded"),
                refunded_ledger=refunded[currency],
                postings_sum=sums[currency],
            )
            for currency in sorted({*moved, *captured, *refunded})
        ]


def _entries(payment: Payment, day: str) -> list[_Entry]:
    return [
        _Entry(
            operation.operation_id,
            payment.payment_id,
            payment.authorized.currency,
            receivable(operation.entry),
            sum(posting.money.minor_units for posting in operation.entry.postings),
        )
        for operation in payment.operations.values()
        if operation.entry is not None
        and day_of(operation.completed_at or operation.created_at) == day
    ]


def _projected(item: Mapping[str, Any]) -> _Entry:
    return _Entry(
        item["operation_id"], item["payment_id"], item["currency"], item["receivable"], item["sum"]
    )


def _differences(projected: Iterable[_Entry], ledger: Iterable[_Entry]) -> list[Difference]:
    nets: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    entries: defaultdict[tuple[str, str], list[set[str]]] = defaultdict(lambda: [set(), set()])
    for side, book in enumerate((projected, ledger)):
        for entry in book:
            key = (entry.payment_id, entry.currency)
            nets[key][side] += entry.receivable
            entries[key][side].add(entry.operation_id)
    return [
        Difference(*key, *nets[key])
        for key in sorted(nets)
        if nets[key][0] != nets[key][1] or entries[key][0] != entries[key][1]
    ]
