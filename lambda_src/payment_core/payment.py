"""A payment with everything that was asked of the acquirer for it.

Values never change: each step gives a new payment, which a store writes only over the version
that it came from.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from payment_core.acquirer import Answer, CardSummary, Instruction, Verdict
from payment_core.ledger import JournalEntry, entry_for
from payment_core.money import Money
from payment_core.states import (
    ALLOWED_FROM,
    OperationType,
    State,
    check_transition,
    state_of_amounts,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payment_core.fraud import FraudCheck
    from payment_core.idempotency import StoredResponse

MAX_OPERATIONS = 60
"""Operations of one payment. At about 1.2 KB each they stay far below an item's 400 KB."""

_FIRST_RECHECK_MS = 30_000
_LAST_RECHECK_MS = 3_600_000


class Status(StrEnum):
    """Where an operation stands."""

    PENDING = "pending"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing asked of the acquirer, the request that asked it, and what came of it.

    ``operation_id`` is derived from the idempotency key and is the acquirer's reference; the
    authorization's is the payment's id. ``money`` is None for a void. Times are epoch ms.
    """

    operation_id: str
    type: OperationType
    money: Money | None
    request_hash: str
    created_at: int
    reference: str | None = None
    status: Status = Status.PENDING
    decline_code: str | None = None
    completed_at: int | None = None
    entry: JournalEntry | None = None
    response: StoredResponse | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """A worker's claim on a payment's open operation, until an epoch ms.

    ``claim`` is random: by it a worker knows its own write when the SDK repeated it.
    """

    claim: str
    until: int


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment. Amounts are minor units of ``authorized.currency``; times are epoch ms.

    At most one operation is open. ``lease`` says who works at it, ``check_at`` when the sweeper
    should look. ``card`` is what the acquirer told of the card, ``brand`` what the merchant did;
    ``fraud`` is the last result of the fraud check. Raises ``ValueError`` when the amounts
    contradict each other.
    """

    payment_id: str
    merchant_id: str
    reference: str
    token: str
    brand: str | None
    authorized: Money
    created_at: int
    updated_at: int
    lease: Lease
    operations: Mapping[str, Operation] = field(repr=False)
    open_operation: str | None
    check_at: int | None
    state: State = State.PENDING
    capturable: int = 0
    captured: int = 0
    refunded: int = 0
    version: int = 1
    attempts: int = 0
    card: CardSummary | None = None
    fraud: FraudCheck | None = None

    def __post_init__(self) -> None:
        state_of_amounts(self.authorized.minor_units, self.captured, self.refunded)
        if not 0 <= self.capturable <= self.authorized.minor_units - self.captured:
            raise ValueError("capturable must be from 0 to what isn't captured yet")

    @property
    def refundable(self) -> int:
        """What is captured and not refunded."""
        return self.captured - self.refunded

    @property
    def authorization(self) -> Operation:
        """The operation that opened the payment."""
        return self.operations[self.payment_id]

    @property
    def current(self) -> Operation:
        """The open operation; raises ``LookupError`` when there is none."""
        if self.open_operation is None:
            raise LookupError(f"{self.payment_id} has no open operation")
        return self.operations[self.open_operation]

    def instruction(self) -> Instruction:
        """Say what to ask of the acquirer for the open operation."""
        operation = self.current
        return Instruction(
            reference=operation.operation_id,
            type=operation.type,
            payment_id=self.payment_id,
            order=self.reference,
            merchant_id=self.merchant_id,
            money=operation.money or Money(self.capturable, self.authorized.currency),
            token=self.token,
        )


def opened(
    operation: Operation,
    lease: Lease,
    *,
    merchant_id: str,
    reference: str,
    token: str,
    brand: str | None,
) -> Payment:
    """Open a payment, pending, with its authorization."""
    if operation.money is None:
        raise ValueError("an authorization needs an amount")
    return Payment(
        payment_id=operation.operation_id,
        merchant_id=merchant_id,
        reference=reference,
        token=token,
        brand=brand,
        authorized=operation.money,
        created_at=operation.created_at,
        updated_at=operation.created_at,
        lease=lease,
        operations={operation.operation_id: operation},
        open_operation=operation.operation_id,
        check_at=lease.until,
    )


def refusal(payment: Payment, operation: Operation) -> str | None:
    """Name the problem code for which ``operation`` can't begin now, or None.

    A store that begins operations must decide the same inside its conditional write.
    """
    limit = payment.capturable if operation.type is OperationType.CAPTURE else payment.refundable
    if payment.open_operation is not None:
        return "payment_busy"
    if payment.state not in ALLOWED_FROM[operation.type]:
        return "invalid_state"
    if operation.money and operation.money.currency != payment.authorized.currency:
        return "currency_mismatch"
    if operation.money and operation.money.minor_units > limit:
        return "amount_exceeds_remaining"
    if len(payment.operations) >= MAX_OPERATIONS:
        return "too_many_operations"
    return None


def concluded(payment: Payment, answer: Answer, now: int) -> Payment:
    """Apply the acquirer's answer to the open operation: state, amounts, ledger, next check.

    Raises ``InvalidTransitionError`` or ``ValueError`` rather than give a payment that can't be.
    """
    operation = payment.current
    payment = replace(payment, card=answer.card or payment.card)
    if answer.verdict is Verdict.UNKNOWN:
        return _unresolved(payment, operation, now)
    if answer.verdict is Verdict.APPROVED:
        after = _approved(payment, operation)
        done = replace(operation, status=Status.SUCCEEDED, entry=_entry(payment, operation))
    else:
        after = replace(payment, state=_state_after_decline(payment, operation))
        done = replace(operation, status=Status.FAILED, decline_code=answer.decline_code)
    if after.state is not payment.state:
        check_transition(payment.state, after.state)
    return replace(
        after,
        operations={**payment.operations, operation.operation_id: replace(done, completed_at=now)},
        open_operation=None,
        check_at=None,
        version=payment.version + 1,
        attempts=0,
        updated_at=now,
    )


def held(payment: Payment, now: int) -> Payment:
    """Let go of the open operation, which nobody was asked about: a repetition may begin at once.

    The sweeper ends it when nobody repeats.
    """
    return replace(
        payment,
        lease=replace(payment.lease, until=now),
        check_at=now + _FIRST_RECHECK_MS,
        version=payment.version + 1,
        updated_at=now,
    )


def with_response(payment: Payment, operation_id: str, response: StoredResponse) -> Payment:
    """Keep the answer for repetitions with the operation that it answers."""
    operation = replace(payment.operations[operation_id], response=response)
    return replace(payment, operations={**payment.operations, operation_id: operation})


def _unresolved(payment: Payment, operation: Operation, now: int) -> Payment:
    if payment.state is not State.UNKNOWN:
        check_transition(payment.state, State.UNKNOWN)
    wait = min(_FIRST_RECHECK_MS * 2**payment.attempts, _LAST_RECHECK_MS)
    unknown = replace(operation, status=Status.UNKNOWN)
    return replace(
        payment,
        state=State.UNKNOWN,
        operations={**payment.operations, operation.operation_id: unknown},
        lease=replace(payment.lease, until=now),
        # The first look may follow at once; an acquirer that stays silent is asked ever less.
        check_at=now if payment.attempts == 0 else now + wait,
        attempts=payment.attempts + 1,
        version=payment.version + 1,
        updated_at=now,
    )


def _approved(payment: Payment, operation: Operation) -> Payment:
    amount = operation.money.minor_units if operation.money else 0
    match operation.type:
        case OperationType.AUTHORIZE:
            return replace(payment, state=State.AUTHORIZED, capturable=amount)
        case OperationType.VOID:
            return replace(payment, state=State.VOIDED, capturable=0)
        case OperationType.CAPTURE:
            captured, refunded = payment.captured + amount, payment.refunded
        case OperationType.REFUND:
            captured, refunded = payment.captured, payment.refunded + amount
    return replace(
        payment,
        state=state_of_amounts(payment.authorized.minor_units, captured, refunded),
        capturable=payment.capturable - (captured - payment.captured),
        captured=captured,
        refunded=refunded,
    )


def _state_after_decline(payment: Payment, operation: Operation) -> State:
    if operation.type is OperationType.AUTHORIZE:
        return State.FAILED
    return state_of_amounts(payment.authorized.minor_units, payment.captured, payment.refunded)


def _entry(payment: Payment, operation: Operation) -> JournalEntry | None:
    if operation.money is None:
        return None
    return entry_for(operation.type, operation.operation_id, payment.merchant_id, operation.money)
