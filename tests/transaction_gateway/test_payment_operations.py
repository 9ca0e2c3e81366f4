"""The API's operations, as a merchant sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.acquirer import AcquirerSimulator
    from harness.payments import Gateway


def test_an_authorization_takes_two_dynamodb_calls_and_one_charge(
    gateway: Gateway, simulator: AcquirerSimulator
) -> None:
    answer = gateway.authorize(1250)

    assert answer.status == 201
    assert answer.body["state"] == "authorized"
    assert answer.body["capturable_amount"] == 1250
    assert gateway.table.calls == ["PutItem", "UpdateItem"]
    assert [(charge.type, charge.amount) for charge in simulator.charges()] == [("authorize", 1250)]


def test_partial_captures_and_refunds_move_the_payment_through_its_states(
    gateway: Gateway, simulator: AcquirerSimulator
) -> None:
    payment_id = gateway.authorize(1000).body["payment_id"]
    steps = [
        ("captures", 400, "partially_captured"),
        ("captures", 600, "captured"),
        ("refunds", 250, "partially_refunded"),
        ("refunds", 750, "refunded"),
    ]
    states = []
    for kind, amount, _ in steps:
        gateway.table.forget_calls()
        answer = gateway.operate(kind, payment_id, amount)
        assert answer.status == 200, answer.text
        assert gateway.table.calls == ["UpdateItem", "UpdateItem"]
        states.append(answer.body["state"])

    assert states == [state for _, _, state in steps]
    (line,) = simulator.settlement()
    assert (line.authorized, line.captured, line.refunded) == (1000, 1000, 1000)


def test_a_void_releases_the_authorization(gateway: Gateway) -> None:
    payment_id = gateway.authorize(1000).body["payment_id"]
    answer = gateway.operate("void", payment_id)
    assert (answer.status, answer.body["state"]) == (200, "voided")
    assert answer.body["capturable_amount"] == 0

    refused = gateway.operate("captures", payment_id, 1)
    assert (refused.status, refused.body["code"]) == (409, "invalid_state")
