"""A payment's life against a model of three numbers, whatever is asked and answered."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from payment_core.acquirer import Answer, CardSummary, Verdict
from payment_core.ledger import balances, merchant_payable
from payment_core.money import Money
from payment_core.payment import (
    Lease,
    Operation,
    Payment,
    Status,
    concluded,
    held,
    opened,
    refusal,
)
from payment_core.states import (
    ALLOWED_FROM,
    TRANSITIONS,
    InvalidTransitionError,
    OperationType,
    State,
    check_transition,
    state_of_amounts,
)

AUTHORIZED = 100
APPROVED = Answer(Verdict.APPROVED)
DECLINED = Answer(Verdict.DECLINED, "do_not_honor")
UNKNOWN = Answer(Verdict.UNKNOWN)
# The whole amount often enough that payments are captured and refunded to the end.
AMOUNTS = st.sampled_from([AUTHORIZED, AUTHORIZED // 2]) | st.integers(1, AUTHORIZED + 10)


def _operation(name: str, kind: OperationType, amount: int | None) -> Operation:
    money = None if amount is None else Money(amount, "EUR")
    return Operation(name, kind, money, request_hash="hash", created_at=1)


def _opened() -> Payment:
    return opened(
        _operation("pay_1", OperationType.AUTHORIZE, AUTHORIZED),
        Lease("claim", 10),
        merchant_id="m_shop",
        reference="order-1",
        token="tok_approve",
        brand=None,
    )


def _begun(payment: Payment, operation: Operation) -> Payment:
    """Open an operation as a store does when nothing refuses it."""
    return replace(
        payment,
        operations={**payment.operations, operation.operation_id: operation},
        open_operation=operation.operation_id,
        version=payment.version + 1,
    )


class PaymentLife(RuleBasedStateMachine):
    """Asks at random; the model knows only what was authorized, captured, refunded, released."""

    def __init__(self) -> None:
        super().__init__()
        self.payment = _opened()
        self.authorized = self.captured = self.refunded = 0
        self.released = False
        self.asked = 0

    @precondition(lambda self: self.payment.open_operation is None)
    @rule(amount=AMOUNTS)
    def capture(self, amount: int) -> None:
        self._ask(
            OperationType.CAPTURE,
            amount,
            allowed=not self.released and self.captured + amount <= self.authorized,
        )

    @precondition(lambda self: self.payment.open_operation is None)
    @rule(amount=AMOUNTS)
    def refund(self, amount: int) -> None:
        self._ask(OperationType.REFUND, amount, allowed=self.refunded + amount <= self.captured)

    @precondition(lambda self: self.payment.open_operation is None)
    @rule()
    def void(self) -> None:
        allowed = bool(self.authorized) and not self.captured and not self.released
        self._ask(OperationType.VOID, None, allowed=allowed)

    @precondition(lambda self: self.payment.open_operation is not None)
    @rule(answer=st.sampled_from([APPROVED, APPROVED, DECLINED, UNKNOWN]))
    def answer(self, answer: Answer) -> None:
        operation = self.payment.current
        busy = _operation("op_other", OperationType.CAPTURE, 1)
        assert refusal(self.payment, busy) == "payment_busy"
        if answer is APPROVED:
            self._count(operation)
        before = self.payment.version
        self.payment = concluded(self.payment, answer, now=2)
        assert self.payment.version == before + 1
        if answer is UNKNOWN:
            assert self.payment.state is State.UNKNOWN
            assert self.payment.current.status is Status.UNKNOWN

    @invariant()
    def amounts_are_the_models(self) -> None:
        payment = self.payment
        assert (payment.captured, payment.refunded) == (self.captured, self.refunded)
        assert payment.refundable == self.captured - self.refunded
        capturable = 0 if self.released else self.authorized - self.captured
        assert payment.capturable == capturable

    @invariant()
    def the_ledger_balances_and_owes_what_is_refundable(self) -> None:
        entries = [operation.entry for operation in self.payment.operations.values()]
        sums = balances(entry for entry in entries if entry is not None)
        assert sum(sums.values()) == 0
        owed = sums.get((merchant_payable("m_shop"), "EUR"), 0)
        assert -owed == self.payment.refundable

    @invariant()
    def the_state_is_the_amounts(self) -> None:
        if self.payment.open_operation is None and self.authorized and not self.released:
            expected = state_of_amounts(self.authorized, self.captured, self.refunded)
            assert self.payment.state is expected

    def _ask(self, kind: OperationType, amount: int | None, *, allowed: bool) -> None:
        self.asked += 1
        operation = _operation(f"op_{self.asked}", kind, amount)
        refused = refusal(self.payment, operation)
        assert (refused is None) == allowed, refused
        if allowed:
            self.payment = _begun(self.payment, operation)

    def _count(self, operation: Operation) -> None:
        amount = operation.money.minor_units if operation.money else 0
        match operation.type:
            case OperationType.AUTHORIZE:
                self.authorized = amount
            case OperationType.CAPTURE:
                self.captured += amount
            case OperationType.REFUND:
                self.refunded += amount
            case OperationType.VOID:
                self.released = True


TestPaymentLife = PaymentLife.TestCase


def test_only_voided_and_failed_are_final() -> None:
    assert {state for state, following in TRANSITIONS.items() if not following} == {
        State.VOIDED,
        State.FAILED,
    }
    assert TRANSITIONS.keys() == set(State)
    assert ALLOWED_FROM.keys() == set(OperationType)


@pytest.mark.parametrize(
    ("current", "following"),
    [
        (State.CAPTURED, State.VOIDED),
        (State.FAILED, State.AUTHORIZED),
        (State.UNKNOWN, State.PENDING),
        (State.REFUNDED, State.REFUNDED),
        (State.PENDING, State.CAPTURED),
    ],
)
def test_what_is_not_in_the_table_is_refused(current: State, following: State) -> None:
    with pytest.raises(InvalidTransitionError, match=following):
        check_transition(current, following)


@pytest.mark.parametrize("amounts", [(100, 101, 0), (100, 50, 51), (100, -1, 0), (100, 0, -1)])
def test_contradicting_amounts_have_no_state(amounts: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="refunded <= captured <= authorized"):
        state_of_amounts(*amounts)


def test_a_held_payment_stays_open_and_may_be_taken_over_at_once() -> None:
    waiting = held(_opened(), now=5)
    assert (waiting.state, waiting.open_operation) == (State.PENDING, "pay_1")
    assert waiting.lease.until == 5
    assert waiting.check_at is not None
    assert waiting.check_at > 5
    assert concluded(waiting, APPROVED, now=6).version == waiting.version + 1


def test_what_is_known_of_the_card_is_kept() -> None:
    card = CardSummary("visa", "424242", "4242", "US")
    unknown = concluded(_opened(), Answer(Verdict.UNKNOWN, card=card), now=2)
    assert unknown.card == card
    assert concluded(unknown, APPROVED, now=3).card == card
    assert concluded(_opened(), replace(DECLINED, card=card), now=2).card == card


def test_a_payment_without_an_open_operation_has_no_current_one() -> None:
    done = concluded(_opened(), APPROVED, now=2)
    with pytest.raises(LookupError, match="no open operation"):
        concluded(done, APPROVED, now=3)


def test_an_overcapture_by_a_store_that_let_it_through_is_not_booked() -> None:
    authorized = concluded(_opened(), APPROVED, now=2)
    begun = _begun(authorized, _operation("op_1", OperationType.CAPTURE, AUTHORIZED + 1))
    with pytest.raises(ValueError, match="captured <= authorized"):
        concluded(begun, APPROVED, now=3)
