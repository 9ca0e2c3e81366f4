"""Everything that a run of the platform left behind, place by place, to be searched."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.platform import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.platform import Platform

Content = tuple[str, str | bytes]
"""A place's name, and what lies there."""

_STILL_HIDDEN_S = 60
_ORGANIZATION = REPOSITORY / "environments" / "organization.json"


def everything(platform: Platform, *folders: Path) -> Iterator[Content]:
    """All accounts' logs, tables, streams, queues and objects, and the files of some folders.

    Drain the edge and flush its logs first.
    """
    accounts: dict[str, str] = json.loads(_ORGANIZATION.read_text())["accounts"]
    for account in accounts.values():
        clients = {
            name: platform.aws.client(name, account)
            for name in ("logs", "dynamodb", "dynamodbstreams", "sqs", "s3")
        }
        yield from logs(clients["logs"])
        yield from tables(clients["dynamodb"])
        yield from streams(clients["dynamodbstreams"])
        yield from queues(clients["sqs"])
        yield from objects(clients["s3"])
    for folder in folders:
        yield from files(folder)


def logs(client: Any) -> Iterator[Content]:
    """Log events of all groups."""
    for group in _pages(client, "describe_log_groups", "logGroups"):
        name = group["logGroupName"]
        for event in _pages(client, "filter_log_events", "events", logGroupName=name):
            yield f"log group {name}", f"{event['logStreamName']} {event['message']}"


def tables(client: Any) -> Iterator[Content]:
    """Items of all tables."""
    for name in _pages(client, "list_tables", "TableNames"):
        for item in _pages(client, "scan", "Items", TableName=name, ConsistentRead=True):
            yield f"table {name}", json.dumps(item, default=_bytes)


def streams(client: Any) -> Iterator[Content]:
    """Changes of all tables, with what stood there before."""
    for stream in client.list_streams()["Streams"]:
        arn = stream["StreamArn"]
        for shard in client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            iterator = client.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            while iterator:
                answer = client.get_records(ShardIterator=iterator, Limit=1000)
                for record in answer["Records"]:
                    yield f"stream of {stream['TableName']}", json.dumps(record, default=_bytes)
                iterator = answer.get("NextShardIterator") if answer["Records"] else None


def queues(client: Any) -> Iterator[Content]:
    """Messages of all queues, which stay where they are."""
    for url in client.list_queues().get("QueueUrls", ()):
        taken = []
        while messages := client.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=_STILL_HIDDEN_S,
            MessageAttributeNames=["All"],
        ).get("Messages"):
            taken += messages
        for message in taken:
            client.change_message_visibility(
                QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )
            # Without the receipt and the digest, which the queue made up.
            said = {name: message.get(name) for name in ("Body", "MessageAttributes")}
            yield f"queue {url.rpartition('/')[2]}", json.dumps(said, default=_bytes)


def objects(client: Any) -> Iterator[Content]:
    """Objects of all buckets, every version."""
    for bucket in client.list_buckets()["Buckets"]:
        name = bucket["Name"]
        for version in _pages(client, "list_object_versions", "Versions", Bucket=name):
            key, version_id = version["Key"], version["VersionId"]
            named = {} if version_id == "null" else {"VersionId": version_id}
            body = client.get_object(Bucket=name, Key=key, **named)["Body"].read()
            yield f"object s3://{name}/{key}", body


def files(folder: Path) -> Iterator[Content]:
    """Files below a folder, what links lead to left out."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield f"file {path}", path.read_bytes()


def _pages(client: Any, operation: str, member: str, **arguments: Any) -> Iterator[Any]:
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page.get(member, ())


def _bytes(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
