"""Scores over HTTP, from the task's own process: counted once, shared, explained."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from fraud_detection.model import Model
from fraud_detection.tallies import digest
from harness.fraud import MERCHANT, identity, payment_id
from harness.waiting import wait_until

if TYPE_CHECKING:
    from harness.aws import EmbeddedAWS
    from harness.fraud import FraudTables, FraudTask, StartTask


def test_a_first_payment_is_approved(task: FraudTask) -> None:
    answer = task.score(reference="order-1")
    assert answer.status == 200
    assert answer.body["decision"] == "approve"
    assert answer.body["score"] < 200
    assert answer.body["degraded"] is False
    assert answer.body["model_version"] == Model.load().version


def test_the_gateways_function_asks_without_identity(task: FraudTask) -> None:
    answer = task.internal()
    assert answer.status == 200
    assert answer.body.keys() == task.score().body.keys()


def test_answers_say_when_their_version_ends(task: FraudTask) -> None:
    ending = {"x-api-sunset-on": "2027-07-01T00:00:00Z"}
    for merchant_id, status in ((MERCHANT, 200), ("m_elsewhere", 403)):
        headers = {**identity(merchant_id), **ending}
        answer = task.score(headers=headers)
        assert (answer.status, answer.headers["sunset"]) == (
            status,
            "Thu, 01 Jul 2027 00:00:00 GMT",
        )
    assert "sunset" not in task.score().headers


def test_a_burst_of_one_card_raises_its_score_until_it_is_refused(task: FraudTask) -> None:
    answers = [task.internal() for _ in range(12)]
    scores = [answer.body["score"] for answer in answers]
    assert scores[-1] > scores[0] + 500, scores
    assert answers[0].body["decision"] == "approve"
    assert answers[-1].body["decision"] == "refuse"
    codes = [reason["code"] for reason in answers[-1].body["reasons"]]
    assert "card_velocity" in codes
    assert all(reason["text"] for reason in answers[-1].body["reasons"])


def test_many_cards_on_one_device_raise_the_score(task: FraudTask) -> None:
    answers = [
        task.internal(token=f"tok_stolen{number:04}", amount=120, device_id="bot", country="NG")
        for number in range(20)
    ]
    assert answers[-1].body["score"] > answers[0].body["score"] + 300
    codes = {reason["code"] for reason in answers[-1].body["reasons"]}
    assert codes & {"device_velocity", "device_many_cards"}, codes


def test_another_merchants_burst_changes_nothing(task: FraudTask) -> None:
    for _ in range(8):
        task.internal(merchant_id="m_elsewhere")
    assert task.internal().body["score"] < 200


def test_a_payment_is_counted_once_however_often_it_is_scored(
    task: FraudTask, tables: FraudTables
) -> None:
    name = payment_id()
    first = task.internal(payment_id=name).body
    for _ in range(5):
        assert task.internal(payment_id=name).body == first
    assert tables.payments_counted() == 1
    wait_until(lambda: any(line.get("repeated") for line in task.said("request")))


def test_a_payment_is_counted_once_by_many_tasks_at_once(
    start: StartTask, tables: FraudTables
) -> None:
    tasks, name = [start(), start()], payment_id()
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(tasks[n % 2].internal, payment_id=name) for n in range(16)]
        assert {answer.result().status for answer in asked} == {200}
    assert tables.payments_counted() == 1


def test_payments_without_an_id_are_all_counted(task: FraudTask, tables: FraudTables) -> None:
    body = {"merchant_id": MERCHANT, "amount": 500, "currency": "EUR", "token": "tok_anon1"}
    for _ in range(3):
        assert task.send("POST", "/internal/scores", json.dumps(body)).status == 200
    assert tables.payments_counted() == 3


def test_all_tasks_share_the_counters(start: StartTask) -> None:
    one, other = start(), start()
    for _ in range(10):
        one.internal()
    assert other.internal().body["decision"] == "refuse"


def test_a_score_takes_one_write_for_the_payment_and_one_for_each_subject(
    task: FraudTask, aws: EmbeddedAWS
) -> None:
    since = aws.calls.mark()

    def actions() -> list[str]:
        return sorted(call.action for call in aws.calls.select("dynamodb", since=since))

    task.internal()
    wait_until(lambda: len(actions()) >= 5)
    assert actions() == ["PutItem", "UpdateItem", "UpdateItem", "UpdateItem", "UpdateItem"]


def test_the_table_forgets_and_holds_no_token(task: FraudTask, tables: FraudTables) -> None:
    task.internal(token="tok_secret99", device_id="device-77")
    items = tables.items()
    assert set(items) >= {
        f"MERCHANT#{MERCHANT}",
        f"MERCHANT#{MERCHANT}#TOKEN#{digest('tok_secret99')}",
        f"MERCHANT#{MERCHANT}#DEVICE#{digest('device-77')}",
        f"MERCHANT#{MERCHANT}#COUNTRY#DE",
    }
    assert all("expires_at" in item for item in items.values())
    assert "tok_secret99" not in str(items)
    assert "device-77" not in str(items)
