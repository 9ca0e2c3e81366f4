"""Cards that the acquirer knows: it behaves as their numbers do, and tells what may be shown."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from harness.payments import MERCHANT
from harness.testing import pci
from payment_core.cards import holds_card_number
from transaction_gateway.dynamodb_values import decode_map

if TYPE_CHECKING:
    from harness.acquirer import AcquirerSimulator
    from harness.payments import Gateway

TOKEN = "tok_7m2vqkxw"


def _ask(simulator: AcquirerSimulator, method: str, path: str, body: object = None) -> Any:
    connection = http.client.HTTPConnection(urlsplit(simulator.url).netloc, timeout=30)
    connection.request(method, path, None if body is None else json.dumps(body))
    response = connection.getresponse()
    answer = (response.status, response.read().decode())
    connection.close()
    return answer


def _register(simulator: AcquirerSimulator, number: str, token: str = TOKEN) -> int:
    body = {"number": number, "expiry_month": 12, "expiry_year": 2039}
    status: int = _ask(simulator, "PUT", f"/cards/{token}", body)[0]
    return status


@pytest.mark.parametrize(
    ("number", "status", "told"),
    [
        ("4242424242424242", 201, "authorized"),
        ("5555555555554444", 201, "authorized"),
        ("4000000000000002", 402, "do_not_honor"),
        ("4000000000009995", 402, "insufficient_funds"),
        ("4000000000000119", 402, "issuer_unavailable"),
        ("4000000000080012", 202, "unknown"),
        ("4000000000080020", 202, "unknown"),
        ("4000000000080046", 201, "authorized"),
        ("4000000000080053", 201, "authorized"),
        ("4000000000080061", 202, "unknown"),
    ],
)
def test_a_test_card_behaves_as_it_is_known_for(
    gateway: Gateway, simulator: AcquirerSimulator, number: str, status: int, told: str
) -> None:
    assert _register(simulator, number) == 200
    answer = gateway.authorize(1000, token=TOKEN)
    assert answer.status == status
    assert answer.body.get("decline_code", answer.body.get("state")) == told


@pytest.mark.parametrize(
    ("number", "brand", "country"),
    [
        ("4242424242424242", "visa", "US"),
        ("4000002760000016", "visa", "DE"),
        ("2223003122003222", "mastercard", "US"),
        ("378282246310005", "amex", "US"),
        ("4000000000000002", "visa", "US"),
    ],
)
def test_brand_and_last_digits_are_stored_and_shown(
    gateway: Gateway, simulator: AcquirerSimulator, number: str, brand: str, country: str
) -> None:
    _register(simulator, number)
    answer = gateway.authorize(1000, token=TOKEN).body
    payment = gateway.get(answer["payment_id"])

    shown = {"token": TOKEN, "brand": brand, "last4": number[-4:]}
    assert payment.body["payment_method"] == shown
    item = gateway.table.client.get_item(
        TableName=gateway.table.name,
        Key={"pk": {"S": f"MERCHANT#{MERCHANT}"}, "sk": {"S": f"PAYMENT#{answer['payment_id']}"}},
    )["Item"]
    assert decode_map(item)["card"] == {
        "brand": brand,
        "bin": number[:6],
        "last4": number[-4:],
        "country": country,
    }


def test_the_acquirers_brand_counts_more_than_the_merchants(
    gateway: Gateway, simulator: AcquirerSimulator
) -> None:
    _register(simulator, "378282246310005")
    method = {"token": TOKEN, "brand": "visa"}
    answer = gateway.authorize(1000, payment_method=method)
    assert answer.body["payment_method"]["brand"] == "amex"


def test_a_card_is_told_of_also_when_the_outcome_is_asked_for_later(
    gateway: Gateway, simulator: AcquirerSimulator
) -> None:
    _register(simulator, "4000000000080020")
    payment_id = gateway.authorize(1000, token=TOKEN).body["payment_id"]
    assert "last4" not in gateway.get(payment_id).body["payment_method"]
    assert gateway.sweep()["resolved"] == 1
    assert gateway.get(payment_id).body["payment_method"]["last4"] == "0020"


def test_a_capture_leaves_what_is_known_of_the_card(
    gateway: Gateway, simulator: AcquirerSimulator
) -> None:
    _register(simulator, "4000000000005126")
    payment_id = gateway.authorize(1000, token=TOKEN).body["payment_id"]
    assert gateway.operate("captures", payment_id, 1000).status == 200
    refund = gateway.operate("refunds", payment_id, 10)
    assert (refund.status, refund.body["decline_code"]) == (402, "do_not_honor")
    assert gateway.get(payment_id).body["payment_method"]["last4"] == "5126"


def test_a_registration_may_be_repeated_and_names_one_card(simulator: AcquirerSimulator) -> None:
    assert [_register(simulator, "4242424242424242") for _ in range(2)] == [200, 200]
    assert _register(simulator, "5555555555554444") == 409
    assert _register(simulator, "4000000000080079", "tok_other") == 422
    assert _ask(simulator, "GET", "/cards/tok_other")[0] == 404
    assert _register(simulator, "4242", "tok_other") == 400
    assert _ask(simulator, "PUT", "/cards/tok_other", {"number": 4242424242424242})[0] == 400


@pci("3.4.1")
def test_the_acquirer_shows_and_keeps_no_number(
    gateway: Gateway, simulator: AcquirerSimulator, capfd: pytest.CaptureFixture[str]
) -> None:
    for token, number in (("tok_first", "4242424242424242"), ("tok_second", "4000000000000002")):
        _register(simulator, number, token)
        gateway.authorize(1000, token=token)
    shown = [
        _ask(simulator, "GET", path)[1]
        for path in ("/cards/tok_first", "/cards/tok_second", "/charges", "/settlement")
    ]
    kept = [repr(vars(simulator.cards)), repr(vars(simulator.book))]
    assert "424242" in shown[0], "the first six digits may be shown"
    printed = capfd.readouterr()
    for text in (*shown, *kept, printed.out, printed.err):
        assert not holds_card_number(text)
