"""One refund, from asked to done, and the list of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from merchant_dashboard.pages.transaction import find
from merchant_dashboard.refund_store import RefundState

if TYPE_CHECKING:
    from starlette.responses import Response

    from merchant_dashboard.refund_store import Refund
    from merchant_dashboard.web import Call

_LISTED = 25


def show(call: Call) -> Response:
    """Show a refund, with what this person may do about it."""
    payment = find(call)
    refund = _refund(call)
    refunds = call.application.refunds
    mine = call.principal.is_same_person_as(refund.asked_by)
    waits = refund.state is RefundState.ASKED and refunds.needs_second_person(refund)
    return call.page(
        "refund.html",
        title="Refund",
        section="refunds",
        payment=payment,
        refund=refund,
        mine=mine,
        needs_second_person=waits,
        may_confirm=not (waits and mine),
        limit=refunds.limit(refund.currency),
        confirm_token=call.form_token(*_purpose("confirmRefund", refund)),
        refuse_token=call.form_token(*_purpose("refuseRefund", refund)),
    )


def confirm(call: Call) -> Response:
    """Confirm a refund and carry it out, or carry on with a confirmed one."""
    refund = _refund(call)
    call.check_form(*_purpose("confirmRefund", refund))
    call.application.refunds.confirm(refund, call.principal, call.request_id)
    return _back(call, refund)


def refuse(call: Call) -> Response:
    """Refuse a refund, or withdraw one's own."""
    refund = _refund(call)
    call.check_form(*_purpose("refuseRefund", refund))
    call.application.refunds.refuse(refund, call.principal)
    return _back(call, refund)


def show_all(call: Call) -> Response:
    """Show the refunds that wait, and the latest that ended."""
    store = call.application.refund_store
    by_state = {
        state: store.latest(call.merchant_id, state, limit=_LISTED) for state in RefundState
    }
    ended = [*by_state[RefundState.DONE], *by_state[RefundState.REFUSED]]
    return call.page(
        "refunds.html",
        title="Refunds",
        section="refunds",
        waiting=[*by_state[RefundState.CONFIRMED], *by_state[RefundState.ASKED]],
        ended=sorted(ended, key=lambda refund: refund.asked_at, reverse=True)[:_LISTED],
    )


def _refund(call: Call) -> Refund:
    return call.application.refunds.get(
        call.merchant_id, call.parts["payment_id"], call.parts["refund_id"]
    )


def _purpose(action: str, refund: Refund) -> tuple[object, ...]:
    """Bind a form to the refund as it was shown: payment and amount included."""
    return action, refund.payment_id, refund.refund_id, refund.amount, refund.currency


def _back(call: Call, refund: Refund) -> Response:
    return call.redirect("transactions", refund.payment_id, "refunds", refund.refund_id)
