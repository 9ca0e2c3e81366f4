"""The read model: the same whatever the stream repeats, reorders, leaves out or breaks off."""

from __future__ import annotations

import copy
import itertools
import json
import random
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from dashboard_projector.handler import project
from dashboard_projector.projection import Projection
from dashboard_projector.read_model import amount_key
from dashboard_projector.settings import Settings, SettingsError
from harness.aws.errors import AwsError
from harness.dashboard import create_read_model
from harness.payments import ACCOUNT, Context

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.dashboard import Merchant, Site

    Record = dict[str, Any]


@dataclass(slots=True)
class Model:
    """A read model of its own, with a projector."""

    site: Site
    table: str
    projection: Projection

    def take(self, records: list[Record], remaining_ms: int = 10_000) -> list[str]:
        """Project a batch; give the sequence numbers that failed."""
        context = Context(remaining_ms)
        answer = project(self.projection, {"Records": records}, context, environment="test")
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]  # type: ignore[attr-defined]

    def items(self) -> list[Record]:
        """Read everything that is there."""
        pages = self.site.client.get_paginator("scan").paginate(TableName=self.table)
        items = [dict(item) for page in pages for item in page["Items"]]
        # ADD leaves a zero behind where a count went and came; it counts as none.
        for item in items:
            for name in [name for name, value in item.items() if value == {"N": "0"}]:
                del item[name]
        return sorted(items, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))

    def totals(self) -> dict[str, int]:
        """Sum all days."""
        sums: dict[str, int] = {}
        for item in self.items():
            if item["pk"]["S"].endswith("#TOTALS"):
                for name, value in item.items():
                    if "N" in value:
                        sums[name] = sums.get(name, 0) + int(value["N"])
        return sums


@pytest.fixture
def models(site: Site) -> Iterator[Model]:
    """Give new read models."""

    def make() -> Iterator[Model]:
        while True:
            table = create_read_model(site.client)
            client = site.aws.client("dynamodb", ACCOUNT)
            yield Model(site, table, Projection(client, table))

    return make()


@pytest.fixture
def life(merchant: Merchant) -> list[Record]:
    """The stream's records of a few payments' lives."""
    merchant.site.stream.records()
    first = merchant.authorize(3000)
    merchant.operate("captures", first, 1000)
    second = merchant.authorize(500, token="tok_decline_expired_card")
    merchant.operate("captures", first, 2000)
    third = merchant.authorize(700, currency="JPY")
    merchant.operate("void", third, None)
    merchant.operate("refunds", first, 400)
    merchant.authorize(900, token="tok_timeout_never")
    assert second != third
    return merchant.site.stream.records()


def test_totals_are_what_happened(models: Iterator[Model], life: list[Record]) -> None:
    model = next(models)
    assert model.take(life) == []
    totals = model.totals()
    expected = {
        "created_count": 4,
        "created_amount": 3000 + 500 + 700 + 900,
        "authorized_count": 2,
        "authorized_amount": 3000 + 700,
        "captured_count": 2,
        "captured_amount": 3000,
        "refunded_count": 1,
        "refunded_amount": 400,
        "declined_count": 1,
        "declined_amount": 500,
        "state_partially_refunded": 1,
        "state_failed": 1,
        "state_voided": 1,
        "state_unknown": 1,
    }
    assert totals == expected


def test_replays_and_any_order_leave_the_same_behind(
    models: Iterator[Model], life: list[Record]
) -> None:
    straight = next(models)
    for record in life:
        assert straight.take([record]) == []
    expected = straight.items()

    order = random.Random(7)  # noqa: S311 - the same in every run
    for _ in range(4):
        model = next(models)
        records = life * 2
        order.shuffle(records)
        while records:
            batch, records = records[:3], records[3:]
            assert model.take(batch) == []
        assert model.items() == expected

    again = straight.take(life)
    assert (again, straight.items()) == ([], expected)


def test_versions_between_may_be_missing(models: Iterator[Model], life: list[Record]) -> None:
    straight, jumping = next(models), next(models)
    straight.take(life)
    last = {record["dynamodb"]["Keys"]["sk"]["S"]: record for record in life}
    assert jumping.take(list(last.values())) == []
    assert jumping.items() == straight.items()


def test_an_unreadable_record_is_reported_and_keeps_no_other_waiting(
    models: Iterator[Model], life: list[Record]
) -> None:
    model, poison = next(models), copy.deepcopy(life[0])
    poison["dynamodb"]["Keys"]["sk"]["S"] = "PAYMENT#pay_poison"
    poison["dynamodb"]["NewImage"] = {"version": {"N": "1"}, "flag": {"BOOL": True}}
    poison["dynamodb"]["SequenceNumber"] = "42"
    assert model.take([poison, *life]) == ["42"]
    straight = next(models)
    straight.take(life)
    assert model.items() == straight.items()


def test_the_first_record_of_a_payment_that_failed_is_reported(
    site: Site, models: Iterator[Model], life: list[Record]
) -> None:
    model = next(models)
    payment = [
        record for record in life if record["dynamodb"]["Keys"] == life[0]["dynamodb"]["Keys"]
    ]
    assert len(payment) > 2

    def refuse(_: object) -> None:
        raise AwsError("ValidationException", "No.", 400)

    with site.aws.faults.before(lambda call: call.action == "TransactWriteItems", refuse, nth=1):
        assert model.take(payment) == [payment[0]["dynamodb"]["SequenceNumber"]]
    # The entries were written before, the totals not at all; the repetition brings both together.
    assert model.totals() == {}
    assert model.take(payment) == []
    straight = next(models)
    straight.take(payment)
    assert model.items() == straight.items()


def test_a_write_whose_answer_was_lost_counts_once(
    site: Site, models: Iterator[Model], life: list[Record]
) -> None:
    model = next(models)

    def lose(_: object) -> None:
        raise AwsError("InternalServerError", "Lost.", 500)

    with site.aws.faults.after(
        lambda call: call.action == "TransactWriteItems", lose, nth=1
    ) as fault:
        model.take(life)
        assert fault.fired.is_set()
    model.take(life)
    straight = next(models)
    straight.take(life)
    assert model.items() == straight.items()


def test_projectors_at_the_same_time_count_each_payment_once(
    site: Site, models: Iterator[Model], merchant: Merchant
) -> None:
    site.stream.records()
    for n in range(6):
        payment_id = merchant.authorize(100 + n)
        merchant.operate("captures", payment_id, 100 + n)
    records, model = site.stream.records(), next(models)
    failed: list[str] = []

    def work(seed: int) -> None:
        projection = Projection(site.aws.client("dynamodb", ACCOUNT), model.table)
        shuffled = [*records]
        random.Random(seed).shuffle(shuffled)  # noqa: S311 - the same in every run
        failed.extend(Model(site, model.table, projection).take(shuffled))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:  # given up under contention: the stream brings it again
        model.take(records)
    totals = model.totals()
    assert (totals["captured_count"], totals["captured_amount"]) == (6, 615)
    assert totals["state_captured"] == totals["created_count"] == 6


def test_a_version_that_came_in_between_is_not_overwritten(
    site: Site, models: Iterator[Model], merchant: Merchant
) -> None:
    """A projector has read, another writes, the first writes: it must notice."""
    site.stream.records()
    payment_id = merchant.authorize(3000)
    early = site.stream.records()
    merchant.operate("captures", payment_id, 1000)
    middle = site.stream.records()
    merchant.operate("captures", payment_id, 2000)
    late = site.stream.records()
    model = next(models)
    model.take(early)
    client = site.aws.client("dynamodb", ACCOUNT)
    overtaken: list[list[str]] = []

    def overtake(**_: object) -> None:
        if not overtaken:
            overtaken.append(model.take(late))

    client.meta.events.register("before-call.dynamodb.TransactWriteItems", overtake)
    assert Model(site, model.table, Projection(client, model.table)).take(middle) == []
    assert overtaken == [[]]
    straight = next(models)
    straight.take([*early, *middle, *late])
    assert model.items() == straight.items()


def test_a_repetition_writes_nothing(
    site: Site, models: Iterator[Model], life: list[Record]
) -> None:
    model = next(models)
    model.take(life)
    since = site.aws.calls.mark()
    model.take(life)
    writes = ("PutItem", "TransactWriteItems", "UpdateItem")
    assert [site.aws.calls.count("dynamodb", name, since=since) for name in writes] == [0, 0, 0]


def test_other_items_and_removals_are_passed_over(
    models: Iterator[Model], site: Site, merchant: Merchant, life: list[Record]
) -> None:
    site.table.put_profile(merchant.merchant_id, f"key-{merchant.merchant_id}-2")
    profile = site.stream.records()
    assert profile
    removal = {
        "eventName": "REMOVE",
        "dynamodb": {
            "Keys": life[0]["dynamodb"]["Keys"],
            "OldImage": life[0]["dynamodb"]["NewImage"],
            "SequenceNumber": "43",
        },
    }
    model = next(models)
    assert model.take([*profile, removal]) == []
    assert model.items() == []


def test_what_doesnt_fit_into_the_time_left_comes_again(
    models: Iterator[Model], life: list[Record]
) -> None:
    model = next(models)
    failed = model.take(life, remaining_ms=500)
    payments = {record["dynamodb"]["Keys"]["sk"]["S"] for record in life}
    assert (len(failed), model.items()) == (len(payments), [])
    assert failed[0] == life[0]["dynamodb"]["SequenceNumber"]


def test_of_the_card_only_brand_and_last_digits_are_kept(
    models: Iterator[Model], merchant: Merchant
) -> None:
    number = "5555555555554444"
    merchant.site.acquirer.cards.register("tok_registered1", number, 12, 2040)
    merchant.site.stream.records()
    payment_id = merchant.authorize(900, token="tok_registered1", brand="visa")
    model = next(models)
    assert model.take(merchant.site.stream.records()) == []
    (row,) = [item for item in model.items() if item["pk"]["S"].endswith("#PAYMENTS")]
    assert (row["brand"]["S"], row["last4"]["S"]) == ("mastercard", "4444")
    everything = json.dumps(model.items())
    assert "tok_" not in everything
    assert number[:6] not in everything
    with merchant.browser() as browser:
        page = browser.get(f"transactions/{payment_id}").text
    assert "Mastercard" in page
    assert "4444" in page
    assert number[:6] not in page


def test_metrics_and_failures_are_one_line_each(
    models: Iterator[Model], life: list[Record], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    next(models).take([*life, *life])
    (line,) = (json.loads(text) for text in capsys.readouterr().out.splitlines())
    names = {metric["Name"] for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert names == {"Projected", "Stale", "Failed", "LagMs"}
    assert (line["Projected"], line["Stale"], line["Failed"]) == (4, 0, 0)
    assert (line["Environment"], line["Service"]) == ("test", "dashboard_projector")


def test_amounts_sort_across_currencies_by_major_units() -> None:
    keys = [amount_key(1250, "EUR"), amount_key(12_501, "KWD"), amount_key(13, "JPY")]
    assert keys == sorted(keys)
    assert amount_key(1250, "EUR") == amount_key(12_500, "KWD")
    largest = amount_key(99_999_999_999, "JPY")
    assert all(key < largest and len(key) == len(largest) for key in keys)


@pytest.mark.parametrize("environment", [{}, {"DASHBOARD_TABLE": " "}])
def test_a_missing_table_is_named(environment: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="DASHBOARD_TABLE"):
        Settings.from_environment(environment)
    assert Settings.from_environment({"DASHBOARD_TABLE": "t"}).environment == "local"


def test_every_step_of_one_payment_moves_its_state(
    models: Iterator[Model], life: list[Record]
) -> None:
    """Steps taken one by one: a payment is always in one state, and counted once."""
    model = next(models)
    for record in itertools.islice(life, 6):
        model.take([record])
        totals = model.totals()
        states = sum(value for name, value in totals.items() if name.startswith("state_"))
        assert states == totals["created_count"]
