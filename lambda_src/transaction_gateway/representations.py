"""Payments as the API shows them, and what an operation's outcome is answered with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_functions.api_event import compact_json
from api_functions.times import rfc3339
from payment_core.acquirer import NOT_PROCESSED
from payment_core.idempotency import StoredResponse
from payment_core.payment import Status
from payment_core.problems import Problem
from payment_core.states import OperationType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payment_core.payment import Operation, Payment

_NOUNS = {
    OperationType.AUTHORIZE: "payment",
    OperationType.CAPTURE: "capture",
    OperationType.VOID: "void",
    OperationType.REFUND: "refund",
}
_RETRYABLE_DECLINES = frozenset({"issuer_unavailable", "try_again_later", NOT_PROCESSED})


def payment_document(payment: Payment) -> dict[str, object]:
    """Show a payment without its operations."""
    card = payment.card
    method = {
        "token": payment.token,
        "brand": card.brand if card else payment.brand,
        "last4": card and card.last4,
    }
    document = {
        "payment_id": payment.payment_id,
        "merchant_id": payment.merchant_id,
        "reference": payment.reference,
        "state": payment.state,
        "amount": payment.authorized.minor_units,
        "currency": payment.authorized.currency,
        "captured_amount": payment.captured,
        "refunded_amount": payment.refunded,
        "capturable_amount": payment.capturable,
        "refundable_amount": payment.refundable,
        "payment_method": _present(method),
        "decline_code": payment.authorization.decline_code,
        "version": payment.version,
        "created_at": rfc3339(payment.created_at),
        "updated_at": rfc3339(payment.updated_at),
    }
    return _present(document)


def payment_history(payment: Payment) -> dict[str, object]:
    """Show a payment with everything that was asked of the acquirer."""
    operations = sorted(payment.operations.values(), key=lambda operation: operation.created_at)
    return {
        **payment_document(payment),
        "operations": [_operation_document(operation) for operation in operations],
    }


def outcome(payment: Payment, operation: Operation, request_id: str) -> StoredResponse:
    """Write the answer of an operation that has ended, to be given and kept."""
    if operation.status is Status.SUCCEEDED:
        created = operation.type is OperationType.AUTHORIZE
        return StoredResponse(201 if created else 200, compact_json(payment_document(payment)))
    problem = decline(payment, operation)
    return StoredResponse(problem.status, compact_json(problem.document(request_id)))


def decline(payment: Payment, operation: Operation) -> Problem:
    """Describe a declined operation."""
    authorizing = operation.type is OperationType.AUTHORIZE
    code = operation.decline_code
    retryable = code in _RETRYABLE_DECLINES
    advice = "Try again with a new Idempotency-Key." if retryable else "Don't repeat it."
    return Problem(
        "payment_declined" if authorizing else "operation_declined",
        f"The {_NOUNS[operation.type]} was declined: {code}. {advice}",
        decline_code=code,
        payment_id=payment.payment_id,
        retryable=retryable,
    )


def _operation_document(operation: Operation) -> dict[str, object]:
    done = operation.completed_at
    return _present(
        {
            "operation_id": operation.operation_id,
            "type": operation.type,
            "status": operation.status,
            "amount": operation.money and operation.money.minor_units,
            "currency": operation.money and operation.money.currency,
            "reference": operation.reference,
            "decline_code": operation.decline_code,
            "created_at": rfc3339(operation.created_at),
            "completed_at": None if done is None else rfc3339(done),
        }
    )


def _present(members: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in members.items() if value is not None}
