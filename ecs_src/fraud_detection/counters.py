"""Counts payments in DynamoDB: one addition for each subject, all at once, each payment once."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fraud_detection.dynamodb import DynamoDBError, UnreachableError
from fraud_detection.tallies import DAY, RETENTION_SECONDS, additions, outdated, subjects

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fraud_detection.dynamodb import DynamoDB
    from fraud_detection.tallies import Subject, Tally
    from fraud_detection.telemetry import Telemetry
    from fraud_detection.transaction import Transaction

MARKER_SECONDS = 7 * DAY
"""How long a payment's repetition is recognised."""

MOST_UNDER_WAY = 500
"""Payments whose counting is under way; more would only wait, so they are scored without."""

# Counters that no window reaches are removed when so many have gathered, so many at once.
_UNTIDY, _MOST_REMOVED = 32, 100
_NOT_COUNTERS = frozenset({"pk", "expires_at"})


@dataclass(slots=True)
class Counting:
    """A payment while it is counted: its tallies appear as they are answered."""

    transaction: Transaction
    now: float
    wanted: Mapping[Subject, str]
    tallies: dict[Subject, Tally] = field(default_factory=dict)
    repeated: bool = False

    @property
    def complete(self) -> bool:
        """Whether every tally is there."""
        return len(self.tallies) == len(self.wanted)


class Counters:
    """The counters of all tasks, in one table."""

    def __init__(self, store: DynamoDB, table: str, telemetry: Telemetry) -> None:
        self._store = store
        self._table = table
        self._telemetry = telemetry
        self._under_way: set[asyncio.Task[None]] = set()
        self._tidied: set[str] = set()

    async def count(self, transaction: Transaction, now: float, until: float) -> Counting:
        """Count a payment, and give what is known of it when the loop's clock says ``until``.

        The counting goes on after that: what comes late is counted, but not in this score.
        """
        counting = Counting(transaction, now, subjects(transaction))
        if len(self._under_way) >= MOST_UNDER_WAY:
            self._lost(1, "too many payments are being counted")
            return counting
        task = asyncio.create_task(self._count(counting))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        left = until - asyncio.get_running_loop().time()
        await asyncio.wait({task}, timeout=max(left, 0))
        # A copy: what arrives from now on would change the score while it is computed.
        return Counting(
            transaction, now, counting.wanted, dict(counting.tallies), counting.repeated
        )

    async def drain(self, seconds: float) -> None:
        """Wait until all that is under way is written."""
        if self._under_way:
            await asyncio.wait(set(self._under_way), timeout=seconds)

    async def _count(self, counting: Counting) -> None:
        try:
            if await self._is_first(counting):
                work = [self._add(counting, *each) for each in counting.wanted.items()]
                results = await asyncio.gather(*work, return_exceptions=True)
                failures = [each for each in results if isinstance(each, BaseException)]
                if failures:
                    self._lost(len(failures), _reason(failures[0]))
            else:
                counting.repeated = True
                await self._read(counting)
        except Exception as error:
            # The payment isn't counted: whether it was before, nobody knows.
            self._lost(len(counting.wanted), _reason(error))

    async def _is_first(self, counting: Counting) -> bool:
        """Mark the payment as counted, unless it is marked already."""
        transaction = counting.transaction
        if transaction.payment_id is None:
            return True
        key = f"MERCHANT#{transaction.merchant_id}#PAYMENT#{transaction.payment_id}"
        try:
            await self._store.call(
                "PutItem",
                {
                    "TableName": self._table,
                    "Item": {
                        "pk": {"S": key},
                        "expires_at": _expiry(counting.now, MARKER_SECONDS),
                    },
                    "ConditionExpression": "attribute_not_exists(pk)",
                },
            )
        except DynamoDBError as error:
            if error.code != "ConditionalCheckFailedException":
                raise
            return False
        return True

    async def _add(self, counting: Counting, subject: Subject, key: str) -> None:
        """Add 1 to a subject's counters, and read them all in the same call."""
        names = additions(subject, counting.transaction, counting.now)
        answer = await self._store.call(
            "UpdateItem",
            {
                "TableName": self._table,
                "Key": {"pk": {"S": key}},
                "UpdateExpression": f"ADD {', '.join(f'{name} :one' for name in names)}"
                " SET expires_at = :expiry",
                "ExpressionAttributeValues": {
                    ":one": {"N": "1"},
                    ":expiry": _expiry(counting.now, RETENTION_SECONDS[subject]),
                },
                "ReturnValues": "ALL_NEW",
            },
        )
        tally = _tally(answer["Attributes"])
        counting.tallies[subject] = tally
        await self._tidy(key, list(outdated(tally, counting.now)))

    async def _read(self, counting: Counting) -> None:
        """Read all tallies, to score a payment that is counted already."""
        keys = [{"pk": {"S": key}} for key in counting.wanted.values()]
        answer = await self._store.call(
            "BatchGetItem",
            {"RequestItems": {self._table: {"Keys": keys, "ConsistentRead": True}}},
        )
        found = {item["pk"]["S"]: item for item in answer["Responses"].get(self._table, [])}
        left = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
        unanswered = {key["pk"]["S"] for key in left}
        for subject, key in counting.wanted.items():
            if key not in unanswered:
                counting.tallies[subject] = _tally(found.get(key, {}))

    async def _tidy(self, key: str, names: list[str]) -> None:
        """Remove counters that no window reaches: their names are never used again."""
        if len(names) < _UNTIDY or key in self._tidied:
            return
        self._tidied.add(key)
        try:
            await self._store.call(
                "UpdateItem",
                {
                    "TableName": self._table,
                    "Key": {"pk": {"S": key}},
                    "UpdateExpression": f"REMOVE {', '.join(names[:_MOST_REMOVED])}",
                    # Not to make the item anew, without its expiry.
                    "ConditionExpression": "attribute_exists(pk)",
                },
            )
        except (DynamoDBError, UnreachableError):
            # Whoever counts next will see them again.
            return
        finally:
            self._tidied.discard(key)

    def _lost(self, number: int, reason: str) -> None:
        self._telemetry.measured("counts lost", {"LostCounts": number}, reason=reason)


def _tally(item: Mapping[str, Any]) -> Tally:
    return {name: int(value["N"]) for name, value in item.items() if name not in _NOT_COUNTERS}


def _expiry(now: float, seconds: int) -> dict[str, str]:
    return {"N": str(math.ceil(now + seconds))}


def _reason(error: BaseException) -> str:
    return error.code if isinstance(error, DynamoDBError) else f"{type(error).__name__}: {error}"
