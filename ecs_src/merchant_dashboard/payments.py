"""One payment as the payments table holds it: the truth, read consistently."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from transaction_gateway.dynamodb_values import decode_map, encode_map
from transaction_gateway.payment_items import from_item, partition_key, sort_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mypy_boto3_dynamodb.client import DynamoDBClient

    from payment_core.payment import Payment

PAYMENT_ID = re.compile(r"pay_[a-z2-7]{26}")
MAX_BATCH = 100
"""Keys of one BatchGetItem."""


class Payments:
    """Reads payments of a merchant; never writes."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, merchant_id: str, payment_id: str) -> Payment | None:
        """Read one payment, consistently; None for what isn't this merchant's."""
        if PAYMENT_ID.fullmatch(payment_id) is None:
            return None
        answer = self._client.get_item(
            TableName=self._table, Key=_key(merchant_id, payment_id), ConsistentRead=True
        )
        return from_item(decode_map(answer["Item"])) if "Item" in answer else None

    def get_many(self, merchant_id: str, payment_ids: Iterable[str]) -> dict[str, Payment]:
        """Read payments consistently, by id; those that don't exist are left out."""
        keys = [_key(merchant_id, payment_id) for payment_id in sorted(set(payment_ids))]
        items = batch_get(self._client, self._table, keys, consistent=True)
        payments = (from_item(item) for item in items)
        return {payment.payment_id: payment for payment in payments}


def batch_get(
    client: DynamoDBClient, table: str, keys: list[dict[str, Any]], *, consistent: bool
) -> Iterator[dict[str, Any]]:
    """Read items by their encoded keys, a hundred a call, in no order; yield them decoded."""
    while keys:
        batch, keys = keys[:MAX_BATCH], keys[MAX_BATCH:]
        answer: Any = client.batch_get_item(
            RequestItems={table: {"Keys": batch, "ConsistentRead": consistent}}
        )
        for item in answer["Responses"].get(table, []):
            yield decode_map(item)
        # Throttled or too large for one answer: asked for again.
        keys += answer["UnprocessedKeys"].get(table, {}).get("Keys", [])


def _key(merchant_id: str, payment_id: str) -> dict[str, Any]:
    return encode_map({"pk": partition_key(merchant_id), "sk": sort_key(payment_id)})
