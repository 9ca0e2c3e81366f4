"""The reconciliation finds what differs, to the minor unit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.demo import books
from harness.demo.merchant_day import Row
from harness.demo.play import Answer
from harness.demo.reconciliation import BOOKS, Position, positions_of_file, reconcile

RIGHT = {
    "pay_1": Position("EUR", captured=1250, refunded=0),
    "pay_2": Position("KWD", captured=36436, refunded=1),
    "pay_3": Position("JPY", captured=0, refunded=0),
}


def row(line: int, operation: str, amount: int | None) -> Row:
    return Row(
        line=line,
        time="09:00:00",
        operation=operation,
        payment="P1",
        amount=amount,
        currency="EUR",
        card="visa_01",
        idempotency_key=f"k{line}",
        expect="",
    )


def answer(row: Row, status: int = 200, *, replayed: bool = False) -> Answer:
    return Answer(row, status, {"payment_id": "pay_1", "state": "captured"}, replayed, 1)


def test_books_that_agree() -> None:
    found = reconcile(dict.fromkeys(BOOKS, RIGHT), {"EUR": 0, "KWD": 0})
    assert found.agrees
    assert found.totals["KWD"]["ledger"] == (36436, 1)


@pytest.mark.parametrize("book", BOOKS[1:])
def test_one_minor_unit_in_one_book_is_named(book: str) -> None:
    wrong = {**RIGHT, "pay_2": Position("KWD", captured=36435, refunded=1)}
    found = reconcile({**dict.fromkeys(BOOKS, RIGHT), book: wrong}, {})
    assert not found.agrees
    (difference,) = found.disagreements
    assert str(difference) == (
        "pay_2: the file says captured 36.436 KWD, refunded 0.001 KWD, "
        f"the {book} says captured 36.435 KWD, refunded 0.001 KWD"
    )


@pytest.mark.parametrize("book", BOOKS[1:])
def test_a_payment_that_a_book_lacks_or_has_alone_is_named(book: str) -> None:
    without = {name: position for name, position in RIGHT.items() if name != "pay_1"}
    more = {**RIGHT, "pay_9": Position("EUR", captured=1, refunded=0)}
    for wrong, name in ((without, "pay_1"), (more, "pay_9")):
        found = reconcile({**dict.fromkeys(BOOKS, RIGHT), book: wrong}, {})
        assert [each.payment_id for each in found.disagreements] == [name]
        assert "nothing" in str(found.disagreements[0])


def test_a_payment_without_money_may_be_missing() -> None:
    without = {name: position for name, position in RIGHT.items() if name != "pay_3"}
    assert reconcile({**dict.fromkeys(BOOKS, RIGHT), "acquirer": without}, {}).agrees


def test_postings_that_do_not_sum_to_zero() -> None:
    assert not reconcile(dict.fromkeys(BOOKS, RIGHT), {"EUR": 1}).agrees


def test_file_counts_what_was_accepted_once() -> None:
    capture = answer(row(2, "capture", 1000))
    answers = [
        answer(row(1, "authorize", 1250), 201),
        capture,
        replace(capture, replayed=True),
        answer(row(3, "capture", 999), 422),
        answer(row(4, "refund", 250)),
    ]
    assert positions_of_file(answers) == {"pay_1": Position("EUR", captured=1000, refunded=250)}


def test_ledger_is_read_posting_by_posting() -> None:
    def entry(debit: int, credit: int) -> dict[str, object]:
        postings = [
            {"account": "acquirer_receivable", "amount": debit},
            {"account": "merchant_payable:m_shop", "amount": credit},
        ]
        return {"entry": {"currency": "EUR", "postings": postings}}

    item = {
        "payment_id": "pay_1",
        "currency": "EUR",
        "operations": {"op_1": entry(1000, -1000), "op_2": entry(-250, 249), "op_3": {}},
    }
    assert books.positions_of_ledger([item]) == {"pay_1": Position("EUR", 1000, 250)}
    assert books.ledger_sums([item]) == {"EUR": -1}
