"""The fraud check in line: who is charged, who isn't, and what is known of it when things fail."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from harness.fraud_stub import APPROVE, REFUSE, REVIEW, FraudStub
from harness.payments import MERCHANT, Gateway, WorkerDeathError, fraud_settings
from transaction_gateway.dynamodb_values import decode_map

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.acquirer import AcquirerSimulator
    from harness.payments import Table

LEASE_MS = 11_000
UNCHECKED = {"decision": "unavailable", "reasons": []}
LARGE = 5001
SMALL = 5000
"""The largest amount that passes unchecked: see ``fraud_settings``."""


@pytest.fixture
def fraud() -> Iterator[FraudStub]:
    with FraudStub() as stub:
        yield stub


@pytest.fixture
def gateway(table: Table, simulator: AcquirerSimulator, fraud: FraudStub) -> Gateway:
    """A warm worker that asks the fraud stub."""
    ready = Gateway(table, simulator.url, fraud=fraud_settings(fraud.url))
    ready.get("pay_" + "a" * 26)
    table.forget_calls()
    return ready


def _stored(gateway: Gateway) -> dict[str, Any]:
    """Read the one payment's item."""
    items = gateway.table.client.query(
        TableName=gateway.table.name,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :payment)",
        ExpressionAttributeValues={
            ":pk": {"S": f"MERCHANT#{MERCHANT}"},
            ":payment": {"S": "PAYMENT#"},
        },
    )["Items"]
    (item,) = items
    return decode_map(item)


def _die_at(gateway: Gateway, side: str, write: int) -> None:
    def fault(_action: str, number: int) -> None:
        if number == write:
            raise WorkerDeathError

    gateway.table.forget_calls()
    setattr(gateway.table, side, fault)


def test_an_approved_payment_is_charged_with_two_dynamodb_calls(
    gateway: Gateway, simulator: AcquirerSimulator, fraud: FraudStub
) -> None:
    for _ in range(2):
        gateway.table.forget_calls()
        answer = gateway.authorize(1000, device_id="device-7", country="DE", order="order-9")
        assert answer.status == 201
        assert gateway.table.calls == ["PutItem", "UpdateItem"]

    assert len(simulator.charges()) == 2
    assert fraud.asked[1] == {
        "merchant_id": MERCHANT,
        "payment_id": answer.body["payment_id"],
        "amount": 1000,
        "currency": "EUR",
        "token": "tok_approve",
        "reference": "order-9",
        "device_id": "device-7",
        "country": "DE",
    }
    assert fraud.connections == 1, "one connection is kept"


def test_the_score_is_asked_for_in_the_requests_name_and_trace(
    gateway: Gateway, fraud: FraudStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793")
    gateway.authorize(1000)
    assert fraud.headers[0]["x-amzn-trace-id"] == "Root=1-5759e988-bd862e3fe1be46a994272793"
    assert len(fraud.headers[0]["x-request-id"]) == 36


def test_nothing_unknown_is_sent(gateway: Gateway, fraud: FraudStub) -> None:
    gateway.authorize(1000)
    assert not fraud.asked[0].keys() & {"device_id", "country"}


def test_a_decision_is_stored_and_shown_to_nobody(gateway: Gateway, fraud: FraudStub) -> None:
    fraud.answer_with({**REVIEW, "reasons": [{"code": "night", "text": "Late."}]})
    answer = gateway.authorize(1000)

    assert _stored(gateway)["fraud"] == {
        "decision": "review",
        "score": 640,
        "reasons": ["night"],
        "model_version": "2026-11-01",
    }
    for text in (answer.text, gateway.get(answer.body["payment_id"]).text):
        assert "review" not in text
        assert "640" not in text
        assert "night" not in text


def test_a_refused_payment_is_declined_and_never_asked_of_the_acquirer(
    gateway: Gateway, simulator: AcquirerSimulator, fraud: FraudStub
) -> None:
    fraud.answer_with(REFUSE)
    refused = gateway.authorize(1000, key="the-key")

    assert (refused.status, refused.body["code"]) == (402, "payment_declined")
    assert refused.body["decline_code"] == "suspected_fraud"
    assert not refused.body["retryable"]
    assert gateway.table.calls == ["PutItem", "UpdateItem"]
    assert simulator.charges() == []
    assert simulator.book.find(refused.body["payment_id"]) is None
    payment = gateway.get(refused.body["payment_id"])
    assert (payment.body["state"], payment.body["decline_code"]) == ("failed", "suspected_fraud")
    assert _stored(gateway)["fraud"]["reasons"] == ["device_velocity"]
    for text in (refused.text, payment.text):
        assert "velocity" not in text
        assert "913" not in text


@pytest.mark.parametrize("document", [APPROVE, REVIEW, REFUSE])
def test_a_repetition_is_answered_without_another_score(
    gateway: Gateway, fraud: FraudStub, document: dict[str, object]
) -> None:
    fraud.answer_with(document)
    first = gateway.authorize(1000, key="the-key")
    fraud.answer_with(REFUSE if document is APPROVE else APPROVE)
    again = gateway.another_worker().authorize(1000, key="the-key")

    assert again.replayed
    assert again.text == first.text
    assert len(fraud.asked) == 1


def test_an_unknown_outcome_is_asked_again_without_another_score(
    gateway: Gateway, simulator: AcquirerSimulator, fraud: FraudStub
) -> None:
    unknown = gateway.authorize(1000, key="the-key", token="tok_timeout_booked")
    assert unknown.status == 202
    assert _stored(gateway)["fraud"]["decision"] == "approve"
    fraud.answer_with(REFUSE)

    assert gateway.authorize(1000, key="the-key", token="tok_timeout_booked").status == 201

    assert len(fraud.asked) == 1
    assert len(simulator.charges()) == 1


def test_a_payment_that_passed_unchecked_is_not_checked_when_it_is_repeated(
    gateway: Gateway, fraud: FraudStub
) -> None:
    fraud.status = 503
    assert gateway.authorize(SMALL, key="the-key", token="tok_timeout_booked").status == 202
    fraud.status = 200
    fraud.answer_with(REFUSE)

    answer = gateway.authorize(SMALL, key="the-key", token="tok_timeout_booked")

    assert answer.status == 201
    assert len(fraud.asked) == 1
    assert _stored(gateway)["fraud"] == UNCHECKED


@pytest.mark.parametrize("document", [APPROVE, REFUSE])
@pytest.mark.parametrize(("side", "write"), [("after", 1), ("before", 2), ("after", 2)])
def test_a_repetition_finishes_what_a_worker_left_that_died_around_the_check(
    gateway: Gateway,
    simulator: AcquirerSimulator,
    fraud: FraudStub,
    document: dict[str, object],
    side: str,
    write: int,
) -> None:
    fraud.answer_with(document)
    _die_at(gateway, side, write)
    with pytest.raises(WorkerDeathError):
        gateway.authorize(1000, key="the-key")
    gateway.table.forget_calls()
    gateway.clock.advance(LEASE_MS)

    answer = gateway.another_worker().authorize(1000, key="the-key")

    approved = document is APPROVE
    assert answer.status == (201 if approved else 402)
    assert answer.replayed == ((side, write) == ("after", 2))
    assert len(simulator.charges()) == approved
    assert gateway.authorize(1000, key="the-key").text == answer.text
    assert len({asked["payment_id"] for asked in fraud.asked}) == 1
    assert len(fraud.asked) == (2 if (side, write) == ("before", 2) else 1)


def test_a_worker_that_dies_between_the_check_and_the_acquirer_is_replayed_once(
    gateway: Gateway,
    simulator: AcquirerSimulator,
    fraud: FraudStub,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def die(*_: object, **__: object) -> None:
        raise WorkerDeathError

    with monkeypatch.context() as patch:
        patch.setattr(gateway.application.acquirer, "submit", die)
        with pytest.raises(WorkerDeathError):
            gateway.authorize(1000, key="the-key")
    assert len(fraud.asked) == 1
    assert gateway.authorize(1000, key="the-key").body["code"] == "request_in_progress"
    gateway.clock.advance(LEASE_MS)

    answers = [gateway.another_worker().authorize(1000, key="the-key") for _ in range(3)]

    assert [answer.replayed for answer in answers] == [False, True, True]
    assert {answer.status for answer in answers} == {201}
    assert len(fraud.asked) == 2
    (charge,) = simulator.charges()
    assert charge.requests == 1


def test_a_charge_made_before_a_death_stands_even_if_the_check_refuses_now(
    gateway: Gateway, simulator: AcquirerSimulator, fraud: FraudStub
) -> None:
    """The first worker was let through and died with the outcome in hand."""
    _die_at(gateway, "before", 2)
    with pytest.raises(WorkerDeathError):
        gateway.authorize(1000, key="the-key")
    gateway.table.forget_calls()
    gateway.clock.advance(LEASE_MS)
    fraud.answer_with(REFUSE)

    answer = gateway.another_worker().authorize(1000, key="the-key")

    assert (answer.status, answer.body["state"]) == (201, "authorized")
    assert len(simulator.charges()) == 1


def test_a_refusal_after_a_death_closes_the_reference_at_the_acquirer(
    gateway: Gateway, simulator: AcquirerSimulator, fraud: FraudStub
) -> None:
    """So that an instruction of the first worker, still on its way, isn't acted on."""
    _die_at(gateway, "after", 1)
    with pytest.raises(WorkerDeathError):
        gateway.authorize(1000, key="the-key")
    gateway.table.forget_calls()
    gateway.clock.advance(LEASE_MS)
    fraud.answer_with(REFUSE)

    answer = gateway.another_worker().authorize(1000, key="the-key")

    assert answer.body["decline_code"] == "suspected_fraud"
    closed = simulator.book.find(answer.body["payment_id"])
    assert closed is not None
    assert closed["decline_code"] == "not_processed"


def test_a_refusal_after_a_death_stays_unknown_while_the_acquirer_is_silent(
    gateway: Gateway, simulator: AcquirerSimulator, fraud: FraudStub
) -> None:
    _die_at(gateway, "after", 1)
    with pytest.raises(WorkerDeathError):
        gateway.authorize(1000, key="the-key")
    gateway.table.forget_calls()
    gateway.clock.advance(LEASE_MS)
    fraud.answer_with(REFUSE)
    blind = Gateway(
        gateway.table, "http://127.0.0.1:9", gateway.clock, fraud=fraud_settings(fraud.url)
    )

    assert blind.authorize(1000, key="the-key").status == 202
    answer = gateway.authorize(1000, key="the-key")

    assert answer.body["decline_code"] == "suspected_fraud"
    assert simulator.charges() == []
    assert len(fraud.asked) == 1


REASON = {"code": "night", "text": "Late."}
NONSENSE: dict[str, object] = {
    "html": "<html>",
    "list": [],
    "empty": {},
    "score as text": {**APPROVE, "score": "12"},
    "score with a point": {**APPROVE, "score": 12.0},
    "score true": {**APPROVE, "score": True},
    "score below": {**APPROVE, "score": -1},
    "score above": {**APPROVE, "score": 1001},
    "no decision": {**APPROVE, "decision": None},
    "another decision": {**APPROVE, "decision": "perhaps"},
    "our own word": {**APPROVE, "decision": "unavailable"},
    "reasons as text": {**APPROVE, "reasons": "night"},
    "reasons of text": {**APPROVE, "reasons": ["night"]},
    "a reason's code": {**APPROVE, "reasons": [{"code": "4242 4242 4242 4242", "text": ""}]},
    "one reason of two": {**APPROVE, "reasons": [REASON, {"text": "Late."}]},
    "many reasons": {**APPROVE, "reasons": [REASON] * 33},
    "version as number": {**APPROVE, "model_version": 7},
    "long version": {**APPROVE, "model_version": "v" * 65},
    "oversized": {**APPROVE, "padding": "x" * 70_000},
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_no_decision(gateway: Gateway, fraud: FraudStub, name: str) -> None:
    document = NONSENSE[name]
    fraud.answer_with(document)
    if isinstance(document, str):
        fraud.content = document.encode()
    assert gateway.authorize(LARGE).body["code"] == "fraud_check_unavailable"
    assert _stored(gateway)["fraud"] == UNCHECKED
    # The connection is in order again for the next one.
    fraud.answer_with(APPROVE)
    assert gateway.authorize(LARGE).status == 201


def test_json_that_is_nested_without_end_is_no_decision(gateway: Gateway, fraud: FraudStub) -> None:
    fraud.content = b"[" * 60_000
    assert gateway.authorize(LARGE).body["code"] == "fraud_check_unavailable"


@pytest.mark.parametrize("status", [201, 204, 301, 302, 307, 400, 404, 429, 500, 503])
def test_another_status_is_no_decision_and_redirects_are_not_followed(
    gateway: Gateway, fraud: FraudStub, status: int
) -> None:
    with FraudStub() as elsewhere:
        fraud.status = status
        fraud.sent_headers = {"Location": f"{elsewhere.url}/internal/scores"}
        assert gateway.authorize(LARGE).body["code"] == "fraud_check_unavailable"
        assert elsewhere.asked == []


@pytest.mark.parametrize(
    ("amount", "currency", "passes"),
    [
        (SMALL, "EUR", True),
        (SMALL + 1, "EUR", False),
        (1, "EUR", True),
        (1, "USD", False),
    ],
)
def test_what_passes_unchecked_is_said_by_amount_and_currency(
    gateway: Gateway,
    simulator: AcquirerSimulator,
    fraud: FraudStub,
    amount: int,
    currency: str,
    passes: bool,
) -> None:
    fraud.close()
    answer = gateway.authorize(amount, currency=currency)

    assert answer.status == (201 if passes else 503)
    assert len(simulator.charges()) == passes
    assert _stored(gateway)["fraud"] == UNCHECKED
    assert gateway.table.calls.count("UpdateItem") == 1
    if not passes:
        assert answer.body["code"] == "fraud_check_unavailable"
        assert answer.body["retryable"]
        assert int(answer.headers["Retry-After"]) >= 1


def test_a_held_payment_is_checked_when_it_is_repeated(
    gateway: Gateway, simulator: AcquirerSimulator, fraud: FraudStub
) -> None:
    fraud.status = 503
    held = gateway.authorize(LARGE, key="the-key")
    assert held.status == 503
    assert gateway.get(held.body["payment_id"]).body["state"] == "pending"
    again = gateway.authorize(LARGE, key="the-key")
    assert again.status == 503, "at once: nobody works at it"
    fraud.status = 200

    answer = gateway.another_worker().authorize(LARGE, key="the-key")

    assert (answer.status, answer.replayed) == (201, False)
    assert _stored(gateway)["fraud"]["decision"] == "approve"
    (charge,) = simulator.charges()
    assert charge.requests == 1


def test_a_held_payment_that_nobody_repeats_is_ended_by_the_sweeper(
    gateway: Gateway, simulator: AcquirerSimulator, fraud: FraudStub
) -> None:
    fraud.status = 503
    gateway.authorize(LARGE, key="the-key")
    assert gateway.sweep()["resolved"] == 0, "the client has half a minute"
    gateway.clock.advance(30_000)
    assert gateway.sweep()["resolved"] == 1
    fraud.status = 200

    answer = gateway.authorize(LARGE, key="the-key")

    assert (answer.status, answer.body["decline_code"]) == (402, "not_processed")
    assert answer.body["retryable"]
    assert simulator.charges() == []


def test_two_that_repeat_a_held_payment_at_once_charge_it_once(
    gateway: Gateway, simulator: AcquirerSimulator, fraud: FraudStub
) -> None:
    fraud.status = 503
    gateway.authorize(LARGE, key="the-key")
    fraud.status = 200
    workers = [gateway.another_worker() for _ in range(4)]
    statuses: list[int] = []
    threads = [
        threading.Thread(
            target=lambda worker=worker: statuses.append(
                worker.authorize(LARGE, key="the-key").status
            )
        )
        for worker in workers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    (charge,) = simulator.charges()
    assert charge.requests == 1


def test_a_worker_that_hung_in_the_check_does_not_hold_what_another_finished(
    gateway: Gateway, fraud: FraudStub
) -> None:
    second = gateway.another_worker()
    answers = []

    def hang(_action: str, write: int) -> None:
        if write == 2:
            gateway.table.forget_calls()
            fraud.status = 200
            gateway.clock.advance(LEASE_MS)
            answers.append(second.authorize(LARGE, key="the-key"))

    fraud.status = 503
    gateway.table.before = hang
    late = gateway.authorize(LARGE, key="the-key")

    assert answers[0].status == late.status == 201
    assert late.replayed


@pytest.fixture
def hasty(gateway: Gateway, simulator: AcquirerSimulator, fraud: FraudStub) -> Gateway:
    """A worker that gives the check 80 ms."""
    settings = fraud_settings(fraud.url, timeout_ms=80)
    return Gateway(gateway.table, simulator.url, gateway.clock, fraud=settings)


def test_a_slow_check_costs_no_more_than_its_timeout(hasty: Gateway, fraud: FraudStub) -> None:
    fraud.delay_s = 2.0
    fraud.answer_with(REFUSE)
    started = time.monotonic()
    assert hasty.authorize(SMALL).status == 201
    assert 0.08 <= time.monotonic() - started < 1.5
    fraud.delay_s = 0.0
    fraud.answer_with(APPROVE)
    assert hasty.authorize(SMALL).status == 201, "the late answer isn't taken for the next one"


def test_a_check_that_answers_a_byte_at_a_time_costs_no_more_than_its_timeout(
    hasty: Gateway, fraud: FraudStub
) -> None:
    fraud.drip_s = 0.03
    started = time.monotonic()
    assert hasty.authorize(SMALL).status == 201
    assert time.monotonic() - started < 1.5
    assert _stored(hasty)["fraud"] == UNCHECKED


def test_a_connection_that_the_service_closed_is_replaced(
    gateway: Gateway, fraud: FraudStub
) -> None:
    fraud.sent_headers = {"Connection": "close"}
    assert [gateway.authorize(LARGE).status for _ in range(3)] == [201, 201, 201]
    assert fraud.connections == 3


def test_work_begins_only_with_time_for_the_check_too(gateway: Gateway, fraud: FraudStub) -> None:
    answer = gateway.authorize(1000, remaining_ms=250 + 500 + 1999)
    assert (answer.status, answer.body["code"]) == (503, "out_of_time")
    assert fraud.asked == []


def test_captures_are_not_checked(gateway: Gateway, fraud: FraudStub) -> None:
    payment_id = gateway.authorize(1000).body["payment_id"]
    fraud.answer_with(REFUSE)
    assert gateway.operate("captures", payment_id, 1000).status == 200
    assert len(fraud.asked) == 1
    assert _stored(gateway)["fraud"]["decision"] == "approve"


@pytest.mark.parametrize(
    ("document", "amount", "counted"),
    [
        (APPROVE, 1, {"FraudApproved"}),
        (REVIEW, 1, {"FraudInReview"}),
        (REFUSE, 1, {"FraudRefused"}),
        ({}, SMALL, {"FraudUnavailable", "FraudPassedUnchecked"}),
        ({}, LARGE, {"FraudUnavailable", "FraudHeld"}),
    ],
)
def test_every_check_is_measured(
    gateway: Gateway,
    fraud: FraudStub,
    capsys: pytest.CaptureFixture[str],
    document: dict[str, object],
    amount: int,
    counted: set[str],
) -> None:
    fraud.answer_with(document)
    gateway.authorize(amount)

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (line,) = [line for line in lines if line["message"] == "fraud check"]
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Payments/TransactionGateway"
    assert directive["Dimensions"] == [["Environment", "Service"]]
    units = {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]}
    assert units.pop("FraudCheckMs") == "Milliseconds"
    assert set(units.values()) == {"Count"}
    assert len(units) == 6
    assert {name: line[name] for name in units} == {name: int(name in counted) for name in units}
    assert 0 < line["FraudCheckMs"] < 1000
    assert (line["Environment"], line["Service"]) == ("test", "TransactionGateway")
