"""Double-entry bookkeeping: a journal entry whose postings don't sum to zero can't exist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from payment_core.states import OperationType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from payment_core.money import Money

ACQUIRER_RECEIVABLE = "acquirer_receivable"
"""What the acquirer owes us: a debit (positive) for each capture."""


class UnbalancedEntryError(ValueError):
    """Postings that are too few, empty, of several currencies, or don't sum to zero."""


def merchant_payable(merchant_id: str) -> str:
    """Name the account of what we owe a merchant: a credit (negative) for each capture."""
    return f"merchant_payable:{merchant_id}"


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of an entry: a debit when positive, a credit when negative."""

    account: str
    money: Money


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """Balanced postings of one operation; ``entry_id`` is the operation's id.

    Raises ``UnbalancedEntryError`` unless two or more postings, none of them empty and all of
    one currency, sum to zero.
    """

    entry_id: str
    postings: tuple[Posting, ...]

    def __post_init__(self) -> None:
        if len(self.postings) < 2:
            raise UnbalancedEntryError("an entry needs a debit and a credit")
        if any(posting.money.minor_units == 0 for posting in self.postings):
            raise UnbalancedEntryError("a posting can't be of zero")
        if len({posting.money.currency for posting in self.postings}) != 1:
            raise UnbalancedEntryError("an entry is of one currency")
        total = sum(posting.money.minor_units for posting in self.postings)
        if total:
            raise UnbalancedEntryError(f"postings must sum to 0, not {total}")


def entry_for(
    operation: OperationType, operation_id: str, merchant_id: str, money: Money
) -> JournalEntry | None:
    """Book ``money`` for an operation that succeeded; None for those that move nothing."""
    if operation is OperationType.CAPTURE:
        debit = money
    elif operation is OperationType.REFUND:
        debit = -money
    else:
        return None
    return JournalEntry(
        operation_id,
        (
            Posting(ACQUIRER_RECEIVABLE, debit),
            Posting(merchant_payable(merchant_id), -debit),
        ),
    )


def balances(entries: Iterable[JournalEntry]) -> dict[tuple[str, str], int]:
    """Sum entries by account and currency, in minor units."""
    totals: dict[tuple[str, str], int] = {}
    for entry in entries:
        for posting in entry.postings:
            account = (posting.account, posting.money.currency)
            totals[account] = totals.get(account, 0) + posting.money.minor_units
    return totals
