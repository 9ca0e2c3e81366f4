"""DynamoDB slow, refusing or gone; the task told to stop: scores go on, by their deadline."""

from __future__ import annotations

import contextlib
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from harness.aws.errors import AwsError
from harness.aws.faults import ConnectionLostError
from harness.fraud import ACCOUNT, MERCHANT, FraudTask, payment_id
from harness.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.aws import EmbeddedAWS
    from harness.aws.calls import Call
    from harness.aws.faults import Fault
    from harness.fraud import FraudTables, StartTask

DEADLINE_MS = 20
# A busy machine wakes a process late; DynamoDB is slower than this by far.
LATE_MS = 250


def slow_down(aws: EmbeddedAWS, action: str, seconds: float) -> Fault:
    """Delay all calls of an action, each on its own, until the fault is removed."""

    def delay(call: Call) -> bool:
        if call.action == action:
            time.sleep(seconds)
        return False

    return aws.faults.before(delay, lambda _: None)


def refuse(aws: EmbeddedAWS, action: str, code: str, calls: int) -> None:
    """Refuse the next calls of an action."""

    def effect(_: Call) -> None:
        raise AwsError(code, "Not now.", 400)

    # One that raises keeps the call from those after it.
    for _ in range(calls):
        aws.faults.before(lambda call: call.action == action, effect)


def lose_connection(_: Call) -> None:
    raise ConnectionLostError


def scored(task: FraudTask) -> list[float]:
    return [line["ScoreLatency"] for line in task.said("request") if "Scores" in line]


def test_slow_counters_are_left_out_by_the_deadline_and_counted_after_it(
    start: StartTask, aws: EmbeddedAWS, tables: FraudTables
) -> None:
    task = start(SCORE_DEADLINE_MS=str(DEADLINE_MS))
    slow_down(aws, "UpdateItem", 1.4)
    answers = [task.internal(payment_id=payment_id()) for _ in range(5)]
    assert all(answer.body["degraded"] for answer in answers)
    assert all(answer.milliseconds < LATE_MS for answer in answers)
    wait_until(lambda: len(scored(task)) == 5)
    assert min(scored(task)) < DEADLINE_MS
    assert tables.payments_counted() == 0
    wait_until(lambda: tables.payments_counted() == 5)


def test_one_slow_counter_leaves_the_others_in_the_score(
    start: StartTask, aws: EmbeddedAWS, tables: FraudTables
) -> None:
    task = start(SCORE_DEADLINE_MS="600")
    for _ in range(12):
        task.internal()
    merchants_own = f'"MERCHANT#{MERCHANT}"'.encode()
    with aws.faults.before(
        lambda call: call.action == "UpdateItem" and merchants_own in call.body,
        lambda _: time.sleep(3),
    ):
        answer = task.internal()
    assert answer.body["degraded"] is True
    assert answer.body["score"] > 200, "the card's own counters were answered in time"
    wait_until(lambda: tables.payments_counted() == 13)


def test_a_slow_marker_is_waited_for_no_longer(start: StartTask, aws: EmbeddedAWS) -> None:
    task = start(SCORE_DEADLINE_MS=str(DEADLINE_MS))
    slow_down(aws, "PutItem", 1.0)
    answer = task.internal()
    assert answer.body["degraded"] is True
    assert answer.milliseconds < LATE_MS


def test_a_repetition_while_the_first_is_still_written_counts_once(
    start: StartTask, aws: EmbeddedAWS, tables: FraudTables
) -> None:
    task, name = start(SCORE_DEADLINE_MS=str(DEADLINE_MS)), payment_id()
    slow_down(aws, "UpdateItem", 0.5)
    for _ in range(4):
        assert task.internal(payment_id=name).status == 200
    wait_until(lambda: tables.payments_counted() == 1)
    time.sleep(0.6)
    assert tables.payments_counted() == 1


def test_a_throttled_count_is_tried_again(
    task: FraudTask, aws: EmbeddedAWS, tables: FraudTables
) -> None:
    refuse(aws, "UpdateItem", "ProvisionedThroughputExceededException", 4)
    assert task.internal().body["degraded"] is False
    assert tables.payments_counted() == 1


def test_an_addition_whose_answer_was_lost_is_not_made_again(
    task: FraudTask, aws: EmbeddedAWS, tables: FraudTables
) -> None:
    for _ in range(4):
        aws.faults.after(lambda call: call.action == "UpdateItem", lose_connection)
    assert task.internal().body["degraded"] is True
    assert tables.payments_counted() == 1
    wait_until(lambda: bool(task.said("counts lost")))
    (lost,) = task.said("counts lost")
    assert lost["LostCounts"] == 4
    # Lost connections are replaced.
    assert task.internal().body["degraded"] is False


def test_a_refused_count_is_told(task: FraudTask, aws: EmbeddedAWS) -> None:
    refuse(aws, "PutItem", "AccessDeniedException", 1)
    assert task.internal().body["degraded"] is True
    wait_until(lambda: bool(task.said("counts lost")))
    (lost,) = task.said("counts lost")
    assert lost["reason"] == "AccessDeniedException"


@contextlib.contextmanager
def silent_server() -> Iterator[str]:
    """An address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextlib.contextmanager
def closed_port() -> Iterator[str]:
    """An address that refuses connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.mark.parametrize("nowhere", [silent_server, closed_port])
def test_without_dynamodb_scores_are_degraded_and_health_is_good(
    aws: EmbeddedAWS,
    tables: FraudTables,
    nowhere: Callable[[], contextlib.AbstractContextManager[str]],
) -> None:
    with nowhere() as url:
        environment = {**aws.environment(ACCOUNT), "AWS_ENDPOINT_URL": url}
        with FraudTask(environment, tables, {"SCORE_DEADLINE_MS": str(DEADLINE_MS)}) as task:
            answers = [task.internal() for _ in range(4)]
            assert all(answer.status == 200 for answer in answers)
            assert all(answer.body["degraded"] for answer in answers)
            assert max(answer.milliseconds for answer in answers) < LATE_MS
            assert task.send("GET", "/health").status == 200
            # Who asks below a path must be known first.
            assert task.score().body["code"] == "storage_unavailable"


def test_a_known_merchant_is_served_while_its_profile_cant_be_read(
    start: StartTask, aws: EmbeddedAWS
) -> None:
    task = start()
    assert task.score().status == 200
    refuse(aws, "GetItem", "InternalServerError", 20)
    assert task.score().status == 200


def test_sigterm_drains(start: StartTask, aws: EmbeddedAWS) -> None:
    task = start(DRAIN_SECONDS="2", SCORE_DEADLINE_MS="900")
    assert task.send("GET", "/health").body == {"status": "ok"}
    assert "connection" not in task.client.get("/health").headers
    slow_down(aws, "UpdateItem", 0.4)
    url = str(task.client.base_url)
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(task.internal)
        time.sleep(0.1)
        task.process.send_signal(signal.SIGTERM)
        wait_until(lambda: httpx.get(f"{url}/health").status_code == 503)
        assert httpx.get(f"{url}/health").json()["status"] == "draining"
        assert under_way.result().status == 200
    # Until the load balancer knows, requests still come, over new connections too.
    body = {"merchant_id": MERCHANT, "amount": 1, "currency": "EUR", "token": "tok_late1"}
    late = httpx.post(f"{url}/internal/scores", json=body)
    assert (late.status_code, late.headers["connection"]) == (200, "close")
    assert task.stop() == 0
    assert [line["message"] for line in task.lines[-1:]] == ["stopped"]


def test_what_was_answered_is_written_before_the_task_ends(
    start: StartTask, aws: EmbeddedAWS, tables: FraudTables
) -> None:
    task = start(SCORE_DEADLINE_MS=str(DEADLINE_MS))
    slow_down(aws, "UpdateItem", 1.4)
    assert task.internal().body["degraded"] is True
    assert task.stop() == 0
    assert tables.payments_counted() == 1, task.lines


@pytest.mark.parametrize("name", ["FRAUD_COUNTERS_TABLE", "PAYMENTS_TABLE"])
def test_a_task_without_its_settings_says_what_is_missing(
    aws: EmbeddedAWS, tables: FraudTables, name: str
) -> None:
    with pytest.raises(RuntimeError, match=f"set {name}"):
        FraudTask(aws.environment(ACCOUNT), tables, {name: ""})
