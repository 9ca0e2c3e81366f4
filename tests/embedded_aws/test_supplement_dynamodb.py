"""DynamoDB under threads and in transactions."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.models.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Clients = Callable[[str], Any]

TABLE = "payments"


def key(name: str) -> dict[str, Any]:
    return {"pk": {"S": name}, "sk": {"S": "PAYMENT"}}


def put(name: str, condition: str | None = None, **attributes: Any) -> dict[str, Any]:
    operation = {"TableName": TABLE, "Item": {**key(name), **attributes}}
    return {"Put": operation | ({"ConditionExpression": condition} if condition else {})}


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Let Python switch threads as often as it can, so that races are lost reliably."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.fixture
def table(client: Clients) -> Any:
    """Create the table; return the client."""
    dynamodb = client("dynamodb")
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    return dynamodb


def items(table: Any) -> dict[str, Any]:
    return {item["pk"]["S"]: item for item in table.scan(TableName=TABLE)["Items"]}


@pytest.mark.mends("dynamodb:PutItem")
def test_one_of_two_conditional_writers_wins_an_item(
    table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = threading.Barrier(2, timeout=0.3)
    check = Table.get_item

    def check_together(*args: Any, **options: Any) -> Any:
        found = check(*args, **options)
        with contextlib.suppress(threading.BrokenBarrierError):
            meeting.wait()
        return found

    monkeypatch.setattr(Table, "get_item", check_together)

    def takes(_: int) -> bool:
        try:
            table.put_item(
                TableName=TABLE, Item=key("a"), ConditionExpression="attribute_not_exists(pk)"
            )
        except table.exceptions.ConditionalCheckFailedException:
            return False
        return True

    with ThreadPoolExecutor(2) as writers:
        assert sum(writers.map(takes, range(2))) == 1


@pytest.mark.parametrize("operation", ["put_item", "update_item", "delete_item"])
def test_a_failed_condition_returns_the_item_if_asked(table: Any, operation: str) -> None:
    stored = {**key("a"), "state": {"S": "AUTHORIZED"}}
    table.put_item(TableName=TABLE, Item=stored)
    target = {"Item": key("a")} if operation == "put_item" else {"Key": key("a")}
    condition = {"TableName": TABLE, "ConditionExpression": "attribute_not_exists(pk)"}
    for wanted, expected in (("ALL_OLD", stored), ("NONE", None)):
        with pytest.raises(table.exceptions.ConditionalCheckFailedException) as refusal:
            getattr(table, operation)(
                **target, **condition, ReturnValuesOnConditionCheckFailure=wanted
            )
        assert refusal.value.response.get("Item") == expected
    assert items(table)["a"] == stored


@pytest.mark.mends("dynamodb:TransactWriteItems")
def test_a_repeated_request_token_writes_once(table: Any) -> None:
    operation = put("a", "attribute_not_exists(pk)")
    for _ in range(2):
        table.transact_write_items(TransactItems=[operation], ClientRequestToken="token-1")
    with pytest.raises(table.exceptions.IdempotentParameterMismatchException):
        table.transact_write_items(TransactItems=[put("b")], ClientRequestToken="token-1")
    with pytest.raises(table.exceptions.TransactionCanceledException):
        table.transact_write_items(TransactItems=[operation], ClientRequestToken="token-2")


def test_a_cancelled_transaction_writes_nothing_and_says_why(table: Any) -> None:
    table.put_item(TableName=TABLE, Item={**key("b"), "state": {"S": "AUTHORIZED"}})
    conflicting = put("b", "attribute_not_exists(pk)")
    conflicting["Put"]["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    with pytest.raises(table.exceptions.TransactionCanceledException) as refusal:
        table.transact_write_items(TransactItems=[put("a"), conflicting])

    first, second = refusal.value.response["CancellationReasons"]
    assert first == {"Code": "None"}
    assert second["Code"] == "ConditionalCheckFailed"
    assert second["Item"]["state"] == {"S": "AUTHORIZED"}
    assert set(items(table)) == {"b"}


def test_a_transaction_that_fails_midway_is_undone(table: Any, client: Clients) -> None:
    table.put_item(TableName=TABLE, Item={**key("a"), "state": {"S": "text"}})
    table.put_item(TableName=TABLE, Item=key("gone"))
    before = items(table)
    increment = {
        "TableName": TABLE,
        "Key": key("a"),
        "UpdateExpression": "SET #s = #s + :one",
        "ExpressionAttributeNames": {"#s": "state"},
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    removal = {"Delete": {"TableName": TABLE, "Key": key("gone")}}
    with pytest.raises(ClientError):
        table.transact_write_items(TransactItems=[put("new"), removal, {"Update": increment}])
    assert items(table) == before

    streams = client("dynamodbstreams")
    arn = streams.list_streams(TableName=TABLE)["Streams"][0]["StreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )
    records = streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    assert len(records) == 2


def test_a_transaction_checks_updates_and_deletes(table: Any) -> None:
    for name in ("checked", "updated", "deleted"):
        table.put_item(TableName=TABLE, Item=key(name))
    table.transact_write_items(
        TransactItems=[
            {
                "ConditionCheck": {
                    "TableName": TABLE,
                    "Key": key("checked"),
                    "ConditionExpression": "attribute_exists(pk)",
                }
            },
            {
                "Update": {
                    "TableName": TABLE,
                    "Key": key("updated"),
                    "UpdateExpression": "SET amount = :a",
                    "ExpressionAttributeValues": {":a": {"N": "5"}},
                }
            },
            {"Delete": {"TableName": TABLE, "Key": key("deleted")}},
        ]
    )
    assert set(items(table)) == {"checked", "updated"}
    assert items(table)["updated"]["amount"] == {"N": "5"}


@pytest.mark.parametrize(
    ("operations", "message"),
    [
        ([put("a"), put("a")], "multiple operations on one item"),
        ([put(str(n)) for n in range(101)], "less than or equal to 100"),
        ([{"Put": {"TableName": TABLE, "Item": {"pk": {"S": "a"}}}}], "Missing the key sk"),
    ],
)
def test_a_malformed_transaction_is_refused(
    table: Any, operations: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        table.transact_write_items(TransactItems=operations)
    assert items(table) == {}


@pytest.mark.usefixtures("hasty_threads")
def test_transfers_keep_the_sum_under_threads(table: Any) -> None:
    names = ["a", "b", "c"]
    for name in names:
        table.put_item(TableName=TABLE, Item={**key(name), "balance": {"N": "100"}})

    def move(name: str, amount: str) -> dict[str, Any]:
        return {
            "Update": {
                "TableName": TABLE,
                "Key": key(name),
                "UpdateExpression": "SET balance = balance + :amount",
                "ExpressionAttributeValues": {":amount": {"N": amount}},
            }
        }

    def transfer(number: int) -> None:
        source, target = names[number % 3], names[(number + 1) % 3]
        table.transact_write_items(TransactItems=[move(source, "-7"), move(target, "7")])

    with ThreadPoolExecutor(8) as workers:
        running = workers.map(transfer, range(60))
        seen = [items(table) for _ in range(20)]
        list(running)
    for snapshot in [*seen, items(table)]:
        assert sum(int(item["balance"]["N"]) for item in snapshot.values()) == 300


def test_a_transaction_takes_no_longer_in_a_large_table(table: Any) -> None:
    def timed(name: str) -> float:
        started = time.perf_counter()
        table.transact_write_items(TransactItems=[put(f"{name}-{n}") for n in range(3)])
        return time.perf_counter() - started

    small = min(timed(f"small-{n}") for n in range(5))
    for batch in range(20):
        table.transact_write_items(TransactItems=[put(f"{batch}-{n}") for n in range(100)])
    large = min(timed(f"large-{n}") for n in range(5))
    assert large < small * 5, "2,000 items slow a transaction down"
