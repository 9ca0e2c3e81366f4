"""Writes one payment into the read model: once for each version, whatever the stream repeats."""

from __future__ import annotations

import random
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from dashboard_projector.read_model import (
    Counts,
    difference,
    journal,
    payments_partition,
    pointers,
    row,
    row_key,
    totals_partition,
)
from transaction_gateway.dynamodb_values import decode_map, encode, encode_map
from transaction_gateway.payment_items import from_item

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb.client import DynamoDBClient

    from payment_core.payment import Payment

_ATTEMPTS = 6
_FIRST_PAUSE_S = 0.02
_LOST_RACES = frozenset({"ConditionalCheckFailed", "TransactionConflict", "ThrottlingError"})


class Result(StrEnum):
    """What came of one payment: written, or known in this or a later version already."""

    PROJECTED = "projected"
    STALE = "stale"


class ContentionError(RuntimeError):
    """Others kept changing the same items; the stream brings the record again."""


class Projection:
    """The read model's writer."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def apply(self, image: Mapping[str, Any]) -> Result:
        """Write a payment as the decoded image of its item shows it, unless it is older.

        Raises ``LookupError``, ``TypeError`` or ``ValueError`` for an item that can't be read,
        ``ContentionError`` and the SDK's errors when the table can't be written.
        """
        payment = from_item(dict(image))
        for attempt in range(_ATTEMPTS):
            stored = self._stored(payment)
            if stored is not None and int(stored["version"]) >= payment.version:
                return Result.STALE
            if self._write(payment, stored):
                return Result.PROJECTED
            time.sleep(_FIRST_PAUSE_S * 2**attempt * random.uniform(0.5, 1))  # noqa: S311 - jitter
        raise ContentionError(f"{payment.payment_id} was changed by others {_ATTEMPTS} times")

    def _stored(self, payment: Payment) -> dict[str, Any] | None:
        key = {"pk": payments_partition(payment.merchant_id), "sk": row_key(payment)}
        answer = self._client.get_item(
            TableName=self._table, Key=encode_map(key), ConsistentRead=True
        )
        return decode_map(answer["Item"]) if "Item" in answer else None

    def _write(self, payment: Payment, stored: Mapping[str, Any] | None) -> bool:
        """Write what never changes first: repeating it is harmless, missing it would not be."""
        posted = set(stored["posted"]) if stored else set()
        items = [item for item in journal(payment) if item["operation_id"] not in posted]
        if stored is None:
            items += pointers(payment)
        for item in items:
            self._client.put_item(TableName=self._table, Item=encode_map(item))
        return self._count(payment, stored)

    def _count(self, payment: Payment, stored: Mapping[str, Any] | None) -> bool:
        """Write the row and the totals together, over the version that was read."""
        new = row(payment)
        counted: Counts = new["counted"]  # type: ignore[assignment]  # as read_model.row makes it
        before: Counts = stored["counted"] if stored else {}
        totals = totals_partition(payment.merchant_id)
        updates: list[Any] = [
            {"Update": {"TableName": self._table, **_addition(totals, key, change)}}
            for key, change in sorted(difference(counted, before).items())
        ]
        put: Any = {"TableName": self._table, "Item": encode_map(new), **_unchanged_since(stored)}
        try:
            self._client.transact_write_items(TransactItems=[{"Put": put}, *updates])
        except ClientError as error:
            if _lost_race(error):
                return False
            raise
        return True


def _addition(partition: str, key: str, change: Mapping[str, int]) -> dict[str, Any]:
    numbers = {f":{name}": encode(value) for name, value in change.items()}
    return {
        "Key": encode_map({"pk": partition, "sk": key}),
        "UpdateExpression": "ADD " + ", ".join(f"{name} :{name}" for name in change),
        "ExpressionAttributeValues": numbers,
    }


def _unchanged_since(stored: Mapping[str, Any] | None) -> dict[str, Any]:
    if stored is None:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    return {
        "ConditionExpression": "version = :version",
        "ExpressionAttributeValues": {":version": encode(int(stored["version"]))},
    }


def _lost_race(error: ClientError) -> bool:
    """Tell whether reading again and writing once more can succeed."""
    code = error.response["Error"]["Code"]
    if code == "TransactionInProgressException":
        return True
    if code != "TransactionCanceledException":
        return False
    reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
    return bool(reasons & _LOST_RACES)
