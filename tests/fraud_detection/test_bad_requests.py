"""What isn't a request for a score is refused, named, and never repeated back."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fraud_detection.score_request import read_transaction
from harness.fraud import ACCOUNT, MERCHANT, FraudTables, FraudTask
from harness.waiting import wait_until
from payment_core.problems import ProblemError
from payment_core.requests import MAX_BODY_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.aws import EmbeddedAWS

CARD = "4111111111111111"
GOOD = {"amount": 1250, "currency": "EUR", "token": "tok_visa0001"}


@pytest.fixture(scope="module")
def tables(aws: EmbeddedAWS) -> FraudTables:
    """One table for the file: nothing here is counted."""
    return FraudTables.made(aws)


@pytest.fixture(scope="module")
def task(aws: EmbeddedAWS, tables: FraudTables) -> Iterator[FraudTask]:
    with FraudTask(aws.environment(ACCOUNT), tables) as running:
        yield running


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"[]",
        b'"text"',
        b"null",
        b"\xff\xfe{}",
        b"[" * 20_000,
        b'{"amount":1,"amount":2}',
        b'{"amount":NaN,"currency":"EUR","token":"tok_visa0001"}',
    ],
)
def test_what_is_no_json_object_is_refused(
    task: FraudTask, tables: FraudTables, body: bytes
) -> None:
    answer = task.post(body)
    assert answer.status in (400, 413)
    assert answer.body["code"] in ("invalid_request", "body_too_large")
    assert tables.items() == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount", -5),
        ("amount", 0),
        ("amount", 12.5),
        ("amount", 1e3),
        ("amount", "1250"),
        ("amount", True),
        ("amount", None),
        ("amount", 10**12),
        ("currency", "eur"),
        ("currency", "XXX"),
        ("currency", 978),
        ("token", "visa"),
        ("token", ["tok_visa0001"]),
        ("token", "tok_" + "a" * 65),
        ("payment_id", "pay_1"),
        ("payment_id", None),
        ("reference", ""),
        ("reference", "<script>"),
        ("device_id", "a b"),
        ("device_id", "x" * 129),
        ("country", "de"),
        ("country", "ZZ"),
        ("country", "DEU"),
    ],
)
def test_a_field_at_fault_is_named(task: FraudTask, name: str, value: object) -> None:
    answer = task.post(json.dumps({**GOOD, name: value}))
    assert (answer.status, answer.body["code"]) == (400, "invalid_request")
    assert [error["field"] for error in answer.body["errors"]] == [name]


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_missing_field_is_named(task: FraudTask, name: str) -> None:
    answer = task.post(json.dumps({each: GOOD[each] for each in GOOD if each != name}))
    assert answer.status == 400
    assert answer.body["errors"][0]["field"] == name
    assert answer.body["errors"][0]["message"].startswith("is missing")


def test_unknown_fields_are_refused(task: FraudTask) -> None:
    # Below a merchant's path, the path says who the merchant is.
    for name in ("merchant_id", "cvv", "score", "x" * 50):
        answer = task.post(json.dumps({**GOOD, name: MERCHANT}))
        assert answer.status == 400
        assert "is unknown" in answer.body["errors"][0]["message"]
        assert "x" * 50 not in answer.text


def test_the_gateways_function_must_name_the_merchant(task: FraudTask) -> None:
    for body in (GOOD, {**GOOD, "merchant_id": "rivertown"}):
        answer = task.send("POST", "/internal/scores", json.dumps(body))
        assert answer.status == 400
        assert answer.body["errors"][0]["field"] == "merchant_id"


@pytest.mark.parametrize(
    "body",
    [
        {**GOOD, "token": f"tok_{CARD}"},
        {**GOOD, "token": CARD},
        {**GOOD, "reference": f"order {CARD}"},
        {**GOOD, "reference": "4111 1111 1111 1111"},
        {**GOOD, "device_id": CARD},
        {**GOOD, "payment_id": CARD},
        {**GOOD, "country": CARD},
        {**GOOD, "currency": CARD},
        {**GOOD, "amount": int(CARD)},
        {**GOOD, CARD: 1},
        {**GOOD, "nested": {"deep": [CARD]}},
        [CARD],
        CARD,
    ],
)
def test_card_numbers_are_refused_wherever_they_stand_and_never_repeated(
    task: FraudTask, tables: FraudTables, body: Any
) -> None:
    below = task.post(json.dumps(body))
    internal = task.send("POST", "/internal/scores", json.dumps(body))
    for answer in (below, internal):
        assert (answer.status, answer.body["code"]) == (400, "card_number_refused")
        assert CARD not in answer.text
    assert tables.items() == {}
    assert CARD not in json.dumps(task.lines)


def test_card_numbers_outside_the_body_are_not_logged(task: FraudTask) -> None:
    before = len(task.said("request"))
    task.send("POST", f"/merchants/{CARD}/scores", json.dumps(GOOD))
    task.send("POST", f"/{CARD}")
    answer = task.send("POST", "/internal/scores", b"{}", {"x-request-id": CARD})
    assert CARD not in answer.text
    wait_until(lambda: len(task.said("request")) >= before + 3)
    assert CARD not in json.dumps(task.lines)


def test_a_body_that_is_too_large_is_refused(task: FraudTask) -> None:
    answer = task.post(json.dumps({**GOOD, "reference": "x" * MAX_BODY_BYTES}))
    assert (answer.status, answer.body["code"]) == (413, "body_too_large")


def test_another_media_type_is_refused(task: FraudTask) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = task.send("POST", "/internal/scores", json.dumps(GOOD), {"Content-Type": kind})
        assert (answer.status, answer.body["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/merchants/{MERCHANT}/scores"),
        ("DELETE", "/internal/scores"),
        ("POST", "/"),
        ("POST", "/internal"),
        ("POST", f"/merchants/{MERCHANT}/scores/"),
        ("POST", f"/merchants/{MERCHANT}/x/scores"),
        ("GET", "/healthy"),
        ("POST", "/health"),
    ],
)
def test_there_is_nothing_else(task: FraudTask, method: str, path: str) -> None:
    answer = task.send(method, path)
    assert (answer.status, answer.body["code"]) == (404, "not_found")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from([*GOOD, "device_id", "country", "other"]), JSON))
def test_no_body_does_more_than_be_refused(body: dict[str, Any]) -> None:
    with contextlib.suppress(ProblemError):
        assert read_transaction(body, MERCHANT).merchant_id == MERCHANT
