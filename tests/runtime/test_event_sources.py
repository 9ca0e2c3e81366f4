"""Streams and queues invoke the functions that are mapped to them."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from harness.edge import EdgeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import boto3

    from harness.edge import Edge

ACCOUNT, REGION = "444444444444", "eu-west-1"
# Notes every batch as an item of the table ``notes``, and fails for records that say so.
SOURCE = """
import itertools, json, os, time, uuid
import boto3

notes = boto3.client("dynamodb")

def handle(event, context):
    records = event["Records"]
    stream = "dynamodb" in records[0]
    names, ids = [], []
    for record in records:
        if stream:
            names.append(record["dynamodb"]["Keys"]["pk"]["S"])
            ids.append(record["dynamodb"]["SequenceNumber"])
        else:
            names.append(record["body"])
            ids.append(record["messageId"])
    notes.put_item(TableName="notes", Item={
        "pk": {"S": os.environ["READER"]},
        "sk": {"S": f"{time.time_ns():020d}"},
        "names": {"S": json.dumps(names)},
        "event": {"S": json.dumps(event)},
    })
    bad = [number for number, name in enumerate(names) if name.startswith("poison")]
    if os.environ.get("REPORTS"):
        return {"batchItemFailures": [{"itemIdentifier": ids[number]} for number in bad]}
    if bad:
        raise ValueError("poison")
"""


class Bench:
    """Tables, queues and mapped functions of one test."""

    def __init__(self, session: boto3.Session, edge: Edge, deploy: Callable[..., str]) -> None:
        self.session = session
        self.edge = edge
        self._deploy = deploy
        self.dynamodb = session.client("dynamodb")
        self.sqs: Any = session.client("sqs")
        self.functions = session.client("lambda")
        self.mappings: list[str] = []

    def table(self, name: str) -> str:
        """A table with a stream; returns the stream's ARN."""
        created = self.dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        return str(created["TableDescription"]["LatestStreamArn"])

    def queue(self, name: str, **attributes: Any) -> str:
        """A queue; returns its URL."""
        url: str = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url

    @staticmethod
    def queue_arn(url: str) -> str:
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{url.rpartition('/')[2]}"

    def reader(self, name: str, source: str, *, reports: bool = False, **mapping: Any) -> None:
        """A function that reads the source by its alias ``live``."""
        variables = {"READER": name, **({"REPORTS": "1"} if reports else {})}
        self._deploy(name, SOURCE, Environment={"Variables": variables})
        self.functions.publish_version(FunctionName=name)
        alias = self.functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
        if reports:
            mapping["FunctionResponseTypes"] = ["ReportBatchItemFailures"]
        created = self.functions.create_event_source_mapping(
            FunctionName=alias["AliasArn"], EventSourceArn=source, **mapping
        )
        self.mappings.append(created["UUID"])

    def put(self, table: str, *names: str) -> None:
        for name in names:
            self.dynamodb.put_item(TableName=table, Item={"pk": {"S": name}, "b": {"B": b"\x00"}})

    def batches(self, reader: str) -> list[list[str]]:
        """What the reader was given, batch by batch."""
        return [json.loads(item["names"]["S"]) for item in self._notes(reader)]

    def events(self, reader: str) -> list[Any]:
        return [json.loads(item["event"]["S"]) for item in self._notes(reader)]

    def _notes(self, reader: str) -> list[Any]:
        items: list[Any] = self.dynamodb.query(
            TableName="notes",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": reader}},
        )["Items"]
        return items

    def messages(self, url: str) -> list[Any]:
        found = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in found.get("Messages", [])]


@pytest.fixture(scope="module", autouse=True)
def _notes(session: boto3.Session) -> None:
    session.client("dynamodb").create_table(
        TableName="notes",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
    )


@pytest.fixture
def bench(session: boto3.Session, edge: Edge, deploy: Callable[..., str]) -> Iterator[Bench]:
    made = Bench(session, edge, deploy)
    yield made
    for uuid in made.mappings:
        made.functions.delete_event_source_mapping(UUID=uuid)
    edge.reload()


def test_two_readers_of_a_stream_each_see_every_record(bench: Bench) -> None:
    stream = bench.table("both")
    for name in ("both-a", "both-b"):
        bench.reader(name, stream, StartingPosition="TRIM_HORIZON")
    bench.put("both", "before")
    bench.edge.reload()
    bench.edge.drain()
    bench.put("both", "1", "2")
    bench.edge.drain()
    for name in ("both-a", "both-b"):
        assert [each for batch in bench.batches(name) for each in batch] == ["before", "1", "2"]
    record = bench.events("both-a")[0]["Records"][0]
    assert record["eventSourceARN"] == stream
    assert (record["eventName"], record["awsRegion"]) == ("INSERT", REGION)
    assert record["dynamodb"]["NewImage"] == {"pk": {"S": "before"}, "b": {"B": "AA=="}}
    assert abs(record["dynamodb"]["ApproximateCreationDateTime"] - time.time()) < 300


def test_a_reader_may_begin_with_what_comes(bench: Bench) -> None:
    stream = bench.table("latest")
    bench.put("latest", "before")
    bench.reader("latest", stream, StartingPosition="LATEST")
    bench.edge.reload()
    bench.edge.drain()
    bench.put("latest", "after")
    bench.edge.drain()
    assert bench.batches("latest") == [["after"]]


def test_batches_have_the_deployed_size_and_filter(bench: Bench) -> None:
    stream = bench.table("sized")
    pattern = {"dynamodb": {"Keys": {"pk": {"S": [{"prefix": "PAYMENT#"}]}}}}
    bench.reader(
        "sized",
        stream,
        StartingPosition="TRIM_HORIZON",
        BatchSize=2,
        FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)}]},
    )
    bench.put("sized", "PROFILE", "PAYMENT#1", "PAYMENT#2", "OTHER", "PAYMENT#3")
    bench.edge.reload()
    bench.edge.drain()
    batches = bench.batches("sized")
    assert [each for batch in batches for each in batch] == ["PAYMENT#1", "PAYMENT#2", "PAYMENT#3"]
    assert all(len(batch) <= 2 for batch in batches)


def test_a_poison_record_goes_to_its_destination_and_the_shard_goes_on(bench: Bench) -> None:
    stream = bench.table("bisected")
    failed = bench.queue("bisected-failed")
    bench.reader(
        "bisected",
        stream,
        StartingPosition="TRIM_HORIZON",
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=2,
        DestinationConfig={"OnFailure": {"Destination": bench.queue_arn(failed)}},
    )
    bench.put("bisected", "1", "2", "poison", "4", "5")
    bench.edge.reload()
    bench.edge.drain()
    bench.put("bisected", "6")
    bench.edge.drain()
    batches = bench.batches("bisected")
    assert batches.count(["poison"]) == 3  # the first attempt and two retries
    taken = [name for batch in batches if "poison" not in batch for name in batch]
    assert taken == ["1", "2", "4", "5", "6"]
    (record,) = bench.messages(failed)
    info = record["DDBStreamBatchInfo"]
    assert (info["batchSize"], info["streamArn"]) == (1, stream)
    assert info["startSequenceNumber"] == info["endSequenceNumber"]
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["responseContext"]["functionError"] == "Unhandled"
    assert "poison" not in json.dumps(record)  # where the record is, not what it holds


def test_reported_failures_keep_what_was_taken(bench: Bench) -> None:
    stream = bench.table("reported")
    topics = bench.session.client("sns")
    topic = topics.create_topic(Name="reported-failed")["TopicArn"]
    failed = bench.queue("reported-failed")
    topics.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=bench.queue_arn(failed),
        Attributes={"RawMessageDelivery": "true"},
    )
    bench.reader(
        "reported",
        stream,
        reports=True,
        StartingPosition="TRIM_HORIZON",
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": topic}},
    )
    bench.put("reported", "1", "2", "poison", "4")
    bench.edge.reload()
    bench.edge.drain()
    batches = bench.batches("reported")
    assert batches[0] == ["1", "2", "poison", "4"]
    assert batches[1] == ["poison", "4"]
    assert batches.count(["poison"]) == 2
    assert batches[-1] == ["4"]
    (record,) = bench.messages(failed)
    assert record["DDBStreamBatchInfo"]["batchSize"] == 1


def test_without_a_limit_a_poison_record_holds_its_shard_and_drain_says_so(bench: Bench) -> None:
    stream = bench.table("held")
    bench.reader("held", stream, StartingPosition="TRIM_HORIZON", BatchSize=1)
    bench.put("held", "poison", "2")
    bench.edge.reload()
    with pytest.raises(EdgeError, match=r"After 5 seconds .*held.*ValueError: poison"):
        bench.edge.drain(seconds=5)
    batches = bench.batches("held")
    assert ["2"] not in batches
    assert len(batches) > 2


def test_a_queue_is_emptied_into_its_function(bench: Bench) -> None:
    url = bench.queue("plain", VisibilityTimeout="30")
    bench.reader("plain", bench.queue_arn(url), BatchSize=3)
    bench.edge.reload()
    for number in range(7):
        bench.sqs.send_message(
            QueueUrl=url,
            MessageBody=str(number),
            MessageAttributes={"color": {"DataType": "String", "StringValue": "red"}},
        )
    bench.edge.drain()
    batches = bench.batches("plain")
    assert sorted(each for batch in batches for each in batch) == list("0123456")
    assert all(len(batch) <= 3 for batch in batches)
    record = bench.events("plain")[0]["Records"][0]
    assert record["eventSourceARN"] == bench.queue_arn(url)
    assert record["messageAttributes"]["color"]["stringValue"] == "red"
    assert record["attributes"]["ApproximateReceiveCount"] == "1"


def test_a_queues_poison_is_redriven_by_the_queue(bench: Bench) -> None:
    dead = bench.queue("dead")
    policy = json.dumps({"deadLetterTargetArn": bench.queue_arn(dead), "maxReceiveCount": 3})
    url = bench.queue("redriven", VisibilityTimeout="2", RedrivePolicy=policy)
    bench.reader("redriven", bench.queue_arn(url), reports=True, BatchSize=10)
    bench.edge.reload()
    bench.edge.invoke(
        "redriven", {"Records": [{"body": "warm", "messageId": "1"}]}, qualifier="live"
    )
    entries = [{"Id": body, "MessageBody": body} for body in ("1", "poison", "3")]
    bench.sqs.send_message_batch(QueueUrl=url, Entries=entries)
    bench.edge.drain()
    batches = bench.batches("redriven")
    assert sorted({each for batch in batches[1:] for each in batch}) == ["1", "3", "poison"]
    assert sum(batch.count("poison") for batch in batches) == 3
    assert sum(batch.count("1") for batch in batches) == 1
    found = bench.sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=20)["Messages"]
    assert [message["Body"] for message in found] == ["poison"]


def test_a_filtered_message_is_deleted_unseen(bench: Bench) -> None:
    url = bench.queue("filtered", VisibilityTimeout="30")
    pattern = json.dumps({"body": {"kind": ["payment"], "amount": [{"numeric": [">", 10]}]}})
    bench.reader(
        "filtered", bench.queue_arn(url), FilterCriteria={"Filters": [{"Pattern": pattern}]}
    )
    wanted = json.dumps({"kind": "payment", "amount": 11})
    for body in (wanted, json.dumps({"kind": "payment", "amount": 10}), "no JSON"):
        bench.sqs.send_message(QueueUrl=url, MessageBody=body)
    bench.edge.reload()
    bench.edge.drain()
    assert bench.batches("filtered") == [[wanted]]


def test_drain_waits_for_a_message_that_comes_again_later(bench: Bench) -> None:
    url = bench.queue("later", VisibilityTimeout="30")
    bench.reader("later", bench.queue_arn(url))
    bench.edge.reload()
    bench.sqs.send_message(QueueUrl=url, MessageBody="x", DelaySeconds=1)
    bench.edge.drain()
    assert bench.batches("later") == [["x"]]


def test_what_a_rule_sends_to_a_queue_arrives(bench: Bench) -> None:
    url = bench.queue("ruled", VisibilityTimeout="30")
    bench.reader("ruled", bench.queue_arn(url))
    events: Any = bench.session.client("events")
    events.create_event_bus(Name="payments")
    events.put_rule(
        Name="all", EventBusName="payments", EventPattern=json.dumps({"source": ["payments"]})
    )
    events.put_targets(
        Rule="all", EventBusName="payments", Targets=[{"Id": "1", "Arn": bench.queue_arn(url)}]
    )
    bench.edge.reload()
    entry = {"Source": "payments", "DetailType": "payment.authorized", "Detail": '{"id":1}'}
    events.put_events(Entries=[{**entry, "EventBusName": "payments"}])
    bench.edge.drain()
    ((body,),) = bench.batches("ruled")
    assert json.loads(body)["detail"] == {"id": 1}


def test_a_disabled_mapping_reads_nothing(bench: Bench) -> None:
    stream = bench.table("disabled")
    bench.reader("disabled", stream, StartingPosition="TRIM_HORIZON", Enabled=False)
    bench.put("disabled", "1")
    bench.edge.reload()
    bench.edge.drain()
    assert bench.batches("disabled") == []


def test_a_change_is_noticed_without_polling(bench: Bench) -> None:
    stream = bench.table("quick")
    bench.reader("quick", stream, StartingPosition="TRIM_HORIZON")
    bench.edge.reload()
    bench.put("quick", "warm")
    bench.edge.drain()
    began = time.monotonic()
    bench.put("quick", "now")
    while bench.batches("quick")[-1] != ["now"]:
        assert time.monotonic() - began < 2
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"TumblingWindowInSeconds": 30}, "tumbling window"),
        (
            {"FilterCriteria": {"Filters": [{"Pattern": '{"a":[{"cidr":"10.0.0.0/8"}]}'}]}},
            "a filter with cidr",
        ),
    ],
)
def test_what_cannot_run_here_is_refused_by_name(
    bench: Bench, mapping: dict[str, Any], message: str
) -> None:
    name = f"odd-{message[-4:]}"
    bench.reader(name, bench.table(name), StartingPosition="LATEST", **mapping)
    with pytest.raises(EdgeError, match=f"event source mapping .*:{name}:live .*{message}"):
        bench.edge.reload()
