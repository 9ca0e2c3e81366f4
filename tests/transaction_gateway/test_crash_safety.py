"""A worker dies around any write, or its answer is lost: one charge, one outcome, one entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from harness.demo.books import (
    ledger_sums,
    positions_of_acquirer,
    positions_of_ledger,
    positions_of_payments,
    stored_payments,
)
from harness.payments import COLLECTION, MERCHANT, WorkerDeathError

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.acquirer import AcquirerSimulator
    from harness.payments import Answer, Gateway

LEASE_MS = 11_000


def _authorize(gateway: Gateway, _payment_id: str) -> Answer:
    return gateway.authorize(1000, key="the-key")


def _capture(gateway: Gateway, payment_id: str) -> Answer:
    return gateway.operate("captures", payment_id, 300, key="the-key")


def _refund(gateway: Gateway, payment_id: str) -> Answer:
    return gateway.operate("refunds", payment_id, 200, key="the-key")


def _void(gateway: Gateway, payment_id: str) -> Answer:
    return gateway.operate("void", payment_id, key="the-key")


def _prepared(gateway: Gateway, ask: Callable[[Gateway, str], Answer]) -> str:
    """Bring a payment to where ``ask`` can act on it."""
    if ask is _authorize:
        return ""
    payment_id: str = gateway.authorize(1000, key="earlier").body["payment_id"]
    if ask is _refund:
        gateway.operate("captures", payment_id, 500)
    return payment_id


OPERATIONS = pytest.mark.parametrize(
    "ask", [_authorize, _capture, _refund, _void], ids=lambda ask: ask.__name__.strip("_")
)
BOUNDARIES = pytest.mark.parametrize(
    ("side", "write"), [("before", 1), ("after", 1), ("before", 2), ("after", 2)]
)


def _die_at(gateway: Gateway, side: str, write: int) -> None:
    def fault(_action: str, number: int) -> None:
        if number == write:
            raise WorkerDeathError

    gateway.table.forget_calls()
    setattr(gateway.table, side, fault)


@OPERATIONS
@BOUNDARIES
def test_a_repetition_finishes_what_a_dead_worker_began(
    gateway: Gateway,
    simulator: AcquirerSimulator,
    ask: Callable[[Gateway, str], Answer],
    side: str,
    write: int,
) -> None:
    payment_id = _prepared(gateway, ask)
    booked_before = len(simulator.charges())
    _die_at(gateway, side, write)
    with pytest.raises(WorkerDeathError):
        ask(gateway, payment_id)
    gateway.table.forget_calls()

    finished, begun = (side, write) == ("after", 2), (side, write) != ("before", 1)
    if begun and not finished:
        waiting = ask(gateway.another_worker(), payment_id)
        assert (waiting.status, waiting.body["code"]) == (409, "request_in_progress")
        assert 1 <= int(waiting.headers["Retry-After"]) <= 10
    gateway.clock.advance(LEASE_MS)
    answer = ask(gateway.another_worker(), payment_id)

    assert answer.status == (201 if ask is _authorize else 200), answer.text
    assert answer.replayed == finished
    assert len(simulator.charges()) == booked_before + 1
    assert ask(gateway, payment_id).text == answer.text
    _books_agree(gateway, simulator)


@OPERATIONS
@pytest.mark.parametrize(("side", "write"), [("after", 1), ("before", 2)])
def test_the_sweeper_finishes_what_nobody_repeats(
    gateway: Gateway,
    simulator: AcquirerSimulator,
    ask: Callable[[Gateway, str], Answer],
    side: str,
    write: int,
) -> None:
    payment_id = _prepared(gateway, ask)
    _die_at(gateway, side, write)
    with pytest.raises(WorkerDeathError):
        ask(gateway, payment_id)
    gateway.table.forget_calls()

    assert gateway.sweep()["resolved"] == 0, "its lease has not ended"
    gateway.clock.advance(LEASE_MS)
    assert gateway.sweep()["resolved"] == 1
    assert gateway.sweep()["resolved"] == 0

    answer = ask(gateway, payment_id)
    assert answer.replayed
    if write == 2:
        assert answer.status in (200, 201)
    else:  # the acquirer never heard of it
        assert (answer.status, answer.body["decline_code"]) == (402, "not_processed")
        assert answer.body["retryable"]
    _books_agree(gateway, simulator)


@OPERATIONS
@pytest.mark.parametrize("write", [1, 2])
def test_the_sdk_repeating_a_write_that_took_place_changes_nothing(
    gateway: Gateway,
    simulator: AcquirerSimulator,
    ask: Callable[[Gateway, str], Answer],
    write: int,
) -> None:
    """The answer of a write is lost, and the repeated write fails on its own effect."""
    payment_id = _prepared(gateway, ask)
    booked_before = len(simulator.charges())
    gateway.table.forget_calls()
    gateway.table.repeat_write = write

    answer = ask(gateway, payment_id)

    assert answer.status in (200, 201), answer.text
    assert not answer.replayed
    assert len(simulator.charges()) == booked_before + 1
    _books_agree(gateway, simulator)


def test_an_outage_of_the_store_is_a_retryable_503(
    gateway: Gateway, simulator: AcquirerSimulator
) -> None:
    def throttled(action: str, _write: int) -> None:
        error = {"Error": {"Code": "ProvisionedThroughputExceededException", "Message": ""}}
        raise ClientError(error, action)  # type: ignore[arg-type]  # a response in short

    gateway.table.before = throttled
    answer = gateway.authorize(1000, key="the-key")

    assert (answer.status, answer.body["code"]) == (503, "storage_unavailable")
    assert answer.body["retryable"]
    assert simulator.charges() == []
    gateway.table.forget_calls()
    assert gateway.authorize(1000, key="the-key").status == 201


def test_nothing_is_written_when_too_little_time_is_left(gateway: Gateway) -> None:
    answer = gateway.authorize(1000, key="the-key", remaining_ms=500)

    assert (answer.status, answer.body["code"]) == (503, "out_of_time")
    assert answer.body["retryable"]
    assert gateway.table.calls == []
    assert gateway.authorize(1000, key="the-key").status == 201


def _books_agree(gateway: Gateway, simulator: AcquirerSimulator) -> None:
    items = stored_payments(gateway.table.client, gateway.table.name, MERCHANT)
    payments = positions_of_payments(gateway.call("GET", COLLECTION).body["payments"])
    settled = positions_of_acquirer(simulator.settlement(), MERCHANT)
    assert positions_of_ledger(items) == payments
    assert {name: position for name, position in payments.items() if name in settled} == settled
    assert not any(ledger_sums(items).values())
