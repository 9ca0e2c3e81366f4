"""Refunds from asking to their end, with a second person above the limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from merchant_dashboard import telemetry
from merchant_dashboard.errors import (
    NOT_FOUND,
    REFUND_DECIDED,
    REFUND_FORM_USED,
    SECOND_PERSON,
    PageError,
    invalid,
)
from merchant_dashboard.gateway import Verdict
from merchant_dashboard.refund_store import REFUND_ID, Refund, RefundState, refund_id
from transaction_gateway.times import now_ms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from merchant_dashboard.gateway import Outcome, TransactionGateway
    from merchant_dashboard.identity import Principal
    from merchant_dashboard.refund_store import RefundStore
    from merchant_dashboard.telemetry import Telemetry
    from payment_core.payment import Payment


class Refunds:
    """Asks, confirms, refuses and carries out.

    ``second_person_above`` is what one person may refund of a payment, in minor units by
    currency; where it names none, every refund needs two.
    """

    def __init__(
        self,
        store: RefundStore,
        gateway: TransactionGateway,
        telemetry: Telemetry,
        second_person_above: Mapping[str, int],
    ) -> None:
        self._store = store
        self._gateway = gateway
        self._telemetry = telemetry
        self._limits = second_person_above

    def ask(
        self,
        principal: Principal,
        payment: Payment,
        *,
        amount: int,
        reference: str | None,
        form_id: str,
    ) -> Refund:
        """Ask for a refund; the same form asks once. Raises ``PageError``."""
        if amount > payment.refundable:
            raise invalid("The amount must not be more than what is left to refund.")
        asked = Refund(
            refund_id=refund_id(payment.merchant_id, payment.payment_id, form_id),
            merchant_id=payment.merchant_id,
            payment_id=payment.payment_id,
            amount=amount,
            currency=payment.authorized.currency,
            reference=reference,
            state=RefundState.ASKED,
            asked_by=principal.session,
            asked_at=now_ms(),
        )
        stored = self._store.ask(asked)
        if (stored.amount, stored.reference) != (amount, reference):
            raise PageError(REFUND_FORM_USED)
        if stored is asked:
            self._tell("RefundsAsked", "refund asked", stored, principal)
        return stored

    def get(self, merchant_id: str, payment_id: str, refund_id: str) -> Refund:
        """Read a refund. Raises ``PageError`` (404)."""
        known = REFUND_ID.fullmatch(refund_id)
        refund = self._store.get(merchant_id, payment_id, refund_id) if known else None
        if refund is None:
            raise PageError(NOT_FOUND)
        return refund

    def limit(self, currency: str) -> int:
        """Give what one person may refund of a payment, in minor units."""
        return self._limits.get(currency, 0)

    def needs_second_person(self, refund: Refund) -> bool:
        """Tell whether whoever asked for it can't confirm it."""
        alone = self._store.alone(refund.merchant_id, refund.payment_id)
        return alone + refund.amount > self.limit(refund.currency)

    def confirm(self, refund: Refund, principal: Principal, request_id: str) -> Refund:
        """Confirm and carry out, or carry on what is confirmed. Raises ``PageError``."""
        if refund.state is RefundState.ASKED:
            self._decide(refund, principal)
        elif refund.state is not RefundState.CONFIRMED:
            raise PageError(REFUND_DECIDED)
        outcome = self._gateway.refund(refund, principal, request_id)
        self._end(refund, outcome, principal)
        return self.get(refund.merchant_id, refund.payment_id, refund.refund_id)

    def refuse(self, refund: Refund, principal: Principal) -> Refund:
        """Refuse or withdraw. Raises ``PageError`` when it was decided otherwise."""
        if not self._store.refuse(refund, principal.session, now_ms()):
            raise PageError(REFUND_DECIDED)
        self._tell("RefundsRefused", "refund refused", refund, principal, code="by_person")
        return self.get(refund.merchant_id, refund.payment_id, refund.refund_id)

    def _decide(self, refund: Refund, principal: Principal) -> None:
        person, now = principal.session, now_ms()
        if not principal.is_same_person_as(refund.asked_by):
            confirmed = self._store.confirm_as_second_person(refund, person, now)
        else:
            limit = self.limit(refund.currency)
            confirmed = self._store.confirm_alone(refund, person, now, limit=limit)
        if confirmed:
            self._tell("RefundsConfirmed", "refund confirmed", refund, principal)
            return
        current = self.get(refund.merchant_id, refund.payment_id, refund.refund_id)
        if current.state is RefundState.ASKED:
            telemetry.count("SecondPersonNeeded")
            raise PageError(SECOND_PERSON)
        if current.state is not RefundState.CONFIRMED:
            raise PageError(REFUND_DECIDED)

    def _end(self, refund: Refund, outcome: Outcome, principal: Principal) -> None:
        if outcome.verdict is Verdict.OPEN:
            self._tell("RefundsOpen", "refund open", refund, principal, code=outcome.code)
            return
        done = outcome.verdict is Verdict.DONE
        state = RefundState.DONE if done else RefundState.REFUSED
        if self._store.end(refund, state, now_ms(), code=None if done else outcome.code):
            metric, message = (
                ("RefundsDone", "refund done") if done else ("RefundsRefused", "refund refused")
            )
            self._tell(metric, message, refund, principal, code=outcome.code)

    def _tell(
        self,
        metric: str,
        message: str,
        refund: Refund,
        principal: Principal,
        *,
        code: str | None = None,
    ) -> None:
        """Count and log a step: who did what to which refund is the audit trail."""
        telemetry.count(metric)
        self._telemetry.info(
            message,
            merchant_id=refund.merchant_id,
            payment_id=refund.payment_id,
            refund_id=refund.refund_id,
            amount=refund.amount,
            currency=refund.currency,
            principal=principal.arn,
            code=code,
        )
