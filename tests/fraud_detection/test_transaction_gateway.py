"""The transaction gateway's client and this service understand each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fraud_detection.reasons import TEXTS
from harness.waiting import wait_until
from payment_core.fraud import FraudDecision, FraudQuestion
from payment_core.money import Money
from transaction_gateway.fraud_client import FraudClient

if TYPE_CHECKING:
    from harness.fraud import FraudTask

REQUEST_ID = "6f1c1f0e-8b1c-4a43-9a5a-0c3f7a6f2d11"


def _question(amount: int) -> FraudQuestion:
    return FraudQuestion(
        payment_id="pay_" + "a" * 26,
        merchant_id="m_rivertown",
        money=Money(amount, "EUR"),
        token="tok_approve",
        reference="order-1",
        device_id="device-7",
        country="DE",
        request_id=REQUEST_ID,
    )


def test_a_score_is_asked_for_and_read(task: FraudTask) -> None:
    client = FraudClient(str(task.client.base_url))
    for amount in (1000, 99_999_999_999):
        check = client.score(_question(amount), timeout_ms=5000)
        assert check.decision is not FraudDecision.UNAVAILABLE
        assert check.score is not None
        assert set(check.reasons) <= TEXTS.keys()
        assert check.model_version
    wait_until(lambda: len(task.said("request")) == 2)
    told = task.said("request")
    assert {line["request_id"] for line in told} == {REQUEST_ID}
    assert [line.get("repeated") for line in told] == [None, True], "one payment counts once"
