"""A merchant's webhook endpoint and what was delivered to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from transaction_gateway.dynamodb_values import decode_map, encode, encode_map
from transaction_gateway.payment_items import partition_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_PREFIX = "DELIVERY#"


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Attempts in order of their events, and where the list goes on."""

    attempts: list[dict[str, Any]]
    position: str | None


class Webhooks:
    """Reads the webhook sender's table; never the endpoint's secret."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def endpoint(self, merchant_id: str) -> dict[str, Any] | None:
        """Read where events are sent; None when nowhere."""
        key = encode_map({"pk": partition_key(merchant_id), "sk": "WEBHOOK"})
        answer = self._client.get_item(TableName=self._table, Key=key)
        return decode_map(answer["Item"]) if "Item" in answer else None

    def deliveries(self, merchant_id: str, *, limit: int, after: str | None) -> Deliveries:
        """Read a page of attempts."""
        partition = partition_key(merchant_id)
        start: dict[str, Any] = {}
        if after is not None:
            start = {"ExclusiveStartKey": encode_map({"pk": partition, "sk": after})}
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={":pk": encode(partition), ":prefix": encode(_PREFIX)},
            Limit=limit,
            **start,
        )
        last = answer.get("LastEvaluatedKey")
        attempts = [decode_map(item) for item in answer["Items"]]
        return Deliveries(attempts, None if last is None else str(last["sk"]["S"]))
