"""Invoke, event source mappings and streams through boto3, where moto alone fails."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.aws import EmbeddedAWS

    Clients = Callable[[str], Any]

ACCOUNT, REGION = "444444444444", "eu-west-1"
ALIAS = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:service:live"


class Runtime:
    """Stands in for what runs functions: answers every order with ``answer``."""

    def __init__(self) -> None:
        self.orders: list[dict[str, Any]] = []
        self.answer: dict[str, Any] = {
            "payload": base64.b64encode(b'{"errorType":"Odd"}').decode(),
            "error": "Unhandled",
            "version": "1",
            "request_id": "r-1",
            "log": "START\nEND\n",
        }
        runtime = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.headers["Authorization"] == "token"
                length = int(self.headers["Content-Length"])
                runtime.orders.append(json.loads(self.rfile.read(length)))
                body = json.dumps(runtime.answer).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/functions"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def registry(aws: EmbeddedAWS) -> str:
    return f"{aws.endpoint_url}/_embedded/invokers/{ACCOUNT}/{REGION}"


@pytest.fixture
def runtime(registry: str) -> Iterator[Runtime]:
    started = Runtime()
    httpx.put(registry, json={"url": started.url, "token": "token"}).raise_for_status()
    yield started
    started.server.shutdown()
    started.server.server_close()


@pytest.fixture
def functions(client: Clients, function_zip: bytes) -> Any:
    """Publish version 1 of the function ``service``, with an alias ``live``; return the client."""
    role = client("iam").create_role(RoleName="service", AssumeRolePolicyDocument="{}")
    functions = client("lambda")
    functions.create_function(
        FunctionName="service",
        Role=role["Role"]["Arn"],
        Runtime="python3.13",
        Handler="service.handle",
        Code={"ZipFile": function_zip},
        Publish=True,
    )
    functions.create_alias(FunctionName="service", Name="live", FunctionVersion="1")
    return functions


@pytest.fixture
def stream(client: Clients) -> str:
    """A table ``items`` with a stream; returns the stream's ARN."""
    created = client("dynamodb").create_table(
        TableName="items",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    return str(created["TableDescription"]["LatestStreamArn"])


def records(client: Clients, stream: str) -> list[dict[str, Any]]:
    streams = client("dynamodbstreams")
    shard = streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(
        StreamArn=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    found: list[dict[str, Any]] = streams.get_records(ShardIterator=iterator)["Records"]
    return found


@pytest.mark.mends("lambda:InvokeFunction")
def test_a_function_runs_where_its_runtime_registered(functions: Any, runtime: Runtime) -> None:
    answer = functions.invoke(FunctionName=ALIAS, LogType="Tail", Payload=b'{"a":1}')
    assert json.loads(answer["Payload"].read()) == {"errorType": "Odd"}
    assert answer["FunctionError"] == "Unhandled"
    assert answer["ExecutedVersion"] == "1"
    assert base64.b64decode(answer["LogResult"]) == b"START\nEND\n"
    (order,) = runtime.orders
    assert (order["function"], order["qualifier"], order["event"]) == ("service", "live", False)
    assert base64.b64decode(order["payload"]) == b'{"a":1}'


def test_an_event_is_accepted_and_not_waited_for(functions: Any, runtime: Runtime) -> None:
    runtime.answer = {"request_id": "r-2"}
    answer = functions.invoke(FunctionName="service", Qualifier="live", InvocationType="Event")
    assert answer["StatusCode"] == 202
    assert runtime.orders[0]["event"]


def test_without_a_runtime_the_caller_is_told_what_to_start(
    functions: Any, runtime: Runtime, registry: str
) -> None:
    httpx.request("DELETE", registry, json={"token": "token"}).raise_for_status()
    with pytest.raises(ClientError, match=r"NoRuntimeException.*start harness.edge.Edge"):
        functions.invoke(FunctionName="service")
    assert runtime.orders == []


def test_only_the_runtime_itself_can_take_its_registration_back(
    functions: Any, runtime: Runtime, registry: str
) -> None:
    httpx.request("DELETE", registry, json={"token": "another"}).raise_for_status()
    functions.invoke(FunctionName="service")
    assert len(runtime.orders) == 1


def test_a_runtime_that_died_is_no_runtime(functions: Any, registry: str) -> None:
    gone = Runtime()
    gone.server.shutdown()
    gone.server.server_close()
    httpx.put(registry, json={"url": gone.url, "token": "token"}).raise_for_status()
    with pytest.raises(ClientError, match="NoRuntimeException"):
        functions.invoke(FunctionName="service")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"FunctionName": "unknown"}, "ResourceNotFoundException"),
        ({"FunctionName": "service", "Qualifier": "9"}, "ResourceNotFoundException"),
        ({"FunctionName": ALIAS, "Qualifier": "1"}, "InvalidParameterValueException"),
        ({"FunctionName": "service", "Payload": b"{"}, "InvalidRequestContentException"),
        (
            {"FunctionName": "service", "Payload": b'"' + b"x" * 7_000_000 + b'"'},
            "RequestTooLargeException",
        ),
    ],
)
def test_what_lambda_refuses_isnt_run(
    functions: Any, runtime: Runtime, arguments: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as refused:
        functions.invoke(**arguments)
    assert refused.value.response["Error"]["Code"] == code
    assert runtime.orders == []


@pytest.mark.mends("lambda:CreateEventSourceMapping")
def test_a_mapping_keeps_its_alias_and_leaves_the_reading_to_others(
    client: Clients, functions: Any, stream: str
) -> None:
    queues = client("sqs")
    url = queues.create_queue(QueueName="work")["QueueUrl"]
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:work"
    for source in (stream, queue):
        created = functions.create_event_source_mapping(FunctionName=ALIAS, EventSourceArn=source)
        assert created["FunctionArn"] == ALIAS
    client("dynamodb").put_item(TableName="items", Item={"pk": {"S": "1"}})
    queues.send_message(QueueUrl=url, MessageBody="hello")
    assert len(records(client, stream)) == 1
    assert len(queues.receive_message(QueueUrl=url)["Messages"]) == 1
    changed = functions.update_event_source_mapping(UUID=created["UUID"], FunctionName="service:1")
    assert changed["FunctionArn"].endswith(":function:service:1")


@pytest.mark.mends("dynamodbstreams:GetRecords")
def test_a_change_is_one_record_and_no_change_none(client: Clients, stream: str) -> None:
    table = client("dynamodb")
    for value in ("1", "1", "2"):
        table.update_item(
            TableName="items",
            Key={"pk": {"S": "new"}},
            UpdateExpression="SET v = :v",
            ExpressionAttributeValues={":v": {"N": value}},
        )
    table.put_item(TableName="items", Item={"pk": {"S": "new"}, "v": {"N": "2"}})
    table.delete_item(TableName="items", Key={"pk": {"S": "new"}})
    found = records(client, stream)
    assert [record["eventName"] for record in found] == ["INSERT", "MODIFY", "REMOVE"]
    assert found[0]["dynamodb"]["NewImage"] == {"pk": {"S": "new"}, "v": {"N": "1"}}
    numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in found]
    assert numbers == list(range(numbers[0], numbers[0] + 3))


@pytest.mark.parametrize("what", ["stream", "queue"])
def test_a_change_is_told_at_once(
    aws: EmbeddedAWS, client: Clients, stream: str, what: str
) -> None:
    url = client("sqs").create_queue(QueueName="work")["QueueUrl"]
    address = f"{aws.endpoint_url}/_embedded/changes"
    before = httpx.get(address, params={"after": -1, "seconds": 0}).json()["count"]
    answers: list[int] = []

    def listen() -> None:
        answers.append(
            httpx.get(address, params={"after": before, "seconds": 10}, timeout=15).json()["count"]
        )

    listener = threading.Thread(target=listen)
    listener.start()
    listener.join(0.3)
    assert answers == []
    if what == "stream":
        client("dynamodb").put_item(TableName="items", Item={"pk": {"S": "1"}})
    else:
        client("sqs").send_message(QueueUrl=url, MessageBody="hello")
    listener.join(5)
    assert answers == [before + 1]
    assert stream


@pytest.mark.mends("apigateway:PutIntegration")
def test_a_private_integration_keeps_its_vpc_link(client: Clients) -> None:
    gateway = client("apigateway")
    api = gateway.create_rest_api(name="private")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    place = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
    gateway.put_method(**place, authorizationType="NONE")
    put = gateway.put_integration(
        **place,
        type="HTTP_PROXY",
        integrationHttpMethod="GET",
        uri="https://fraud.example.com/",
        connectionType="VPC_LINK",
        connectionId="abc123",
        tlsConfig={"insecureSkipVerification": False},
    )
    assert put["connectionId"] == "abc123"
    assert gateway.get_integration(**place)["connectionId"] == "abc123"
    gateway.create_deployment(restApiId=api, stageName="live")
    exported = gateway.get_export(
        restApiId=api,
        stageName="live",
        exportType="oas30",
        parameters={"extensions": "apigateway"},
    )
    document = json.loads(exported["body"].read())
    integration = document["paths"]["/"]["get"]["x-amazon-apigateway-integration"]
    assert integration["connectionId"] == "abc123"
    imported = gateway.import_rest_api(body=json.dumps(document))["id"]
    root = gateway.get_resources(restApiId=imported)["items"][0]["id"]
    read = gateway.get_integration(restApiId=imported, resourceId=root, httpMethod="GET")
    assert read["connectionId"] == "abc123"
