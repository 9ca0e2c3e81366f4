"""Five books of one day, compared to the minor unit: file, payments, ledger, dashboard, acquirer.

The merchant's file says what was asked and the answers what was accepted; the API lists the
payments; the table holds the journal; the merchant's dashboard exports what it shows; the acquirer
reports what it settled. Where they differ, the payment is named.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from payment_core.money import Money

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harness.demo.play import Answer

BOOKS = ("file", "payments", "ledger", "dashboard", "acquirer")


@dataclass(frozen=True, slots=True)
class Position:
    """What one book says of one payment, in minor units."""

    currency: str
    captured: int
    refunded: int

    def __str__(self) -> str:
        captured, refunded = (
            Money(self.captured, self.currency),
            Money(self.refunded, self.currency),
        )
        return f"captured {captured}, refunded {refunded}"


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A payment on which two books differ; `found` is None where a book doesn't have it."""

    payment_id: str
    book: str
    expected: Position | None
    found: Position | None

    def __str__(self) -> str:
        return (
            f"{self.payment_id}: the file says {self.expected or 'nothing'}, "
            f"the {self.book} says {self.found or 'nothing'}"
        )


@dataclass(slots=True)
class Reconciliation:
    """The books' totals by currency, and each payment on which they differ."""

    totals: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)
    """By currency, then by book: minor units captured and refunded."""
    disagreements: list[Disagreement] = field(default_factory=list)
    ledger_sums: dict[str, int] = field(default_factory=dict)
    """By currency, the sum of all postings in minor units: zero, or the ledger is wrong."""
    payments: int = 0

    @property
    def agrees(self) -> bool:
        """Whether all books say the same and every currency's postings sum to zero."""
        return not self.disagreements and not any(self.ledger_sums.values())


def positions_of_file(answers: Iterable[Answer]) -> dict[str, Position]:
    """What the merchant believes after its accepted captures and refunds, by payment id."""
    currencies: dict[str, str] = {}
    ids: dict[str, str] = {}
    moved: dict[str, Counter[str]] = defaultdict(Counter)
    for answer in answers:
        row = answer.row
        if row.operation == "authorize" and answer.accepted:
            ids[row.payment] = str(answer.body["payment_id"])
            currencies[ids[row.payment]] = row.currency
        elif answer.accepted and not answer.replayed and row.amount is not None:
            moved[ids[row.payment]][row.operation] += row.amount
    return {
        payment_id: Position(currency, moved[payment_id]["capture"], moved[payment_id]["refund"])
        for payment_id, currency in currencies.items()
    }


def reconcile(
    books: Mapping[str, Mapping[str, Position]], ledger_sums: Mapping[str, int]
) -> Reconciliation:
    """Compare the books, each a mapping from payment id to position, with the file.

    A payment in which no money moved may be missing from a book.
    """
    result = Reconciliation(ledger_sums=dict(ledger_sums), payments=len(books["payments"]))
    for book in BOOKS:
        _add_totals(result.totals, book, books[book].values())
    expected = books["file"]
    for book in BOOKS[1:]:
        for payment_id in sorted({*expected, *books[book]}):
            want, have = expected.get(payment_id), books[book].get(payment_id)
            if want != have and (_moved(want) or _moved(have)):
                result.disagreements.append(Disagreement(payment_id, book, want, have))
    return result


def _moved(position: Position | None) -> bool:
    return position is not None and bool(position.captured or position.refunded)


def _add_totals(
    totals: dict[str, dict[str, tuple[int, int]]], book: str, positions: Iterable[Position]
) -> None:
    for position in positions:
        by_book = totals.setdefault(position.currency, dict.fromkeys(BOOKS, (0, 0)))
        captured, refunded = by_book[book]
        by_book[book] = (captured + position.captured, refunded + position.refunded)
