"""Dev's limits as deployed: who floods is refused, captures and other merchants are not."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from harness.caller import Caller
from harness.monitored import statistics

if TYPE_CHECKING:
    import httpx

    from harness.platform import Platform

NOISY = "m_florist"
REQUESTS = 150


@pytest.fixture(scope="module")
def florist(platform: Platform, caller: Caller) -> Caller:
    return Caller(platform.merchant(NOISY), caller.http, patience_s=0)


def test_a_flood_costs_neither_captures_nor_other_merchants(
    platform: Platform, florist: Caller, caller: Caller
) -> None:
    payment_id = florist.authorized(1250)
    flooded = threading.Event()

    def ask(number: int) -> httpx.Response:
        answer = florist.send("GET", "/payments?limit=1")
        if number == REQUESTS // 3:
            flooded.set()
        return answer

    with ThreadPoolExecutor(12) as threads:
        flood = [threads.submit(ask, number) for number in range(REQUESTS)]
        assert flooded.wait(60)
        captured = florist.capture(payment_id, 1250)
        others = [caller.send("GET", "/payments?limit=1").status_code for _ in range(5)]
        answers = [each.result() for each in flood]
    assert captured.status_code != 429, captured.text
    assert 429 not in others
    counted = Counter(answer.status_code for answer in answers)
    assert counted[429] > 0, counted

    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["code"] == "throttled"

    platform.edge.flush_metrics()
    metrics = platform.aws.client("cloudwatch", platform.account_id)
    measured = statistics(metrics, "ApiGateway/payments-dev-payments-v1", "ThrottledRequests")
    assert measured["Sum"] >= counted[429]
