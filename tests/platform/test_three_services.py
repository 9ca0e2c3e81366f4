"""The three services behind API Gateway as deployed: tokens, scores in line, read model, pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.caller import Caller

if TYPE_CHECKING:
    from harness.platform import Platform

TEST_CARD = {"number": "5105105105105100", "expiry_month": 12, "expiry_year": 2040}
ABOVE_FAIL_OPEN = 900_000


@pytest.fixture(scope="module")
def token(caller: Caller) -> str:
    answer = caller.send("POST", "/tokens", {"card": TEST_CARD})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def caller_of(platform: Platform, caller: Caller, api_name: str) -> Caller:
    return Caller(platform.merchant(caller.access.merchant_id, api_name=api_name), caller.http)


def test_a_merchant_gets_a_score_with_the_key_of_the_payments_api(
    platform: Platform, caller: Caller, token: str
) -> None:
    fraud = caller_of(platform, caller, "fraud")
    assert fraud.access.api_key == caller.access.api_key
    answer = fraud.send("POST", "/scores", {"amount": 1250, "currency": "EUR", "token": token})
    assert answer.status_code == 200, answer.text
    assert answer.json()["decision"] == "approve"


def test_large_payments_are_scored_before_they_are_charged(caller: Caller, token: str) -> None:
    """Above what passes unchecked: without the score they would be refused."""
    answer = caller.authorize(ABOVE_FAIL_OPEN, token=token)
    assert answer.status_code == 201, answer.text


def test_a_payment_is_seen_on_the_dashboard(platform: Platform, caller: Caller, token: str) -> None:
    payment_id = caller.authorize(1250, token=token).json()["payment_id"]
    platform.edge.drain()
    page = caller_of(platform, caller, "dashboard").send("GET", "/transactions")
    assert page.status_code == 200, page.text
    assert payment_id in page.text


@pytest.mark.parametrize(
    "page", ["overview", "refunds", "reconciliation", "webhooks", "usage", "exports/transactions"]
)
def test_every_page_is_answered(platform: Platform, caller: Caller, page: str) -> None:
    """Each reads tables, indexes and services of its own, which have to be deployed."""
    answer = caller_of(platform, caller, "dashboard").send("GET", f"/{page}")
    assert answer.status_code == 200, answer.text


def test_another_merchants_pages_are_refused(platform: Platform, caller: Caller) -> None:
    other = next(each for each in platform.merchant_ids if each != caller.access.merchant_id)
    dashboard = caller_of(platform, caller, "dashboard")
    assert dashboard.send("GET", "/overview", merchant_id=other).status_code == 403
