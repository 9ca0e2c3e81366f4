"""Asks the fraud check about an authorization, decides by the policy, and tells the operators."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from payment_core.fraud import Admission, FraudDecision, FraudQuestion

if TYPE_CHECKING:
    from api_functions.logs import Logger
    from payment_core.fraud import FraudPolicy, FraudScorer
    from payment_core.payment import Payment
    from payment_core.requests import AuthorizeRequest

_COUNTED_AS = {
    FraudDecision.APPROVE: "FraudApproved",
    FraudDecision.REVIEW: "FraudInReview",
    FraudDecision.REFUSE: "FraudRefused",
    FraudDecision.UNAVAILABLE: "FraudUnavailable",
}


class Screening:
    """The fraud check in line with an authorization. ``timeout_ms`` is the longest it takes."""

    def __init__(
        self, scorer: FraudScorer, policy: FraudPolicy, *, timeout_ms: int, logger: Logger
    ) -> None:
        self._scorer = scorer
        self._policy = policy
        self.timeout_ms = timeout_ms
        self._logger = logger

    def score(self, payment: Payment, request: AuthorizeRequest, request_id: str) -> Payment:
        """Give the payment with a new check's result."""
        question = FraudQuestion(
            payment_id=payment.payment_id,
            merchant_id=payment.merchant_id,
            money=payment.authorized,
            token=payment.token,
            reference=payment.reference,
            device_id=request.device_id,
            country=request.country,
            request_id=request_id,
        )
        started = time.perf_counter()
        check = self._scorer.score(question, timeout_ms=self.timeout_ms)
        took_ms = round((time.perf_counter() - started) * 1000, 3)
        checked = replace(payment, fraud=check)
        admission = self.admission(checked)
        # Zeros too: an alarm on a share needs both its parts.
        values = {
            "FraudCheckMs": took_ms,
            **{name: int(check.decision is decision) for decision, name in _COUNTED_AS.items()},
            "FraudDegraded": int(check.degraded),
            "FraudHeld": int(admission is Admission.HOLD),
            "FraudPassedUnchecked": int(check.is_unchecked and admission is Admission.PASS),
        }
        self._logger.measure(
            "fraud check",
            values,
            units={"FraudCheckMs": "Milliseconds"},
            request_id=request_id,
            merchant_id=payment.merchant_id,
            payment_id=payment.payment_id,
            decision=check.decision,
            score=check.score,
            reasons=check.reasons,
            model_version=check.model_version,
            degraded=check.degraded,
        )
        return checked

    def admission(self, payment: Payment) -> Admission:
        """Decide by the result that the payment holds; without one it passes."""
        if payment.fraud is None:
            return Admission.PASS
        return self._policy.admit(payment.fraud, payment.authorized)
