"""A merchant's webhook endpoint and what was delivered to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from transaction_gateway.dynamodb_values import decode_map, encode, encode_map
from transaction_gateway.payment_items import partition_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_dynamodb.client import DynamoDBClient

INDEX = "by_time"
"""The table's index over ``pk`` and ``attempted_at``, which attempts alone have."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where events are sent, and which; none named are all."""

    address: str
    event_types: Sequence[str]
    disabled: bool


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Attempts, newest first, and where the list goes on."""

    attempts: list[dict[str, Any]]
    position: str | None


class Webhooks:
    """Reads the webhook sender's table; never the endpoint's secret."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def endpoint(self, merchant_id: str) -> Endpoint | None:
        """Read where events are sent; None when nowhere."""
        key = encode_map({"pk": partition_key(merchant_id), "sk": "WEBHOOK"})
        answer = self._client.get_item(TableName=self._table, Key=key)
        if "Item" not in answer:
            return None
        item = decode_map(answer["Item"])
        return Endpoint(
            # Queries hold what only the two ends should know.
            address=str(item["url"]).partition("?")[0],
            event_types=sorted(item.get("event_types", ())),
            disabled=item.get("status", "enabled") != "enabled",
        )

    def deliveries(self, merchant_id: str, *, limit: int, after: str | None) -> Deliveries:
        """Read a page of attempts."""
        partition = partition_key(merchant_id)
        start: dict[str, Any] = {}
        if after is not None:
            attempted_at, _, sort_key = after.partition(" ")
            key = {"pk": partition, "attempted_at": attempted_at, "sk": sort_key}
            start = {"ExclusiveStartKey": encode_map(key)}
        answer = self._client.query(
            TableName=self._table,
            IndexName=INDEX,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": encode(partition)},
            ScanIndexForward=False,
            Limit=limit,
            **start,
        )
        attempts = [decode_map(item) for item in answer["Items"]]
        if "LastEvaluatedKey" not in answer:
            return Deliveries(attempts, None)
        last = decode_map(answer["LastEvaluatedKey"])
        return Deliveries(attempts, f"{last['attempted_at']} {last['sk']}")
