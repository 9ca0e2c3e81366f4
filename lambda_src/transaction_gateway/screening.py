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
_PASSED_UNCHECKED, _HELD = "FraudPassedUnchecked", "FraudHeld"
# What didn't happen is measured too: shares need zeros, and alarms shouldn't lack data.
_ZEROS = dict.fromkeys((*_COUNTED_AS.values(), _PASSED_UNCHECKED, _HELD), 0)


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
        values = {"FraudCheckMs": took_ms, **_ZEROS, _COUNTED_AS[check.decision]: 1}
        if check.decision is FraudDecision.UNAVAILABLE:
            passes = self.admission(checked) is Admission.PASS
            values[_PASSED_UNCHECKED if passes else _HELD] = 1
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
        )
        return checked

    def admission(self, payment: Payment) -> Admission:
        """Decide by the result that the payment holds; without one it passes."""
        if payment.fraud is None:
            return Admission.PASS
        return self._policy.admit(payment.fraud, payment.authorized)
