"""DynamoDB: writes that hold under threads, and transactions that don't copy whole tables."""

from __future__ import annotations

import contextlib
import copy
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.dynamodb.comparisons import get_filter_expression
from moto.dynamodb.exceptions import (
    DynamodbException,
    MockValidationException,
    MultipleTransactionsException,
    TooManyTransactionsException,
    TransactionCanceledException,
    TransactWriteSingleOpException,
)
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.responses import DynamoHandler

from harness.aws.supplement.registry import mend

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moto.dynamodb.models.table import Table

MAX_TRANSACTION_ITEMS = 100
TOKEN_SECONDS = 600

_ATOMIC = mend(
    "dynamodb:PutItem",
    reason="checks the condition and writes without a lock: several threads pass the same"
    " attribute_not_exists, and queries fail while a table grows",
    observed="two threads that put one key under attribute_not_exists both succeeded",
)
_TRANSACTION = mend(
    "dynamodb:TransactWriteItems",
    reason="copies every table before each transaction (563 ms at 3,000 items), evaluates"
    " conditions against earlier writes of the same transaction, ignores the request token",
    observed="timed with three puts; a retry with the same token was cancelled",
)

# One lock for all tables: a transaction spans several, and Python runs one thread at a time.
lock = threading.RLock()


@_ATOMIC.around(DynamoHandler, "call_action")
def _call_action(original: Any, handler: DynamoHandler) -> Any:
    with lock:
        return original(handler)


@_TRANSACTION.around(DynamoHandler, "transact_write_items")
def _transact_write_items_once(original: Any, handler: DynamoHandler) -> Any:
    """Answer a repeated request token from memory, as DynamoDB does for ten minutes."""
    token = handler.body.get("ClientRequestToken")
    if token is None:
        return original(handler)
    done = vars(handler.dynamodb_backend).setdefault("transactions_done", {})
    content = {key: value for key, value in handler.body.items() if key != "ClientRequestToken"}
    now = time.monotonic()
    if token in done and now - done[token].at < TOKEN_SECONDS:
        if done[token].content != content:
            raise _IdempotentParameterMismatchError
        return done[token].result
    result = original(handler)
    done[token] = _DoneTransaction(now, copy.deepcopy(content), result)
    return result


@dataclass(frozen=True)
class _DoneTransaction:
    at: float
    content: dict[str, Any]
    result: Any


class _IdempotentParameterMismatchError(DynamodbException):
    def __init__(self) -> None:
        super().__init__(
            "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException",
            "The token was used before with a different request",
        )


@_TRANSACTION.instead(DynamoDBBackend, "transact_write_items")
def _transact_write_items(self: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    if len(transact_items) > MAX_TRANSACTION_ITEMS:
        raise TooManyTransactionsException
    writes = [_Write.of(self, item) for item in transact_items]
    if len({write.slot for write in writes}) < len(writes):
        raise MultipleTransactionsException
    failures = [write.failure(self) for write in writes]
    if any(code for code, _, _ in failures):
        raise TransactionCanceledException(failures)
    with _undone_on_error(writes):
        for position, write in enumerate(writes):
            _carry_out(self, write, position, len(writes))


def _carry_out(backend: DynamoDBBackend, write: _Write, position: int, count: int) -> None:
    try:
        write.carry_out(backend)
    except MockValidationException:
        raise
    except DynamodbException as error:
        reasons: list[tuple[str | None, str | None, None]] = [(None, None, None)] * count
        reasons[position] = ("ValidationError", str(error.message), None)
        raise TransactionCanceledException(reasons) from error


@contextlib.contextmanager
def _undone_on_error(writes: list[_Write]) -> Iterator[None]:
    kept = [write.remember() for write in writes]
    streams = [write.table.stream_shard for write in writes if write.table.stream_shard]
    lengths = [len(stream.items) for stream in streams]
    try:
        yield
    except Exception:
        for write, before in zip(writes, kept, strict=True):
            write.restore(before)
        for stream, length in zip(streams, lengths, strict=True):
            del stream.items[length:]
        raise


_Failure = tuple[str | None, str | None, dict[str, Any] | None]


@dataclass(frozen=True)
class _Write:
    """One operation of a transaction on one item."""

    kind: str
    operation: dict[str, Any]
    table: Table
    key: dict[str, Any]

    @classmethod
    def of(cls, backend: DynamoDBBackend, item: dict[str, Any]) -> _Write:
        if len(item) != 1:
            raise TransactWriteSingleOpException
        kind, operation = next(iter(item.items()))
        table = backend.get_table(operation["TableName"])
        attributes = operation["Item"] if kind == "Put" else operation["Key"]
        names = [table.hash_key_attr, *([table.range_key_attr] if table.range_key_attr else [])]
        if missing := [name for name in names if name not in attributes]:
            raise MockValidationException(
                "One or more parameter values were invalid: "
                f"Missing the key {missing[0]} in the item"
            )
        return cls(kind, operation, table, {name: attributes[name] for name in names})

    @property
    def slot(self) -> tuple[str, str]:
        """What tells the written item from all others."""
        return self.table.table_arn, str(sorted(self.key.items()))

    def failure(self, backend: DynamoDBBackend) -> _Failure:
        """Return the cancellation reason, or a triple of ``None`` if the condition holds."""
        current = backend.get_item(self.table.name, self.key)
        condition = get_filter_expression(
            self.operation.get("ConditionExpression"),
            self.operation.get("ExpressionAttributeNames"),
            self.operation.get("ExpressionAttributeValues"),
        )
        if condition.expr(current):
            return None, None, None
        wanted = self.operation.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
        item = current.to_json()["Attributes"] if wanted and current else None
        return "ConditionalCheckFailed", "The conditional request failed", item

    def carry_out(self, backend: DynamoDBBackend) -> None:
        """Write the item; its condition was found to hold."""
        if self.kind == "Put":
            backend.put_item(self.table.name, self.operation["Item"])
        elif self.kind == "Delete":
            backend.delete_item(self.table.name, self.key)
        elif self.kind == "Update":
            backend.update_item(
                self.table.name,
                self.key,
                self.operation["UpdateExpression"],
                self.operation.get("ExpressionAttributeNames", {}),
                self.operation.get("ExpressionAttributeValues", {}),
            )

    def remember(self) -> Any:
        """Return a copy of the item as it is, ``None`` if there is none."""
        return copy.deepcopy(self.table.get_item(*self._types()))

    def restore(self, before: Any) -> None:
        """Put the remembered item back."""
        hash_key, range_key = self._types()
        self.table.delete_item(hash_key, range_key)
        if before is not None and range_key is not None:
            self.table.items[hash_key][range_key] = before
        elif before is not None:
            self.table.items[hash_key] = before

    def _types(self) -> tuple[Any, Any]:
        hash_key = DynamoType(self.key[self.table.hash_key_attr])
        range_key = self.table.range_key_attr
        return hash_key, DynamoType(self.key[range_key]) if range_key else None
