"""Payments from request to outcome, each step safe to die after.

Every POST writes twice: what it is about to ask of the acquirer, then what came of it. A worker
that dies in between leaves an open operation under a lease; whoever comes next, a repetition or
the sweeper, asks the acquirer about the same reference and finishes it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api_functions.api_event import Reply, compact_json
from payment_core import idempotency
from payment_core.acquirer import NOT_PROCESSED, Answer, Verdict
from payment_core.fraud import SUSPECTED_FRAUD, Admission, FraudDecision
from payment_core.idempotency import Decision
from payment_core.payment import (
    MAX_OPERATIONS,
    Lease,
    Operation,
    Payment,
    concluded,
    held,
    opened,
    refusal,
    with_response,
)
from payment_core.problems import Problem, ProblemError
from payment_core.states import OperationType, State
from transaction_gateway.representations import outcome, payment_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from payment_core.acquirer import Acquirer
    from payment_core.requests import AuthorizeRequest, OperationRequest
    from payment_core.storage import PaymentStore
    from transaction_gateway.screening import Screening

WRITE_RESERVE_MS = 500
"""Kept of a worker's time for writing the outcome after the acquirer has answered."""

_UNKNOWN_RETRY_AFTER = {"Retry-After": "5"}


@dataclass(frozen=True, slots=True)
class Call:
    """One POST: whose, with which key, by which request, and until when (epoch ms) it may run."""

    merchant_id: str
    key: str
    request_hash: str
    request_id: str
    deadline: int


class PaymentService:
    """Runs operations against a store and an acquirer. ``clock`` gives epoch milliseconds.

    With ``screening`` an authorization is checked for fraud between its first write and the
    acquirer.
    """

    def __init__(
        self,
        store: PaymentStore,
        acquirer: Acquirer,
        *,
        clock: Callable[[], int],
        acquirer_timeout_ms: int,
        screening: Screening | None = None,
    ) -> None:
        self._store = store
        self._acquirer = acquirer
        self._clock = clock
        self._timeout_ms = acquirer_timeout_ms
        self._screening = screening

    def authorize(self, call: Call, request: AuthorizeRequest) -> Reply:
        """Open a payment and ask for its authorization."""
        lease = self._lease(call)
        operation = Operation(
            idempotency.scoped_id("pay", call.merchant_id, "authorizePayment", call.key),
            OperationType.AUTHORIZE,
            request.money,
            call.request_hash,
            self._clock(),
        )
        attempt = self._store.create(
            opened(
                operation,
                lease,
                merchant_id=call.merchant_id,
                reference=request.reference,
                token=request.token,
                brand=request.brand,
            )
        )
        if attempt.payment is None:
            raise RuntimeError(f"no payment stored under {operation.operation_id}")
        if attempt.done:
            return self._screen_and_ask(call, request, attempt.payment, resumed=False)
        return self._repeat(
            call,
            attempt.payment,
            operation.operation_id,
            lambda payment: self._screen_and_ask(call, request, payment, resumed=True),
        )

    def operate(
        self, call: Call, payment_id: str, kind: OperationType, request: OperationRequest
    ) -> Reply:
        """Capture, void or refund a payment."""
        scope = f"{kind}Payment/{payment_id}"
        lease = self._lease(call)
        operation = Operation(
            idempotency.scoped_id("op", call.merchant_id, scope, call.key),
            kind,
            request.money,
            call.request_hash,
            self._clock(),
            reference=request.reference,
        )
        attempt = self._store.begin(call.merchant_id, payment_id, operation, lease)
        if attempt.payment is None:
            raise ProblemError(payment_not_found(payment_id))
        if attempt.done:
            return self._ask(call, attempt.payment)
        if operation.operation_id in attempt.payment.operations:
            return self._repeat(
                call,
                attempt.payment,
                operation.operation_id,
                lambda payment: self._ask(call, payment),
            )
        raise ProblemError(self._refused(attempt.payment, operation))

    def conclude(self, payment: Payment, answer: Answer, request_id: str) -> Payment | None:
        """Write what the acquirer answered; None when another worker has changed the payment."""
        operation_id = payment.current.operation_id
        after = concluded(payment, answer, self._clock())
        if after.open_operation is None:
            response = outcome(after, after.operations[operation_id], request_id)
            after = with_response(after, operation_id, response)
        return after if self._store.save(after, operation_id).done else None

    def _lease(self, call: Call) -> Lease:
        """Claim the time that is left, if it is enough to ask everyone and write the answer."""
        asking = self._timeout_ms + (self._screening.timeout_ms if self._screening else 0)
        if call.deadline - self._clock() < asking + WRITE_RESERVE_MS:
            raise ProblemError(
                Problem(
                    "out_of_time",
                    "Nothing was started. Repeat the request with its Idempotency-Key.",
                    retry_after=1,
                )
            )
        return Lease(secrets.token_hex(8), call.deadline)

    def _screen_and_ask(
        self, call: Call, request: AuthorizeRequest, payment: Payment, *, resumed: bool
    ) -> Reply:
        """Ask the acquirer for an authorization unless the fraud check is against it.

        A decision is stored with the outcome. A payment that is pending has none that counts: its
        worker died or held it, so the check is asked again, about the same payment. One that is
        unknown was decided on before the acquirer was asked.
        """
        if self._screening is None:
            return self._ask(call, payment)
        if payment.state is State.PENDING:
            payment = self._screening.score(payment, request, call.request_id)
            admission = self._screening.admission(payment)
        else:
            refused = payment.fraud and payment.fraud.decision is FraudDecision.REFUSE
            admission = Admission.REFUSE if refused else Admission.PASS
        match admission:
            case Admission.PASS:
                return self._ask(call, payment)
            case Admission.REFUSE:
                return self._refuse(call, payment, resumed=resumed)
            case Admission.HOLD:
                return self._hold(payment)

    def _refuse(self, call: Call, payment: Payment, *, resumed: bool) -> Reply:
        """Decline for fraud, unless an earlier worker had the acquirer act all the same."""
        answer = Answer(Verdict.DECLINED, SUSPECTED_FRAUD)
        if resumed:
            timeout = self._acquirer_time(call)
            reference = payment.current.operation_id
            found = (
                self._acquirer.resolve(reference, timeout_ms=timeout)
                if timeout > 0
                else Answer(Verdict.UNKNOWN)
            )
            if found.decline_code != NOT_PROCESSED:
                answer = found
        return self._finish(call, payment, answer)

    def _hold(self, payment: Payment) -> Reply:
        """Leave a payment pending that is too large to go unchecked, free to be asked for again."""
        operation_id = payment.current.operation_id
        attempt = self._store.save(held(payment, self._clock()), operation_id)
        if not attempt.done and attempt.payment is not None:
            return self._finished_elsewhere(attempt.payment, operation_id)
        raise ProblemError(
            Problem(
                "fraud_check_unavailable",
                "The payment can't be checked for fraud now. Repeat the request with its "
                "Idempotency-Key; nothing is charged twice.",
                payment_id=payment.payment_id,
                retry_after=2,
            )
        )

    def _ask(self, call: Call, payment: Payment) -> Reply:
        timeout = self._acquirer_time(call)
        # A slow write may have used the time up; then the acquirer must not be left unheard.
        answer = (
            self._acquirer.submit(payment.instruction(), timeout_ms=timeout)
            if timeout > 0
            else Answer(Verdict.UNKNOWN)
        )
        return self._finish(call, payment, answer)

    def _acquirer_time(self, call: Call) -> int:
        """Give the milliseconds that the acquirer may take now."""
        return min(self._timeout_ms, call.deadline - self._clock() - WRITE_RESERVE_MS)

    def _finish(self, call: Call, payment: Payment, answer: Answer) -> Reply:
        """Write an outcome and answer it, or what another worker wrote in the meantime."""
        operation_id = payment.current.operation_id
        after = self.conclude(payment, answer, call.request_id)
        if after is not None:
            return _answer(after, operation_id, replayed=False)
        stored = self._store.get(payment.merchant_id, payment.payment_id)
        if stored is None:
            raise RuntimeError(f"payment {payment.payment_id} has vanished")
        return self._finished_elsewhere(stored, operation_id)

    def _repeat(
        self,
        call: Call,
        payment: Payment,
        operation_id: str,
        resume: Callable[[Payment], Reply],
    ) -> Reply:
        """Answer a request whose key was seen before, by ``resume`` if its worker is gone."""
        operation = payment.operations[operation_id]
        decision = idempotency.decide(
            stored_hash=operation.request_hash,
            new_hash=call.request_hash,
            response=operation.response,
            lease_until=payment.lease.until,
            now=self._clock(),
        )
        match decision:
            case Decision.REPLAY:
                return _answer(payment, operation_id, replayed=True)
            case Decision.MISMATCH:
                raise ProblemError(
                    Problem(
                        "idempotency_key_reused",
                        "This Idempotency-Key came with another body. Send a new key.",
                    )
                )
            case Decision.IN_FLIGHT:
                raise ProblemError(self._in_progress(payment))
            case Decision.RESUME:
                attempt = self._store.take_over(payment, self._lease(call))
                if attempt.done and attempt.payment is not None:
                    return resume(attempt.payment)
                return self._finished_elsewhere(attempt.payment or payment, operation_id)

    def _finished_elsewhere(self, stored: Payment, operation_id: str) -> Reply:
        """Answer after another worker took the operation over: its outcome, or to wait."""
        if stored.operations[operation_id].response is None:
            raise ProblemError(self._in_progress(stored))
        return _answer(stored, operation_id, replayed=True)

    def _refused(self, payment: Payment, operation: Operation) -> Problem:
        code = refusal(payment, operation) or "payment_busy"
        currency = payment.authorized.currency
        details = {
            "payment_busy": "Another operation of this payment is in progress. Repeat later.",
            "invalid_state": f"A payment that is {payment.state} allows no {operation.type}.",
            "currency_mismatch": f"The payment is in {currency}; send the amount in {currency}.",
            "amount_exceeds_remaining": (
                f"{payment.capturable} can be captured and {payment.refundable} refunded, "
                f"in minor units of {currency}."
            ),
            "too_many_operations": f"A payment may have {MAX_OPERATIONS} operations at most.",
        }
        waits = code == "payment_busy"
        wait = self._wait(payment) if waits else None
        return Problem(code, details[code], payment_id=payment.payment_id, retry_after=wait)

    def _in_progress(self, payment: Payment) -> Problem:
        return Problem(
            "request_in_progress",
            "The request with this key is being processed. Repeat it after Retry-After seconds.",
            payment_id=payment.payment_id,
            retry_after=self._wait(payment),
        )

    def _wait(self, payment: Payment) -> int:
        """Give the seconds after which to ask again: a worker that lives is done by then."""
        now = self._clock()
        return idempotency.retry_after(min(payment.lease.until, now + self._timeout_ms), now)


def payment_not_found(payment_id: str) -> Problem:
    """Describe that the merchant has no such payment."""
    return Problem("payment_not_found", f"This merchant has no payment {payment_id}.")


def _answer(payment: Payment, operation_id: str, *, replayed: bool) -> Reply:
    response = payment.operations[operation_id].response
    if response is None:
        return Reply(202, compact_json(payment_document(payment)), _UNKNOWN_RETRY_AFTER)
    headers = {"Idempotency-Replayed": "true"} if replayed else {}
    return Reply(response.status, response.body, headers)
