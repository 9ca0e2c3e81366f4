"""What leaves on the bus: a change once, whole and under one id, whatever fails on the way."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_publisher.events import event_id, event_of
from event_publisher.handler import build, publish
from event_publisher.settings import Settings
from events.account import Account
from harness.acquirer import AcquirerSimulator
from harness.payments import MERCHANT, Context, Gateway
from harness.testing import pci
from payment_core.cards import holds_card_number

if TYPE_CHECKING:
    from events.merchant_endpoint import MerchantEndpoint
    from events.webhooks import Webhooks
    from harness.aws import EmbeddedAWS

TEST_NUMBER = "4111111111111111"


class Bus:
    """Takes entries, but for those whose turn it is to be refused or to fail."""

    def __init__(self, *refusals: set[int] | Exception) -> None:
        self.calls: list[list[dict[str, Any]]] = []
        self.taken: list[dict[str, Any]] = []
        self._refusals = list(refusals)

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        """Answer as EventBridge does, entry by entry."""
        self.calls.append(Entries)
        refusal = self._refusals.pop(0) if self._refusals else set()
        if isinstance(refusal, Exception):
            raise refusal
        self.taken += [entry for place, entry in enumerate(Entries) if place not in refusal]
        answers = [
            {"ErrorCode": "ThrottlingException"} if place in refusal else {"EventId": str(place)}
            for place in range(len(Entries))
        ]
        return {"FailedEntryCount": len(refusal), "Entries": answers}


@pytest.fixture(scope="module")
def batch(aws: EmbeddedAWS) -> dict[str, Any]:
    """Give the stream of a few payments' lives."""
    account = Account(aws)
    table = account.payments_table()
    with AcquirerSimulator() as simulator:
        gateway = Gateway(table, simulator.url)
        payment = gateway.authorize(1000).body["payment_id"]
        gateway.operate("captures", payment, 400)
        gateway.operate("captures", payment, 600)
        gateway.operate("refunds", payment, 100)
        voided = gateway.authorize(2000).body["payment_id"]
        gateway.operate("void", voided)
        gateway.authorize(3000, token="tok_decline_insufficient_funds")
    return account.stream_batch(table)


def _publish(bus: Any, event: dict[str, Any], remaining_ms: int = 30_000) -> list[str]:
    application = build(Settings("bus", "INFO", "test"), bus)
    answer: Any = publish(application, event, Context(remaining_ms))
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def _details(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [json.loads(entry["Detail"]) for entry in entries]


def _numbers(batch: dict[str, Any]) -> list[str]:
    """Give the sequence numbers of the records that make events."""
    return [
        record["dynamodb"]["SequenceNumber"]
        for record in batch["Records"]
        if event_of(record["dynamodb"])
    ]


def _metrics(text: str) -> dict[str, Any]:
    (line,) = [json.loads(line) for line in text.splitlines() if "_aws" in line]
    names = line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Payments/EventPublisher"
    return {metric["Name"]: line[metric["Name"]] for metric in names}


def test_each_change_of_state_or_amounts_is_one_event(
    batch: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    bus = Bus()
    assert _publish(bus, batch) == []
    told = [(detail["type"], detail["payment"]["amount"]) for detail in _details(bus.taken)]
    assert told == [
        ("payment.pending", 1000),
        ("payment.authorized", 1000),
        ("payment.partially_captured", 1000),
        ("payment.captured", 1000),
        ("payment.partially_refunded", 1000),
        ("payment.pending", 2000),
        ("payment.authorized", 2000),
        ("payment.voided", 2000),
        ("payment.pending", 3000),
        ("payment.failed", 3000),
    ]
    metrics = _metrics(capsys.readouterr().out)
    # The profile, and the first write of each of four operations.
    assert (metrics["Published"], metrics["Ignored"], metrics["Failed"]) == (10, 5, 0)
    assert metrics["LagMs"] >= 0


def test_an_event_shows_the_payment_as_it_stood(batch: dict[str, Any]) -> None:
    bus = Bus()
    _publish(bus, batch)
    entry, detail = bus.taken[4], _details(bus.taken)[4]
    assert entry["EventBusName"] == "bus"
    assert (entry["Source"], entry["DetailType"]) == (
        "payments.transaction-gateway",
        "payment.partially_refunded",
    )
    payment = detail.pop("payment")
    assert set(detail) == {"id", "type", "created_at", "merchant_id"}
    assert detail["merchant_id"] == MERCHANT
    assert detail["created_at"] == payment["updated_at"]
    members = ("state", "amount", "currency", "captured", "refunded", "reference", "version")
    assert [payment[name] for name in members] == [
        "partially_refunded",
        1000,
        "EUR",
        1000,
        100,
        "order-1",
        8,
    ]
    declined = _details(bus.taken)[-1]["payment"]
    assert declined["decline_code"] == "insufficient_funds"


def test_nothing_beyond_the_contract_is_told(batch: dict[str, Any]) -> None:
    bus = Bus()
    _publish(bus, batch)
    allowed = {
        *("id", "state", "amount", "currency", "captured", "refunded", "reference"),
        *("decline_code", "brand", "created_at", "updated_at", "version"),
    }
    assert {name for detail in _details(bus.taken) for name in detail["payment"]} <= allowed
    assert "tok_" not in json.dumps([entry["Detail"] for entry in bus.taken])


def test_a_repeated_batch_makes_the_same_events(batch: dict[str, Any]) -> None:
    first, second = Bus(), Bus()
    _publish(first, batch)
    _publish(second, copy.deepcopy(batch))
    assert [entry["Detail"] for entry in first.taken] == [entry["Detail"] for entry in second.taken]
    ids = [detail["id"] for detail in _details(first.taken)]
    assert len(set(ids)) == len(ids)


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(0, 2**47), st.integers(0, 2**47))
def test_ids_differ_by_version_and_sort_by_time(one: int, other: int, at: int, later: int) -> None:
    assert (event_id("pay_a", one, at) == event_id("pay_a", other, at)) == (one == other)
    assert event_id("pay_a", one, at) != event_id("pay_b", one, at)
    if at < later:
        assert event_id("pay_a", one, at) < event_id("pay_a", other, later)


@pytest.mark.parametrize("amount", ["authorized", "captured", "refunded"])
def test_an_amount_alone_is_a_change(batch: dict[str, Any], amount: str) -> None:
    """Of two partial captures the second leaves the state as it is."""
    (*_, record) = [r for r in batch["Records"] if event_of(r["dynamodb"])]
    new = record["dynamodb"]["NewImage"]
    assert event_of({**record["dynamodb"], "OldImage": new}) is None
    old = {**new, amount: {"N": "7"}}
    assert event_of({**record["dynamodb"], "OldImage": old}) is not None


def test_an_expired_or_removed_item_is_no_event(batch: dict[str, Any]) -> None:
    record = next(r for r in batch["Records"] if event_of(r["dynamodb"]))
    stream = {**record["dynamodb"], "OldImage": record["dynamodb"]["NewImage"]}
    del stream["NewImage"]
    assert event_of(stream) is None


def test_a_bad_record_fails_alone_and_the_rest_is_published(
    batch: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    broken = copy.deepcopy(batch)
    number = _numbers(batch)[1]
    (record,) = [r for r in broken["Records"] if r["dynamodb"]["SequenceNumber"] == number]
    record["dynamodb"]["NewImage"]["state"] = {"S": "lost"}
    bus = Bus()
    assert _publish(bus, broken) == [number]
    assert len(bus.taken) == 9
    assert _metrics(capsys.readouterr().out)["Failed"] == 1


def test_refused_entries_are_put_again_and_only_they(batch: dict[str, Any]) -> None:
    bus = Bus({2, 5}, {1})
    assert _publish(bus, batch) == []
    assert [len(call) for call in bus.calls] == [10, 2, 1]
    assert len({detail["id"] for detail in _details(bus.taken)}) == len(bus.taken) == 10


def test_entries_that_stay_refused_are_reported_one_by_one(batch: dict[str, Any]) -> None:
    bus = Bus({2, 5}, {0, 1}, {0, 1})
    numbers = _numbers(batch)
    assert _publish(bus, batch) == [numbers[2], numbers[5]]
    assert len(bus.taken) == 8


def test_a_call_that_fails_reports_its_entries_and_no_others(batch: dict[str, Any]) -> None:
    twice = {"Records": [*batch["Records"], *copy.deepcopy(batch["Records"])]}
    for place, record in enumerate(twice["Records"]):
        record["dynamodb"]["SequenceNumber"] = f"{place:03d}"
    numbers = _numbers(twice)
    bus = Bus(ConnectionError("lost"))
    assert _publish(bus, twice) == numbers[:10]
    assert len(bus.taken) == 10


def test_without_time_nothing_is_put_and_all_is_reported(batch: dict[str, Any]) -> None:
    bus = Bus()
    assert _publish(bus, batch, remaining_ms=100) == _numbers(batch)
    assert bus.calls == []


@pci("3.4.1")
def test_a_card_number_is_withheld(
    batch: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    slipped = copy.deepcopy(batch)
    for record in slipped["Records"]:
        if "reference" in record["dynamodb"]["NewImage"]:
            record["dynamodb"]["NewImage"]["reference"]["S"] = f"order {TEST_NUMBER}"
    bus = Bus()
    assert _publish(bus, slipped) == []
    assert len(bus.taken) == 10
    assert not any("reference" in detail["payment"] for detail in _details(bus.taken))
    output = capsys.readouterr().out
    assert not holds_card_number(output + json.dumps(bus.taken, default=str))
    assert _metrics(output)["Withheld"] == 10


def test_the_rule_brings_every_event_to_the_queue(account: Account, batch: dict[str, Any]) -> None:
    application = build(Settings(account.bus, "INFO"), account.events)
    assert publish(application, batch, Context(30_000)) == {"batchItemFailures": []}
    envelopes = [json.loads(record["body"]) for record in account.received()]
    assert {envelope["source"] for envelope in envelopes} == {"payments.transaction-gateway"}
    assert len({envelope["detail"]["id"] for envelope in envelopes}) == 10
    assert all(envelope["detail-type"] == envelope["detail"]["type"] for envelope in envelopes)


def test_every_change_reaches_the_merchant(
    webhooks: Webhooks, endpoint: MerchantEndpoint, batch: dict[str, Any]
) -> None:
    account = webhooks.account
    application = build(Settings(account.bus, "INFO"), account.events)
    publish(application, batch, Context(30_000))
    publish(application, batch, Context(30_000))
    for record in account.received():
        assert webhooks.send(record) == []
    told = [json.loads(request.body) for request in endpoint.received]
    assert len({event["id"] for event in told}) == len(told) == 10, "repeats are sent once"
    times = [attempt["event_id"] for attempt in webhooks.attempts()]
    told.sort(key=lambda event: event["created_at"])
    assert times == [event["id"] for event in told], "the dashboard lists them by time"
