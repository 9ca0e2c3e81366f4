"""Invoke through boto3, in the edge's workers."""

from __future__ import annotations

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    import boto3

    from harness.edge import Edge

SOURCE = """
import json, os, time
import boto3

def handle(event, context):
    print("handling", event)
    if event.get("fail"):
        raise ValueError("as asked")
    time.sleep(event.get("sleep", 0))
    if "call" in event:
        answer = boto3.client("lambda").invoke(FunctionName=event["call"], Payload="{}")
        return json.loads(answer["Payload"].read())
    return {"arn": context.invoked_function_arn, "version": context.function_version,
            "request": context.aws_request_id, "pid": os.getpid()}
"""


@pytest.fixture(scope="module")
def alias(session: boto3.Session, deploy: Callable[..., str], edge: Edge) -> str:
    """A function with version 1 behind ``live``; its log has no group, which is nobody's matter."""
    assert edge
    deploy("service", SOURCE)
    client = session.client("lambda")
    client.publish_version(FunctionName="service")
    created = client.create_alias(FunctionName="service", Name="live", FunctionVersion="1")
    return str(created["AliasArn"])


@pytest.fixture(scope="module")
def functions(session: boto3.Session) -> Any:
    return session.client("lambda", config=Config(retries={"total_max_attempts": 1}))


@pytest.fixture(scope="module")
def failures(session: boto3.Session, alias: str) -> Callable[[], list[Any]]:
    """Failed events of the alias go to a queue; gives what came."""
    assert alias
    queues = session.client("sqs")
    url = queues.create_queue(QueueName="failed-events")["QueueUrl"]
    session.client("lambda").put_function_event_invoke_config(
        FunctionName="service",
        Qualifier="live",
        MaximumRetryAttempts=1,
        DestinationConfig={
            "OnFailure": {"Destination": "arn:aws:sqs:eu-west-1:444444444444:failed-events"}
        },
    )

    def came() -> list[Any]:
        found = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in found.get("Messages", [])]

    return came


def test_an_alias_runs_in_the_edges_workers(functions: Any, alias: str, edge: Edge) -> None:
    answer = functions.invoke(FunctionName=alias, LogType="Tail", Payload=b'{"a":1}')
    result = json.loads(answer["Payload"].read())
    assert (result["arn"], result["version"], answer["ExecutedVersion"]) == (alias, "1", "1")
    assert result["pid"] in edge.worker_pids("service")
    log = base64.b64decode(answer["LogResult"]).decode()
    assert log.startswith(f"START RequestId: {result['request']}")
    assert "handling {'a': 1}\n" in log
    assert "REPORT RequestId" in log
    assert "FunctionError" not in answer


def test_a_failure_is_an_answer(functions: Any, alias: str) -> None:
    answer = functions.invoke(FunctionName=alias, Payload=b'{"fail":true}')
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.loads(answer["Payload"].read())["errorMessage"] == "as asked"


def test_a_function_may_invoke_another(functions: Any, alias: str) -> None:
    answer = functions.invoke(FunctionName="service", Payload=json.dumps({"call": alias}).encode())
    assert json.loads(answer["Payload"].read())["arn"] == alias


def test_reserved_concurrency_refuses(
    functions: Any, deploy: Callable[..., str], edge: Edge
) -> None:
    deploy("narrow", SOURCE)
    functions.put_function_concurrency(FunctionName="narrow", ReservedConcurrentExecutions=1)
    functions.invoke(FunctionName="narrow")
    with ThreadPoolExecutor(1) as threads:
        busy = threads.submit(edge.invoke, "narrow", {"sleep": 2})
        time.sleep(0.5)
        with pytest.raises(ClientError) as refused:
            functions.invoke(FunctionName="narrow")
        assert busy.result()["version"] == "$LATEST"
    assert refused.value.response["Error"]["Code"] == "TooManyRequestsException"


def test_an_event_that_fails_goes_to_its_destination_after_retries(
    functions: Any, alias: str, edge: Edge, failures: Callable[[], list[Any]]
) -> None:
    answer = functions.invoke(
        FunctionName=alias, InvocationType="Event", Payload=b'{"fail":true,"n":7}'
    )
    assert answer["StatusCode"] == 202
    edge.drain()
    (record,) = failures()
    assert record["requestPayload"] == {"fail": True, "n": 7}
    assert record["responsePayload"]["errorMessage"] == "as asked"
    assert record["requestContext"]["functionArn"] == alias
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2


def test_an_event_that_succeeds_leaves_nothing(
    functions: Any, alias: str, edge: Edge, failures: Callable[[], list[Any]]
) -> None:
    functions.invoke(FunctionName=alias, InvocationType="Event", Payload=b"{}")
    edge.drain()
    assert failures() == []
