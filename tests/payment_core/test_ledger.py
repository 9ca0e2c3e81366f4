"""An unbalanced journal entry can't be made, and captures and refunds cancel out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payment_core.ledger import (
    ACQUIRER_RECEIVABLE,
    JournalEntry,
    Posting,
    UnbalancedEntryError,
    balances,
    entry_for,
    merchant_payable,
)
from payment_core.money import Money
from payment_core.states import OperationType

AMOUNTS = st.lists(st.integers(-1000, 1000), max_size=5)


@given(AMOUNTS)
def test_an_entry_exists_only_balanced(amounts: list[int]) -> None:
    postings = tuple(Posting("account", Money(amount, "EUR")) for amount in amounts)
    if len(amounts) >= 2 and all(amounts) and sum(amounts) == 0:
        assert balances([JournalEntry("entry", postings)]) == {("account", "EUR"): 0}
    else:
        with pytest.raises(UnbalancedEntryError):
            JournalEntry("entry", postings)


def test_an_entry_is_of_one_currency() -> None:
    with pytest.raises(UnbalancedEntryError, match="one currency"):
        JournalEntry("entry", (Posting("a", Money(5, "EUR")), Posting("b", Money(-5, "USD"))))


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 10**9)), max_size=20))
def test_every_account_holds_what_was_captured_less_refunded(moves: list[tuple[bool, int]]) -> None:
    entries = []
    for number, (capture, amount) in enumerate(moves):
        kind = OperationType.CAPTURE if capture else OperationType.REFUND
        entry = entry_for(kind, f"op_{number}", "m_shop", Money(amount, "EUR"))
        assert entry is not None
        entries.append(entry)
    total = sum(amount if capture else -amount for capture, amount in moves)
    sums = balances(entries)
    assert sums.get((ACQUIRER_RECEIVABLE, "EUR"), 0) == total
    assert sums.get((merchant_payable("m_shop"), "EUR"), 0) == -total


@pytest.mark.parametrize("kind", [OperationType.AUTHORIZE, OperationType.VOID])
def test_what_moves_no_money_books_nothing(kind: OperationType) -> None:
    assert entry_for(kind, "op_1", "m_shop", Money(1, "EUR")) is None
