"""Lambda's own metrics of what the workers did."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from harness.edge import EdgeError, FunctionError
from harness.monitored import statistics

if TYPE_CHECKING:
    from collections.abc import Callable

    import boto3

    from harness.edge import Edge

SOURCE = """
import time
def handle(event, context):
    if event == "raise":
        raise ValueError("no")
    time.sleep(0.2)
"""


@pytest.fixture
def measured(session: boto3.Session, edge: Edge) -> Callable[..., dict[str, Any]]:
    cloudwatch = session.client("cloudwatch")

    def look(name: str, **dimensions: str) -> dict[str, Any]:
        edge.flush_metrics()
        return statistics(cloudwatch, "AWS/Lambda", name, **dimensions)

    return look


def test_calls_failures_and_durations_are_measured(
    edge: Edge,
    session: boto3.Session,
    deploy: Callable[..., str],
    measured: Callable[..., dict[str, Any]],
) -> None:
    deploy("counted", SOURCE)
    functions = session.client("lambda")
    functions.publish_version(FunctionName="counted")
    functions.create_alias(FunctionName="counted", Name="live", FunctionVersion="1")
    edge.invoke("counted", "nap", qualifier="live")
    with pytest.raises(FunctionError):
        edge.invoke("counted", "raise", qualifier="live")
    alias = {"FunctionName": "counted", "Resource": "counted:live"}
    calls = measured("Invocations", **alias)
    assert (calls["Sum"], calls["Unit"]) == (2, "Count")
    errors = measured("Errors", **alias)
    assert (errors["Sum"], errors["SampleCount"]) == (1, 2)  # the good call is a zero
    throttles = measured("Throttles", **alias)
    assert (throttles["Sum"], throttles["SampleCount"]) == (0, 2)
    duration = measured("Duration", **alias)
    assert 200 <= duration["Maximum"] < 2000  # the worker's start isn't in it
    assert duration["Unit"] == "Milliseconds"
    assert measured("ConcurrentExecutions", **alias)["Maximum"] == 1
    assert measured("Invocations", FunctionName="counted")["Sum"] >= 2


def test_refused_calls_are_throttles_and_no_calls(
    edge: Edge,
    session: boto3.Session,
    deploy: Callable[..., str],
    measured: Callable[..., dict[str, Any]],
) -> None:
    deploy("closed", SOURCE)
    session.client("lambda").put_function_concurrency(
        FunctionName="closed", ReservedConcurrentExecutions=1
    )
    with ThreadPoolExecutor() as threads:
        calls = [threads.submit(edge.invoke, "closed", "nap") for _ in range(2)]
    (refused,) = [call.exception() for call in calls if call.exception()]
    assert isinstance(refused, EdgeError)
    function = {"FunctionName": "closed", "Resource": "closed"}
    assert measured("Throttles", **function)["Sum"] == 1
    assert measured("Invocations", **function)["Sum"] == 1


def test_the_age_of_stream_records_is_measured(
    edge: Edge,
    session: boto3.Session,
    deploy: Callable[..., str],
    measured: Callable[..., dict[str, Any]],
) -> None:
    deploy("reader", "def handle(event, context):\n    return {}\n")
    dynamodb = session.client("dynamodb")
    table = dynamodb.create_table(
        TableName="measured",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]
    dynamodb.put_item(TableName="measured", Item={"pk": {"S": "one"}})
    time.sleep(2.1)  # so old is the record when its reader comes
    mapping = session.client("lambda").create_event_source_mapping(
        FunctionName="reader",
        EventSourceArn=table["LatestStreamArn"],
        StartingPosition="TRIM_HORIZON",
    )
    edge.reload()
    edge.drain()
    age = measured("IteratorAge", FunctionName="reader")
    assert 1000 <= age["Maximum"] < 60_000  # streams keep whole seconds
    session.client("lambda").delete_event_source_mapping(UUID=mapping["UUID"])
    edge.reload()
