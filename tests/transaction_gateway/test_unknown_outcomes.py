"""The acquirer is silent, drops the line or fails: unknown, never a failure, until it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.payments import MERCHANT

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from harness.acquirer import AcquirerSimulator
    from harness.payments import Gateway

SETTLES = {
    "timeout_booked": "authorized",
    "timeout_never": "failed",
    "timeout_late": "failed",
    "error_always": "failed",
}


@pytest.mark.parametrize(("behaviour", "state"), SETTLES.items())
def test_silence_is_unknown_until_the_sweeper_asks(
    gateway: Gateway, simulator: AcquirerSimulator, behaviour: str, state: str
) -> None:
    answer = gateway.authorize(1000, token=f"tok_{behaviour}")
    assert (answer.status, answer.body["state"]) == (202, "unknown")
    assert "Retry-After" in answer.headers
    payment_id = answer.body["payment_id"]
    assert gateway.get(payment_id).body["operations"][0]["status"] == "unknown"

    assert gateway.sweep() == {"resolved": 1, "unknown": 0, "raced": 0, "failed": 0, "left": 0}

    simulator.deliver_late()
    assert gateway.get(payment_id).body["state"] == state
    assert len(simulator.charges()) == (state == "authorized"), "a closed reference is never booked"


@pytest.mark.parametrize("behaviour", ["dropped_booked", "error_once"])
def test_a_quick_failure_is_asked_again_at_once(
    gateway: Gateway, simulator: AcquirerSimulator, behaviour: str
) -> None:
    answer = gateway.authorize(1000, token=f"tok_{behaviour}")

    assert answer.status == 201
    (charge,) = simulator.charges()
    assert charge.requests == 2


def test_a_repetition_after_an_unknown_outcome_learns_it(
    gateway: Gateway, simulator: AcquirerSimulator
) -> None:
    first = gateway.authorize(1000, key="the-key", token="tok_timeout_booked")
    second = gateway.authorize(1000, key="the-key", token="tok_timeout_booked")
    third = gateway.authorize(1000, key="the-key", token="tok_timeout_booked")

    assert [first.status, second.status, third.status] == [202, 201, 201]
    assert (second.replayed, third.replayed) == (False, True)
    assert second.text == third.text
    assert len(simulator.charges()) == 1


@pytest.mark.parametrize(
    ("kind", "token", "state", "captured"),
    [
        ("captures", "tok_capture_timeout_booked", "partially_captured", 400),
        ("captures", "tok_capture_timeout_never", "authorized", 0),
        ("void", "tok_void_timeout_booked", "voided", 0),
        ("void", "tok_void_timeout_never", "authorized", 0),
    ],
)
def test_an_operation_of_unknown_outcome_holds_the_payment(
    gateway: Gateway, kind: str, token: str, state: str, captured: int
) -> None:
    payment_id = gateway.authorize(1000, token=token).body["payment_id"]
    amount = None if kind == "void" else 400
    unknown = gateway.operate(kind, payment_id, amount, key="the-key")
    assert (unknown.status, unknown.body["state"]) == (202, "unknown")
    other = gateway.operate("captures", payment_id, 100)
    assert (other.status, other.body["code"]) == (409, "payment_busy")
    assert "Retry-After" in other.headers

    gateway.sweep()

    payment = gateway.get(payment_id).body
    assert (payment["state"], payment["captured_amount"]) == (state, captured)
    assert gateway.operate(kind, payment_id, amount, key="the-key").replayed


def test_an_acquirer_that_stays_silent_is_asked_ever_less(gateway: Gateway) -> None:
    """It fails even to say what became of the payment."""
    gateway.authorize(1000, token="tok_timeout_never")
    table = gateway.table
    blind = type(gateway)(table, "http://127.0.0.1:9", gateway.clock)

    asked = []
    for _ in range(30):
        asked.append(blind.sweep()["unknown"])
        gateway.clock.advance(8 * 60_000)

    assert asked[0] == 1
    assert 4 <= sum(asked) <= 9, "not at every chance in four hours"
    assert 1 in asked[-8:], "but at least every hour"


def test_the_sweeper_only_queries_and_updates(gateway: Gateway) -> None:
    """More than that its role doesn't allow."""
    for token in ("tok_timeout_booked", "tok_error_always"):
        gateway.authorize(1000, token=token)
    gateway.table.forget_calls()

    assert gateway.sweep()["resolved"] == 2

    assert set(gateway.table.calls) == {"Query", "UpdateItem"}


def test_a_payment_of_another_version_does_not_keep_the_others_waiting(gateway: Gateway) -> None:
    """A canary that was rolled back may have left states and attributes unknown here."""
    ids = [gateway.authorize(1000, token="tok_timeout_booked").body["payment_id"] for _ in range(6)]
    _change(gateway, ids[0], "state", {"S": "disputed"})
    _change(gateway, ids[1], "note", {"BOOL": True})

    counts = gateway.sweep()

    assert (counts["failed"], counts["resolved"]) == (2, 4)


def _change(
    gateway: Gateway, payment_id: str, attribute: str, value: AttributeValueTypeDef
) -> None:
    gateway.table.client.update_item(
        TableName=gateway.table.name,
        Key={"pk": {"S": f"MERCHANT#{MERCHANT}"}, "sk": {"S": f"PAYMENT#{payment_id}"}},
        UpdateExpression="SET #attribute = :value",
        ExpressionAttributeNames={"#attribute": attribute},
        ExpressionAttributeValues={":value": value},
    )


def test_the_sweeper_leaves_what_it_has_no_time_for(gateway: Gateway) -> None:
    for n in range(2):
        gateway.authorize(1000, key=f"key-{n}", token="tok_timeout_never")

    assert gateway.sweep(remaining_ms=100)["left"] == 1
    assert gateway.sweep()["resolved"] == 2


def test_each_minute_begins_with_another_part_of_the_index(gateway: Gateway) -> None:
    """So that a part with a long backlog doesn't keep the sweeper from the others."""
    for n in range(6):
        gateway.authorize(1000, key=f"key-{n}", token="tok_timeout_never")
    now = gateway.clock()

    orders = {
        tuple(payment.payment_id for payment in gateway.application.store.unresolved(until))
        for until in range(now, now + 8 * 60_000, 60_000)
    }

    assert len(orders) > 1
    assert len({order[0] for order in orders}) > 1
    assert len({frozenset(order) for order in orders}) == 1


def test_a_stale_entry_of_the_index_is_left_alone(gateway: Gateway) -> None:
    """The index lags behind the table: what it still shows may be finished."""
    unknown = gateway.authorize(1000, key="the-key", token="tok_timeout_booked")
    store = gateway.application.store
    (stale,) = store.unresolved(gateway.clock())
    gateway.authorize(1000, key="the-key", token="tok_timeout_booked")
    finished = gateway.get(unknown.body["payment_id"]).text

    attempt = store.take_over(stale, stale.lease)

    assert not attempt.done
    assert gateway.get(unknown.body["payment_id"]).text == finished


def test_declines_are_outcomes(gateway: Gateway, simulator: AcquirerSimulator) -> None:
    token = "tok_decline_insufficient_funds"
    first = gateway.authorize(1000, key="the-key", token=token)
    assert first.status == 402
    assert first.headers["Content-Type"] == "application/problem+json"
    assert first.body["code"] == "payment_declined"
    assert first.body["decline_code"] == "insufficient_funds"
    assert not first.body["retryable"]
    again = gateway.authorize(1000, key="the-key", token=token)
    assert again.replayed
    assert again.text == first.text
    assert simulator.charges() == []
    payment = gateway.get(first.body["payment_id"]).body
    assert (payment["state"], payment["decline_code"]) == ("failed", "insufficient_funds")


def test_a_declined_refund_leaves_the_payment_as_it_was(gateway: Gateway) -> None:
    payment = gateway.authorize(1000, token="tok_refund_decline_do_not_honor").body
    before = gateway.operate("captures", payment["payment_id"], 1000).body
    declined = gateway.operate("refunds", payment["payment_id"], 10)
    assert (declined.status, declined.body["code"]) == (402, "operation_declined")
    after = gateway.get(payment["payment_id"]).body
    assert after["state"] == before["state"] == "captured"
    assert after["refundable_amount"] == 1000
