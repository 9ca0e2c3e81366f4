"""Compares three accounts of the same money: the payments, the ledger, the acquirer's file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from payment_core.ledger import balances, merchant_payable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from payment_core.payment import Payment


class SettledPayment(Protocol):
    """A line of the acquirer's file: one payment, amounts in minor units."""

    @property
    def payment_id(self) -> str:
        """Our id of the payment."""
        ...

    @property
    def merchant_id(self) -> str:
        """The merchant."""
        ...

    @property
    def currency(self) -> str:
        """ISO 4217 code."""
        ...

    @property
    def captured(self) -> int:
        """What was captured."""
        ...

    @property
    def refunded(self) -> int:
        """What was refunded."""
        ...


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What came of the comparison.

    ``owed`` is what the ledger owes each merchant by currency, in minor units. ``open`` are
    payments whose outcome isn't known yet; they are compared once it is.
    """

    payments: int
    owed: dict[tuple[str, str], int]
    ledger_sum: int
    open: tuple[str, ...]
    differences: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether the ledger sums to zero and all three accounts say the same."""
        return self.ledger_sum == 0 and not self.differences


def reconcile(payments: Iterable[Payment], settlement: Iterable[SettledPayment]) -> Reconciliation:
    """Compare payment by payment, and name every difference."""
    ours = {payment.payment_id: payment for payment in payments}
    theirs = {line.payment_id: line for line in settlement}
    differences = [
        f"{unknown} is in the acquirer's file alone" for unknown in theirs.keys() - ours.keys()
    ]
    owed: dict[tuple[str, str], int] = {}
    ledger_sum = 0
    for payment in ours.values():
        posted = _posted(payment)
        ledger_sum += sum(posted.values())
        merchant = (merchant_payable(payment.merchant_id), payment.authorized.currency)
        balance = -posted.get(merchant, 0)
        total = (payment.merchant_id, payment.authorized.currency)
        owed[total] = owed.get(total, 0) + balance
        if payment.open_operation is None:
            differences += _differences(payment, balance, theirs.get(payment.payment_id))
    return Reconciliation(
        payments=len(ours),
        owed=owed,
        ledger_sum=ledger_sum,
        open=tuple(sorted(key for key, payment in ours.items() if payment.open_operation)),
        differences=tuple(sorted(differences)),
    )


def _posted(payment: Payment) -> dict[tuple[str, str], int]:
    entries = (operation.entry for operation in payment.operations.values())
    return balances(entry for entry in entries if entry is not None)


def _differences(payment: Payment, balance: int, line: SettledPayment | None) -> list[str]:
    found = []
    if balance != payment.refundable:
        found.append(
            f"{payment.payment_id}: the ledger owes {balance}, the payment {payment.refundable}"
        )
    theirs = (line.captured, line.refunded) if line else (0, 0)
    if theirs != (payment.captured, payment.refunded):
        found.append(
            f"{payment.payment_id}: captured and refunded are {payment.captured} and "
            f"{payment.refunded}, in the acquirer's file {theirs[0]} and {theirs[1]}"
        )
    if line and line.currency != payment.authorized.currency:
        found.append(
            f"{payment.payment_id}: in {payment.authorized.currency}, "
            f"in the acquirer's file in {line.currency}"
        )
    return found
