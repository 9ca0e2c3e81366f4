"""One payment: its facts, everything asked of the acquirer, its ledger, its refunds."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from merchant_dashboard import amounts
from merchant_dashboard.errors import NOT_FOUND, PageError, invalid
from payment_core.payment import MAX_OPERATIONS
from payment_core.states import ALLOWED_FROM, OperationType

if TYPE_CHECKING:
    from starlette.responses import Response

    from merchant_dashboard.web import Call
    from payment_core.payment import Payment

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:/#-]{0,63}")
_FORM_ID = re.compile(r"[0-9a-f]{32}")


def find(call: Call) -> Payment:
    """Read the path's payment. Raises ``PageError`` (404)."""
    payment = call.application.payments.get(call.merchant_id, call.parts["payment_id"])
    if payment is None:
        raise PageError(NOT_FOUND)
    return payment


def show(call: Call) -> Response:
    """Show a payment."""
    payment = find(call)
    operations = sorted(payment.operations.values(), key=lambda operation: operation.created_at)
    entries = [operation for operation in operations if operation.entry is not None]
    form_id = secrets.token_hex(16)
    return call.page(
        "transaction.html",
        title=f"Transaction {payment.reference}",
        section="transactions",
        payment=payment,
        operations=operations,
        entries=entries,
        postings_sum=sum(
            posting.money.minor_units
            for operation in entries
            if operation.entry is not None
            for posting in operation.entry.postings
        ),
        refunds=call.application.refund_store.of_payment(call.merchant_id, payment.payment_id),
        can_refund=can_refund(payment),
        limit=call.application.refunds.limit(payment.authorized.currency),
        form_id=form_id,
        csrf=call.form_token("askRefund", payment.payment_id, form_id),
    )


def ask_refund(call: Call) -> Response:
    """Ask for a refund, and go on to its confirmation."""
    payment = find(call)
    form_id = call.form.get("form_id", "")
    call.check_form("askRefund", payment.payment_id, form_id)
    if _FORM_ID.fullmatch(form_id) is None:
        raise invalid("The form is damaged. Open the transaction again.")
    amount = amounts.parse(call.form.get("amount", ""), payment.authorized.currency)
    reference = call.form.get("reference") or None
    if reference is not None and _REFERENCE.fullmatch(reference) is None:
        raise invalid("The reference may have 1 to 64 letters, digits or ' ._:/#-'.")
    refund = call.application.refunds.ask(
        call.principal, payment, amount=amount, reference=reference, form_id=form_id
    )
    return call.redirect("transactions", payment.payment_id, "refunds", refund.refund_id)


def can_refund(payment: Payment) -> bool:
    """Tell whether anything is left to refund."""
    return (
        payment.state in ALLOWED_FROM[OperationType.REFUND]
        and payment.refundable > 0
        and len(payment.operations) < MAX_OPERATIONS
    )
