"""What the deployed API answers to requests that are wrong, and that nothing comes of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from botocore import auth

from harness.testing import pci

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from harness.caller import Caller
    from harness.platform import Platform

PROBLEM_FIELDS = {"type", "title", "status", "detail", "code", "retryable", "request_id"}


def assert_problem(response: httpx.Response, status: int, code: str) -> None:
    assert (response.status_code, response.headers["content-type"]) == (
        status,
        "application/problem+json",
    ), response.text
    problem = response.json()
    assert problem.keys() >= PROBLEM_FIELDS
    assert (problem["status"], problem["code"]) == (status, code)


@pytest.fixture(autouse=True)
def nothing_charged(platform: Platform, request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test here must leave the acquirer's book as it was, unless it says otherwise."""
    before = len(platform.acquirer.charges())
    yield
    allowed = request.node.get_closest_marker("charges")
    assert len(platform.acquirer.charges()) - before == (allowed.args[0] if allowed else 0)


@pci("7.3.3")
def test_unsigned(caller: Caller) -> None:
    response = caller.http.post(
        f"{caller.access.invoke_url}/merchants/{caller.access.merchant_id}/payments",
        json={},
        headers={"x-api-key": caller.access.api_key, "Idempotency-Key": "k"},
    )
    assert_problem(response, 403, "authentication_missing")


@pci("7.3.3")
def test_signed_with_another_secret(caller: Caller) -> None:
    response = caller.with_access(secret_access_key="wrong").authorize()
    assert_problem(response, 403, "signature_invalid")


@pci("7.3.3")
def test_without_its_session_token(caller: Caller) -> None:
    assert_problem(caller.with_access(session_token="").authorize(), 403, "signature_invalid")


@pci("7.3.3")
def test_signed_six_minutes_ago(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    past = datetime.now(UTC) - timedelta(minutes=6)
    monkeypatch.setattr(auth, "get_current_datetime", lambda *_, **__: past, raising=False)
    request = caller.signed("GET", "/payments")
    assert past.strftime("%Y%m%dT%H%M") in request.headers["x-amz-date"], "the clock wasn't moved"
    assert_problem(caller.http.send(request), 403, "signature_invalid")


@pci("7.3.3")
def test_signature_replayed_with_another_body(caller: Caller) -> None:
    request = caller.signed("POST", "/payments", {"amount": 1})
    forged = caller.http.build_request(
        "POST",
        request.url,
        content=b'{"amount": 9}',
        headers={k: v for k, v in request.headers.items() if k != "content-length"},
    )
    assert_problem(caller.http.send(forged), 403, "signature_invalid")


@pci("7.2.5", "7.3.3")
def test_foreign_merchant(caller: Caller, platform: Platform) -> None:
    response = caller.send("GET", "/payments", merchant_id=platform.merchant_ids[1])
    assert_problem(response, 403, "access_denied")


@pci("7.3.3")
def test_foreign_api_key(caller: Caller, platform: Platform) -> None:
    other = platform.merchant(platform.merchant_ids[1])
    assert_problem(caller.with_access(api_key=other.api_key).authorize(), 403, "api_key_mismatch")


@pci("7.3.3")
def test_unknown_api_key(caller: Caller) -> None:
    assert_problem(caller.with_access(api_key="x" * 30).authorize(), 403, "api_key_invalid")


@pci("6.2.4")
def test_oversized_body(caller: Caller) -> None:
    """Padding keeps the contract, so that the size alone is wrong; the firewall sees it first."""
    body = json.dumps(
        {
            "amount": 1250,
            "currency": "EUR",
            "reference": "order-1",
            "payment_method": {"token": "tok_approve"},
        }
    )
    response = caller.send("POST", "/payments", (body + " " * 20_000).encode())
    assert_problem(response, 403, "request_blocked")


@pci("6.2.4")
@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(b'{"amount": 1250,', "invalid_request", id="malformed"),
        pytest.param(b"[]", "invalid_request", id="not an object"),
        pytest.param(b"", "invalid_request", id="empty"),
    ],
)
def test_malformed_json(caller: Caller, body: bytes, code: str) -> None:
    assert_problem(caller.send("POST", "/payments", body), 400, code)


@pci("6.2.4")
@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"surprise": 1}, id="unknown field"),
        pytest.param({"amount": 12.5}, id="float"),
        pytest.param({"amount": "1250"}, id="text"),
        pytest.param({"amount": 0}, id="zero"),
        pytest.param({"amount": -1}, id="negative"),
        pytest.param({"currency": "eur"}, id="lower case"),
    ],
)
def test_fields_that_are_wrong(caller: Caller, change: dict[str, object]) -> None:
    body = {
        "amount": 1250,
        "currency": "EUR",
        "reference": "order-1",
        "payment_method": {"token": "tok_approve"},
        **change,
    }
    assert_problem(caller.send("POST", "/payments", body), 400, "invalid_request")


def test_float_that_is_whole(caller: Caller) -> None:
    """1250.0 and 1.25e3 satisfy a JSON schema's integer; money is written as an integer."""
    for amount in (b"1250.0", b"1.25e3"):
        body = json.dumps(
            {"currency": "EUR", "reference": "o", "payment_method": {"token": "tok_approve"}}
        ).encode()
        response = caller.send("POST", "/payments", b'{"amount":' + amount + b"," + body[1:])
        assert_problem(response, 400, "invalid_request")


def test_currency_that_does_not_exist(caller: Caller) -> None:
    assert_problem(caller.authorize(currency="XYZ"), 400, "invalid_request")


@pci("3.4.1")
def test_card_number_where_a_token_belongs(caller: Caller) -> None:
    assert_problem(caller.authorize(reference="4242424242424242"), 400, "card_number_refused")


def test_missing_idempotency_key(caller: Caller) -> None:
    response = caller.send("POST", "/payments", {"amount": 1}, headers={"Idempotency-Key": ""})
    assert_problem(response, 400, "invalid_request")


def test_malformed_idempotency_key(caller: Caller) -> None:
    assert_problem(caller.authorize(key="two words"), 400, "idempotency_key_malformed")


def test_body_of_another_media_type(caller: Caller) -> None:
    response = caller.send("POST", "/payments", b"amount=1", headers={"Content-Type": "text/plain"})
    assert_problem(response, 415, "unsupported_media_type")


@pytest.mark.charges(1)
def test_capture_above_the_authorization(caller: Caller) -> None:
    response = caller.capture(caller.authorized(1000), 1001)
    assert_problem(response, 422, "amount_exceeds_remaining")


@pytest.mark.charges(1)
def test_capture_in_another_currency(caller: Caller) -> None:
    payment_id = caller.authorized(1000)
    body = {"amount": 1000, "currency": "USD"}
    response = caller.send("POST", f"/payments/{payment_id}/captures", body)
    assert_problem(response, 422, "currency_mismatch")


@pytest.mark.charges(1)
def test_key_reused_with_other_content(caller: Caller) -> None:
    assert caller.authorize(1000, key="reused").status_code == 201
    assert_problem(caller.authorize(2000, key="reused"), 422, "idempotency_key_reused")


@pytest.mark.charges(1)
def test_repetition_is_replayed(caller: Caller) -> None:
    first, second = (caller.authorize(1000, key="repeated") for _ in range(2))
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"


@pci("7.2.5")
def test_payment_of_another_merchant_is_not_found(caller: Caller) -> None:
    payment_id = f"pay_{'a' * 26}"
    assert_problem(caller.send("GET", f"/payments/{payment_id}"), 404, "payment_not_found")


@pci("7.3.3")
def test_unknown_path(caller: Caller) -> None:
    assert_problem(caller.send("GET", "/cards"), 403, "authentication_missing")
