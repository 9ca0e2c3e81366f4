"""Every problem the gateway can answer, provoked; and what is never stored."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from harness.payments import (
    ACCOUNT,
    COLLECTION,
    CONTRACT,
    ITEM,
    MERCHANT,
    caller,
    fraud_settings,
)
from harness.testing import pci
from payment_core.payment import MAX_OPERATIONS
from payment_core.problems import CATALOGUE
from transaction_gateway.dynamodb_values import encode_map
from transaction_gateway.payment_items import to_item

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.payments import Answer, Gateway

GATEWAY_CODES = {
    "access_denied",
    "api_key_invalid",
    "authentication_missing",
    "integration_failed",
    "integration_timeout",
    "quota_exceeded",
    "request_blocked",
    "signature_invalid",
    "throttled",
}
"""Codes of API Gateway's own answers, which the handler never gives."""

TOKENIZER_CODES = {"acquirer_unavailable", "card_unsupported", "security_code_refused"}
"""Codes of the tokenizer alone: see tests/tokenizer."""

BODY = {
    "amount": 1000,
    "currency": "EUR",
    "payment_method": {"token": "tok_approve"},
    "reference": "order-1",
}
NOBODY = "pay_" + "a" * 26
OTHER = "m_othershop"


def _post(gateway: Gateway, body: object = BODY, **options: Any) -> Answer:
    return gateway.call("POST", COLLECTION, body, **{"key": "the-key", **options})


def _with(**members: object) -> dict[str, object]:
    return {**BODY, **members}


def _payment(gateway: Gateway) -> str:
    payment_id: str = gateway.authorize(1000, key="its-key").body["payment_id"]
    return payment_id


def _fill_with_operations(gateway: Gateway) -> Answer:
    """Write a payment that has all the operations it may have, as if each had been asked for."""
    payment_id = _payment(gateway)
    stored = gateway.application.store.get(MERCHANT, payment_id)
    assert stored is not None
    ids = [payment_id, *(f"op_{n}" for n in range(1, MAX_OPERATIONS))]
    full = replace(stored, operations=dict.fromkeys(ids, stored.authorization))
    gateway.table.client.put_item(TableName=gateway.table.name, Item=encode_map(to_item(full)))
    return gateway.operate("captures", payment_id, 1)


def _while_another_works(gateway: Gateway, ask: Callable[[], Answer]) -> Answer:
    """Ask between the two writes of a capture with the key ``its-key``."""
    payment_id = _payment(gateway)
    answers: list[Answer] = []

    def meanwhile(_action: str, write: int) -> None:
        if write == 2 and not answers:
            gateway.table.forget_calls()
            answers.append(ask())

    gateway.table.forget_calls()
    gateway.table.before = meanwhile
    assert gateway.operate("captures", payment_id, 10, key="its-key").status == 200
    return answers[0]


def _capture_again(gateway: Gateway, key: str) -> Callable[[], Answer]:
    return lambda: gateway.operate("captures", _payment(gateway), 10, key=key)


def _failing_store(gateway: Gateway, code: str) -> Answer:
    def fail(action: str, _write: int) -> None:
        error = {"Error": {"Code": code, "Message": "provoked"}}
        raise ClientError(error, action)  # type: ignore[arg-type]  # a response in short

    gateway.table.before = fail
    return _post(gateway)


def _unchecked(gateway: Gateway) -> Gateway:
    """Give a worker whose fraud check is silent, and who lets nothing pass without."""
    fraud = fraud_settings("http://127.0.0.1:9", passes_up_to={"JPY": 1})
    return type(gateway)(gateway.table, "http://127.0.0.1:9", gateway.clock, fraud)


def _reused_key(gateway: Gateway) -> Answer:
    _post(gateway)
    return _post(gateway, _with(amount=999))


PROVOKED: dict[str, Callable[[Gateway], Answer]] = {
    "amount_exceeds_remaining": lambda g: g.operate("captures", _payment(g), 1001),
    "api_key_mismatch": lambda g: _post(
        g, requestContext=caller(MERCHANT, apiKeyId="key-of-other")
    ),
    "body_too_large": lambda g: _post(g, _with(reference="x" * 17_000)),
    "card_number_refused": lambda g: _post(g, _with(reference="4242 4242 4242 4242")),
    "currency_mismatch": lambda g: g.operate("captures", _payment(g), 10, currency="USD"),
    "fraud_check_unavailable": lambda g: _unchecked(g).authorize(1000),
    "idempotency_key_malformed": lambda g: _post(g, key="a key"),
    "idempotency_key_missing": lambda g: _post(g, key=None),
    "idempotency_key_reused": _reused_key,
    "internal_error": lambda g: _failing_store(g, "AccessDeniedException"),
    "invalid_cursor": lambda g: g.call("GET", COLLECTION, query={"cursor": "bm90IG91cnM"}),
    "invalid_request": lambda g: _post(g, _with(amount=1.0)),
    "invalid_state": lambda g: g.operate("refunds", _payment(g), 10),
    "merchant_mismatch": lambda g: _post(g, requestContext=caller(OTHER)),
    "not_found": lambda g: g.call("DELETE", ITEM, payment_id=NOBODY),
    "operation_declined": lambda g: g.operate(
        "void", g.authorize(token="tok_void_decline_do_not_honor").body["payment_id"]
    ),
    "out_of_time": lambda g: g.authorize(remaining_ms=300),
    "payment_busy": lambda g: _while_another_works(g, _capture_again(g, "another-key")),
    "payment_declined": lambda g: g.authorize(token="tok_decline_expired_card"),
    "payment_not_found": lambda g: g.operate("captures", NOBODY, 10),
    "request_in_progress": lambda g: _while_another_works(g, _capture_again(g, "its-key")),
    "storage_unavailable": lambda g: _failing_store(g, "ThrottlingException"),
    "too_many_operations": _fill_with_operations,
    "unsupported_media_type": lambda g: _post(
        g, multiValueHeaders={"Content-Type": ["text/plain"], "idempotency-key": ["the-key"]}
    ),
}


@pytest.mark.parametrize("code", PROVOKED)
def test_each_problem_is_answered_as_documented(gateway: Gateway, code: str) -> None:
    answer = PROVOKED[code](gateway)

    assert answer.body["code"] == code
    assert answer.status == CATALOGUE[code].status == answer.body["status"]
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.body["retryable"] == CATALOGUE[code].retryable
    assert answer.body["request_id"]


def test_every_problem_of_the_catalogue_is_provoked_or_is_the_gateways() -> None:
    assert PROVOKED.keys() | GATEWAY_CODES | TOKENIZER_CODES == CATALOGUE.keys()


def test_the_contract_documents_exactly_the_catalogue() -> None:
    problem = CONTRACT.document["components"]["schemas"]["Problem"]
    assert problem["properties"]["code"]["enum"] == sorted(CATALOGUE)


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (_with(amount=1e3), "amount"),
        (_with(amount=True), "amount"),
        (_with(amount="1000"), "amount"),
        (_with(amount=0), "amount"),
        (_with(amount=100_000_000_000), "amount"),
        (_with(currency="EUX"), "currency"),
        (_with(country="QQ"), "country"),
        (_with(country="de"), "country"),
        (_with(country=None), "country"),
        (_with(device_id=""), "device_id"),
        (_with(device_id="a b"), "device_id"),
        (_with(device_id="a" * 129), "device_id"),
        (_with(device_id=7), "device_id"),
        (_with(currency="eur"), "currency"),
        (_with(payment_method={}), "payment_method.token"),
        (_with(payment_method="tok_approve"), "payment_method"),
        (_with(payment_method={"token": "tok_x", "cvv": "123"}), "payment_method.cvv"),
        (_with(capture=True), "capture"),
        ({k: v for k, v in BODY.items() if k != "reference"}, "reference"),
    ],
)
def test_a_field_at_fault_is_named(gateway: Gateway, body: object, names: str) -> None:
    answer = _post(gateway, body)
    assert answer.status == 400
    assert names in [error["field"] for error in answer.body["errors"]]
    assert gateway.table.calls == []


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "null",
        "{",
        "{} {}",
        '{"a": NaN}',
        "[" * 9000,
        "[" * 600 + "]" * 600,
        '{"amount": 1, "amount": 2}',
        "\ud800",
    ],
)
def test_what_is_no_json_object_is_refused(gateway: Gateway, body: str) -> None:
    answer = _post(gateway, body)
    assert (answer.status, answer.body["code"]) == (400, "invalid_request")


@pci("3.4.1")
@pytest.mark.parametrize(
    "body",
    [
        _with(reference="4242424242424242"),
        _with(payment_method={"token": "tok_4242424242424242"}),
        _with(payment_method={"token": "tok_approve", "number": "5555-5555-5555-4444"}),
        _with(amount=378282246310005),
        _with(device_id="4242424242424242"),
        _with(device_id="pc-4242-4242-4242-4242"),
        _with(country="4242424242424242"),
        _with(**{"6011111111111117": "x"}),
        _with(note=[{"deep": ["3530 1113 3330 0000"]}]),
        json.dumps(_with(reference="N")).replace("N", "\\u0034242424242424242"),
    ],
)
def test_card_numbers_are_refused_wherever_they_are_and_never_repeated(
    gateway: Gateway, body: object, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = _post(gateway, body)

    assert (answer.status, answer.body["code"]) == (400, "card_number_refused")
    assert gateway.table.calls == []
    for text in (answer.text, capsys.readouterr().out):
        assert not any(
            number in text for number in ("424242", "378282", "601111", "555555", "3530")
        )


@pci("3.4.1")
def test_a_card_number_as_key_is_refused(gateway: Gateway) -> None:
    answer = _post(gateway, key="order-4242-4242-4242-4242")
    assert (answer.status, answer.body["code"]) == (400, "card_number_refused")
    assert "4242" not in answer.text


def test_a_key_sent_under_two_spellings_is_refused(gateway: Gateway) -> None:
    headers = {
        "Content-Type": ["application/json"],
        "Idempotency-Key": ["the-key"],
        "idempotency-key": ["another-key"],
    }
    answer = _post(gateway, multiValueHeaders=headers)
    assert (answer.status, answer.body["code"]) == (400, "idempotency_key_malformed")
    assert gateway.table.calls == []


@pci("3.4.1")
def test_a_card_number_in_the_path_is_not_logged(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gateway.get("pay_4242424242424242").status == 404
    assert "4242" not in capsys.readouterr().out


def test_refused_requests_leave_their_key_unused(gateway: Gateway) -> None:
    assert _post(gateway, _with(amount=-1)).status == 400
    assert _post(gateway, remaining_ms=100).status == 503
    answer = _post(gateway)
    assert (answer.status, answer.replayed) == (201, False)


def test_spacing_and_order_of_a_repetition_do_not_matter(gateway: Gateway) -> None:
    first = _post(gateway)
    again = _post(gateway, json.dumps(dict(reversed(BODY.items())), indent=4))
    assert (again.status, again.text, again.replayed) == (201, first.text, True)


@pci("7.3.3")
@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:sts::{ACCOUNT}:assumed-role/merchant-{MERCHANT}x/session",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/other/merchant-{MERCHANT}/session",
        f"arn:aws:sts::999999999999:assumed-role/merchant-{MERCHANT}/session",
        f"arn:aws:iam::{ACCOUNT}:role/merchant-{MERCHANT}",
        f"arn:aws:iam::{ACCOUNT}:user/merchant-{MERCHANT}",
        "",
    ],
)
def test_only_the_merchants_own_role_speaks_for_it(gateway: Gateway, arn: str) -> None:
    answer = _post(gateway, requestContext=caller(MERCHANT, userArn=arn))
    assert (answer.status, answer.body["code"]) == (403, "merchant_mismatch")
    assert gateway.table.calls == []


@pci("7.3.3")
def test_a_merchant_without_profile_is_refused(gateway: Gateway) -> None:
    answer = gateway.authorize(1000)
    assert answer.status == 201
    stranger = gateway.call("GET", COLLECTION, merchant_id=OTHER)
    assert (stranger.status, stranger.body["code"]) == (403, "api_key_mismatch")


@pci("7.2.5")
def test_another_merchants_payment_is_not_found(gateway: Gateway) -> None:
    gateway.table.put_profile(OTHER, f"key-{OTHER}")
    payment_id = _payment(gateway)
    answer = gateway.call("GET", ITEM, merchant_id=OTHER, payment_id=payment_id)
    assert (answer.status, answer.body["code"]) == (404, "payment_not_found")


def test_a_profile_is_read_once_a_minute(gateway: Gateway) -> None:
    gateway.authorize()
    gateway.authorize()
    assert "GetItem" not in gateway.table.calls
    gateway.clock.advance(61_000)
    gateway.authorize()
    assert gateway.table.calls.count("GetItem") == 1


@pci("10.2.2")
def test_logs_hold_ids_and_codes_but_no_token(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = gateway.authorize(token="tok_decline_stolen_card__secretive")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[-1]["status"] == 402
    assert lines[-1]["merchant_id"] == MERCHANT
    assert answer.body["request_id"] == lines[-1]["request_id"]
    assert "secretive" not in json.dumps(lines)
