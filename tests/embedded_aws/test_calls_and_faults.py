"""The record of calls, and faults around a chosen one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from harness.aws import AwsError, Call, CallLog, ConnectionLostError, EmbeddedAWS

if TYPE_CHECKING:
    from collections.abc import Callable

    Clients = Callable[[str], Any]

DEV = "444444444444"


def puts(call: Call) -> bool:
    return call.service == "dynamodb" and call.action == "PutItem"


def lose(_: Call) -> None:
    raise ConnectionLostError


@pytest.fixture
def table(client: Clients) -> Any:
    """Create the table ``t``; return a client that tries once."""
    dynamodb = client("dynamodb")
    dynamodb.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return dynamodb


def put(table: Any, name: str) -> None:
    table.put_item(TableName="t", Item={"pk": {"S": name}})


def names(table: Any) -> set[str]:
    return {item["pk"]["S"] for item in table.scan(TableName="t")["Items"]}


def test_a_call_that_waits_keeps_no_other_out(client: Clients) -> None:
    sqs = client("sqs")
    queue = sqs.create_queue(QueueName="empty")["QueueUrl"]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(sqs.receive_message, QueueUrl=queue, WaitTimeSeconds=3)
        client("sns").list_topics()
        assert not waiting.done()


def test_calls_of_every_protocol_are_described(aws: EmbeddedAWS, table: Any) -> None:
    session: Any = aws.session(DEV, "deploy", "ann")
    once = Config(retries={"total_max_attempts": 1})
    aws.calls.clear()
    put(table, "a")
    session.client("iam").list_users()
    session.client("s3", config=once).list_buckets()
    with pytest.raises(ClientError):
        session.client("lambda", config=once).get_function(FunctionName="absent")

    seen = [(each.service, each.action, each.resource, each.status) for each in aws.calls]
    assert seen == [
        ("dynamodb", "PutItem", "t", 200),
        ("iam", "ListUsers", "/", 200),
        ("s3", "ListBuckets", "/", 200),
        ("lambda", "GetFunction", "/2015-03-31/functions/absent", 404),
    ]
    last = list(aws.calls)[-1]
    assert last.account_id == DEV
    assert last.principal_arn == f"arn:aws:sts::{DEV}:assumed-role/deploy/ann"
    assert last.duration > 0
    assert all(each.request_id for each in aws.calls)


def test_calls_since_a_mark_are_counted(aws: EmbeddedAWS, table: Any) -> None:
    put(table, "a")
    mark = aws.calls.mark()
    put(table, "b")
    names(table)
    assert aws.calls.count(service="dynamodb", action="PutItem") == 2
    assert aws.calls.count(service="dynamodb", action="PutItem", since=mark) == 1
    assert aws.calls.count(service="dynamodb", since=mark) == 2
    assert aws.calls.count(service="sqs") == 0


def test_the_log_is_bounded_and_can_be_off() -> None:
    with EmbeddedAWS(log_capacity=3) as aws:
        for _ in range(5):
            aws.client("sqs", DEV)
        assert len(aws.calls) == 3
    with EmbeddedAWS(log_capacity=0) as aws:
        aws.client("sqs", DEV).list_queues()
        assert len(aws.calls) == 0
    with pytest.raises(ValueError, match="use 0 to switch it off"):
        CallLog(-1)


def test_a_call_lost_before_is_not_carried_out(aws: EmbeddedAWS, table: Any) -> None:
    with aws.faults.before(puts, lose, nth=2) as fault:
        put(table, "a")
        with pytest.raises(ConnectionClosedError):
            put(table, "b")
        assert fault.fired.is_set()
        put(table, "c")
    assert names(table) == {"a", "c"}


def test_a_call_lost_after_is_carried_out(aws: EmbeddedAWS, table: Any) -> None:
    with aws.faults.after(puts, lose), pytest.raises(ConnectionClosedError):
        put(table, "a")
    assert names(table) == {"a"}


def test_a_fault_can_answer_with_an_error(aws: EmbeddedAWS, table: Any) -> None:
    def throttle(_: Call) -> None:
        raise AwsError("ThrottlingException", "Rate exceeded", 400)

    with aws.faults.before(puts, throttle), pytest.raises(ClientError, match="Rate exceeded") as e:
        put(table, "a")
    assert e.value.response["Error"]["Code"] == "ThrottlingException"
    assert aws.calls.select("dynamodb", "PutItem")[0].status == 400
    assert names(table) == set()


def test_a_fault_sees_the_call(aws: EmbeddedAWS, table: Any) -> None:
    seen: list[tuple[str, bytes]] = []
    with aws.faults.before(puts, lambda call: seen.append((call.resource, call.body))):
        put(table, "a")
    assert seen == [("t", b'{"TableName": "t", "Item": {"pk": {"S": "a"}}}')]


@pytest.mark.parametrize(
    ("service", "operation"),
    [("kms", "describe_custom_key_stores"), ("lambda", "get_account_settings")],
)
def test_an_operation_that_moto_lacks_is_named(
    client: Clients, service: str, operation: str
) -> None:
    with pytest.raises(ClientError, match=f"doesn't know {service}:.*add it to") as refusal:
        getattr(client(service), operation)()
    assert refusal.value.response["Error"]["Code"] == "UnknownOperationException"


def test_a_removed_fault_does_nothing(aws: EmbeddedAWS, table: Any) -> None:
    fault = aws.faults.before(puts, lose)
    fault.remove()
    fault.remove()
    put(table, "a")
    assert not fault.fired.is_set()
    with pytest.raises(ValueError, match="1st matching call"):
        aws.faults.after(puts, lose, nth=0)


WORKER = """
import boto3
table = boto3.client("dynamodb")
for name in "abc":
    table.put_item(TableName="t", Item={"pk": {"S": name}})
"""


@pytest.mark.parametrize("writes", [1, 2, 3])
def test_a_worker_is_killed_right_after_a_write(aws: EmbeddedAWS, table: Any, writes: int) -> None:
    environment = {**os.environ, **aws.environment(DEV)}
    worker: subprocess.Popen[bytes] | None = None

    def kill(_: Call) -> None:
        assert worker is not None
        worker.kill()
        worker.wait(timeout=60)

    with aws.faults.after(puts, kill, nth=writes):
        worker = subprocess.Popen([sys.executable, "-c", WORKER], env=environment)
        assert worker.wait(timeout=60) == -signal.SIGKILL
    assert names(table) == set("abc"[:writes])
