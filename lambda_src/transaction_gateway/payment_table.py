"""Payments in DynamoDB: each write is one conditional call on one item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from api_functions.dynamodb_values import decode_map, encode, encode_map
from api_functions.merchants import partition_key
from api_functions.times import rfc3339
from payment_core.payment import MAX_OPERATIONS, Payment
from payment_core.states import ALLOWED_FROM, OperationType
from payment_core.storage import Attempt
from transaction_gateway.payment_items import (
    PAYMENT_PREFIX,
    SHARDS,
    changing_attributes,
    from_item,
    learned_attributes,
    lease_attributes,
    operation_to_map,
    sort_key,
    to_item,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mypy_boto3_dynamodb.client import DynamoDBClient

    from payment_core.payment import Lease, Operation

UNRESOLVED_INDEX = "unresolved"
"""The sparse index that holds payments with an open operation."""


class PaymentTable:
    """The ``PaymentStore`` in one DynamoDB table.

    The SDK repeats a write whose answer was lost, and then the condition fails on the write's
    own effect: the stored claim tells that case from another worker's.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def create(self, payment: Payment) -> Attempt:
        """Put a payment on the condition that its key is free."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item=encode_map(to_item(payment)),
                ConditionExpression="attribute_not_exists(pk)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            stored = _stored(error)
            return Attempt(stored is not None and stored.lease == payment.lease, stored)
        return Attempt(done=True, payment=payment)

    def begin(
        self, merchant_id: str, payment_id: str, operation: Operation, lease: Lease
    ) -> Attempt:
        """Open an operation without reading first: the condition holds every rule."""
        update = _Update()
        update.set_member("operations", operation.operation_id, operation_to_map(operation))
        update.set("open_operation", operation.operation_id)
        update.set("updated_at", operation.created_at)
        update.set_all(lease_attributes(payment_id, lease, lease.until))
        update.add("version", 1)
        update.require("attribute_exists(pk) AND attribute_not_exists(#open_operation)")
        update.require(f"attribute_not_exists(#operations.{update.name(operation.operation_id)})")
        update.require(f"size(#operations) < {update.value(MAX_OPERATIONS)}")
        states = ", ".join(update.value(state) for state in sorted(ALLOWED_FROM[operation.type]))
        update.require(f"{update.name('state')} IN ({states})")
        _require_money(update, operation)
        attempt = self._update(merchant_id, payment_id, update)
        stored = attempt.payment
        if stored and stored.lease == lease and stored.open_operation == operation.operation_id:
            return Attempt(done=True, payment=stored)
        return attempt

    def take_over(self, payment: Payment, lease: Lease) -> Attempt:
        """Lease the open operation again over the version that ``payment`` is."""
        update = _Update()
        update.set_all(lease_attributes(payment.payment_id, lease, lease.until))
        update.add("version", 1)
        update.require(f"{update.name('version')} = {update.value(payment.version)}")
        update.require(f"attribute_exists({update.name('open_operation')})")
        attempt = self._update(payment.merchant_id, payment.payment_id, update)
        stored = attempt.payment
        if stored and stored.lease == lease and stored.open_operation is not None:
            return Attempt(done=True, payment=stored)
        return attempt

    def save(self, payment: Payment, operation_id: str) -> Attempt:
        """Write a step's outcome over the version just before, its limits checked again."""
        operation = payment.operations[operation_id]
        update = _Update()
        update.set_member("operations", operation_id, operation_to_map(operation))
        update.set_all(changing_attributes(payment))
        if operation_id == payment.payment_id:
            update.set_all(learned_attributes(payment))
        update.set_all(lease_attributes(payment.payment_id, payment.lease, payment.check_at))
        update.require(f"{update.name('version')} = {update.value(payment.version - 1)}")
        update.require(f"#open_operation = {update.value(operation_id)}")
        if payment.open_operation is None:
            _require_money(update, operation)
        attempt = self._update(payment.merchant_id, payment.payment_id, update)
        stored = attempt.payment
        if stored and (stored.version, stored.lease) == (payment.version, payment.lease):
            return Attempt(done=True, payment=stored)
        return attempt

    def get(self, merchant_id: str, payment_id: str) -> Payment | None:
        """Read one payment, consistently."""
        answer = self._client.get_item(
            TableName=self._table, Key=_key(merchant_id, payment_id), ConsistentRead=True
        )
        return _decoded(answer["Item"]) if "Item" in answer else None

    def page(
        self, merchant_id: str, *, limit: int, after: str | None = None
    ) -> tuple[list[Payment], str | None]:
        """Read a page of a merchant's payments, consistently.

        A page may hold fewer than ``limit`` when the items are large; only None ends the list.
        """
        start = {"ExclusiveStartKey": _key(merchant_id, after)} if after else {}
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={
                ":pk": encode(partition_key(merchant_id)),
                ":prefix": encode(PAYMENT_PREFIX),
            },
            Limit=limit,
            ConsistentRead=True,
            **start,  # type: ignore[arg-type]  # an optional keyword of the call
        )
        last = answer.get("LastEvaluatedKey")
        payments = [_decoded(item) for item in answer["Items"]]
        return payments, last["sk"]["S"].removeprefix(PAYMENT_PREFIX) if last else None

    def unresolved(
        self, until: int, on_unreadable: Callable[[str, Exception], None] | None = None
    ) -> Iterator[Payment]:
        """Query every shard of the sparse index, oldest first. The index lags behind the table.

        Each minute begins with another shard, so that a long one doesn't starve the rest.
        """
        first = until // 60_000
        for shard in range(first, first + SHARDS):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                IndexName=UNRESOLVED_INDEX,
                KeyConditionExpression="unresolved_shard = :shard AND unresolved_since <= :until",
                ExpressionAttributeValues={
                    ":shard": encode(str(shard % SHARDS)),
                    ":until": encode(rfc3339(until)),
                },
            )
            for page in pages:
                yield from _readable(page["Items"], on_unreadable)

    def _update(self, merchant_id: str, payment_id: str, update: _Update) -> Attempt:
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=_key(merchant_id, payment_id),
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **update.arguments(),
            )
        except ClientError as error:
            return Attempt(done=False, payment=_stored(error))
        return Attempt(done=True, payment=_decoded(answer["Attributes"]))


class _Update:
    """Builds an update expression; every name is an alias, as many are reserved words."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, dict[str, Any]] = {}
        self._set: list[str] = []
        self._remove: list[str] = []
        self._conditions: list[str] = []

    def name(self, attribute: str) -> str:
        self._names[f"#{attribute}"] = attribute
        return f"#{attribute}"

    def value(self, value: object) -> str:
        placeholder = f":v{len(self._values)}"
        self._values[placeholder] = encode(value)
        return placeholder

    def set(self, attribute: str, value: object) -> None:
        if value is None:
            self._remove.append(self.name(attribute))
        else:
            self._set.append(f"{self.name(attribute)} = {self.value(value)}")

    def set_all(self, attributes: Mapping[str, object]) -> None:
        for attribute, value in attributes.items():
            self.set(attribute, value)

    def set_member(self, attribute: str, member: str, value: object) -> None:
        path = f"{self.name(attribute)}.{self.name(member)}"
        self._set.append(f"{path} = {self.value(value)}")

    def add(self, attribute: str, amount: int) -> None:
        name = self.name(attribute)
        self._set.append(f"{name} = {name} + {self.value(amount)}")

    def require(self, condition: str) -> None:
        self._conditions.append(condition)

    def arguments(self) -> dict[str, Any]:
        remove = f" REMOVE {', '.join(self._remove)}" if self._remove else ""
        return {
            "UpdateExpression": f"SET {', '.join(self._set)}{remove}",
            "ConditionExpression": " AND ".join(self._conditions),
            "ExpressionAttributeNames": self._names,
            "ExpressionAttributeValues": self._values,
        }


def _require_money(update: _Update, operation: Operation) -> None:
    """Keep captured <= authorized and refunded <= captured, whatever runs at the same time.

    A condition can't add, so the table keeps what remains beside what was done.
    """
    remaining = {OperationType.CAPTURE: "capturable", OperationType.REFUND: "refundable"}
    if operation.type in remaining and operation.money is not None:
        limit = update.name(remaining[operation.type])
        update.require(f"{limit} >= {update.value(operation.money.minor_units)}")
        update.require(f"{update.name('currency')} = {update.value(operation.money.currency)}")


def _key(merchant_id: str, payment_id: str) -> dict[str, dict[str, Any]]:
    return encode_map({"pk": partition_key(merchant_id), "sk": sort_key(payment_id)})


def _decoded(item: Mapping[str, Any]) -> Payment:
    return from_item(decode_map(item))


def _readable(
    items: Iterable[Mapping[str, Any]], on_unreadable: Callable[[str, Exception], None] | None
) -> Iterator[Payment]:
    for item in items:
        try:
            payment = _decoded(item)
        except (LookupError, TypeError, ValueError) as error:
            if on_unreadable is None:
                raise
            on_unreadable(item["sk"]["S"].removeprefix(PAYMENT_PREFIX), error)
        else:
            yield payment


def _stored(error: ClientError) -> Payment | None:
    """Give the item on which a condition failed; any other error goes on."""
    if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
        raise error
    item = cast("Mapping[str, Any] | None", error.response.get("Item"))
    return _decoded(item) if item else None
