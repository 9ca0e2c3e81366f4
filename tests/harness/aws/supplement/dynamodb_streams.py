"""DynamoDB Streams: one record for each change, and none that is taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import StreamShard
from moto.dynamodbstreams.responses import DynamoDBStreamsHandler

from harness.aws.supplement.dynamodb import lock
from harness.aws.supplement.registry import mend

if TYPE_CHECKING:
    from moto.dynamodb.models.dynamo_type import Item

_RECORDS = mend(
    "dynamodbstreams:GetRecords",
    reason="an update that creates an item makes two records, one that changes nothing makes one,"
    " and records of a transaction that is being undone can be read",
    observed="update_item of a key that didn't exist left two INSERT records in the stream",
)


@_RECORDS.around(DynamoDBStreamsHandler, "get_records")
def _get_records(original: Any, handler: DynamoDBStreamsHandler) -> Any:
    with lock:
        return original(handler)


@_RECORDS.around(StreamShard, "add")
def _add(original: Any, shard: StreamShard, old: Item | None, new: Item | None) -> None:
    if old is not None and new is not None and old.to_json() == new.to_json():
        return
    original(shard, old, new)


@_RECORDS.around(DynamoDBBackend, "update_item")
def _update_item(
    original: Any, backend: DynamoDBBackend, table_name: str, *arguments: Any, **options: Any
) -> Any:
    shard = backend.get_table(table_name).stream_shard
    before = len(shard.items) if shard else 0
    item = original(backend, table_name, *arguments, **options)
    if shard and len(shard.items) - before > 1:
        # The first is of the bare key, which moto puts before it updates.
        del shard.items[before:-1]
        shard.items[-1].record["dynamodb"]["SequenceNumber"] = str(
            shard.starting_sequence_number + before
        )
    return item
