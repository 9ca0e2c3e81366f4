"""A merchant's days: counts and amounts, as the projector adds them up."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashboard_projector.read_model import totals_partition
from transaction_gateway.dynamodb_values import decode_map, encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mypy_boto3_dynamodb.client import DynamoDBClient

COUNTED = ("authorized", "captured", "refunded", "declined")
"""What counts on the day it happened; payments and their states count on that of creation."""


@dataclass(frozen=True, slots=True)
class DayTotals:
    """What happened on one day in one currency."""

    day: str
    currency: str
    members: Mapping[str, int]

    def count(self, name: str) -> int:
        """Give how many."""
        return self.members.get(f"{name}_count", 0)

    def amount(self, name: str) -> int:
        """Give how much, in minor units."""
        return self.members.get(f"{name}_amount", 0)

    def in_states(self, states: Iterable[str]) -> int:
        """Give how many payments that were created on the day are now in one of the states."""
        return sum(self.members.get(f"state_{state}", 0) for state in states)


class Totals:
    """Reads days of the read model."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def between(self, merchant_id: str, first: str, last: str) -> list[DayTotals]:
        """Read the days on which anything happened, in order."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":pk": encode(totals_partition(merchant_id)),
                ":first": encode(first),
                ":last": encode(f"{last}~"),
            },
        )
        return [_day(decode_map(item)) for page in pages for item in page["Items"]]


def days_until(last: datetime.date, count: int) -> list[str]:
    """Name the days up to and with ``last``, oldest first."""
    return [(last - datetime.timedelta(days=n)).isoformat() for n in reversed(range(count))]


def _day(item: dict[str, object]) -> DayTotals:
    day, _, currency = str(item.pop("sk")).partition("#")
    return DayTotals(day, currency, {k: v for k, v in item.items() if isinstance(v, int)})
