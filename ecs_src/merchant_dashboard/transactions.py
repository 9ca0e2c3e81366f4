"""A merchant's payments as lists: by time, state, reference or amount, page by page.

A search reads along the narrowest of four orders and drops what doesn't fit the rest of it. How
far one page reads is limited: a page that found little says where it stopped and goes on there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dashboard_projector.read_model import (
    INDEX,
    amount_key,
    amounts_partition,
    payments_partition,
    reference_key,
    references_partition,
    scaled_amount_key,
    state_partition,
)
from merchant_dashboard.payments import batch_get
from transaction_gateway.dynamodb_values import decode_map, encode, encode_map

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_dynamodb.client import DynamoDBClient

MOST_READ = 2_000
"""Rows that one page reads at most while it looks for those that fit."""

_CHUNK = 500
_LAST = "~"
"""Sorts after everything a key may go on with."""


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for; None or empty is anything. Amounts are in ten-thousandths, days UTC."""

    reference: str = ""
    amount_from: int | None = None
    amount_to: int | None = None
    currency: str = ""
    state: str = ""
    brand: str = ""
    day_from: str = ""
    day_to: str = ""

    def fits(self, row: Mapping[str, Any]) -> bool:
        """Tell whether a row is looked for."""
        day = str(row["sk"])[:10]
        return (
            reference_key(row["reference"]).startswith(reference_key(self.reference))
            and self._amount_fits(amount_key(row["authorized"], row["currency"]))
            and self.currency in ("", row["currency"])
            and self.state in ("", row["state"])
            and self.brand in ("", row.get("brand"))
            and (self.day_from or day) <= day <= (self.day_to or day)
        )

    def _amount_fits(self, amount: str) -> bool:
        above = self.amount_from is None or scaled_amount_key(self.amount_from) <= amount
        return above and (self.amount_to is None or amount <= scaled_amount_key(self.amount_to))


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, newest first or highest first, and where the list goes on, None at its end.

    ``stopped_early`` when reading ended before the page was full.
    """

    rows: list[dict[str, Any]]
    position: str | None
    stopped_early: bool


@dataclass(frozen=True, slots=True)
class _Order:
    """A partition to read along, from high keys to low; ``name`` prefixes its key's names."""

    partition: str
    low: str
    high: str
    name: str = ""
    points_to_rows: bool = False


class Transactions:
    """Reads the rows of the read model."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def page(self, merchant_id: str, search: Search, *, limit: int, after: str | None) -> Page:
        """Read a page of what fits, beginning after a position."""
        rows: list[dict[str, Any]] = []
        position = after
        walk = self._walk(merchant_id, search, after, limit + 1)
        for read, (sort_key, row) in enumerate(walk, start=1):
            fits = row is not None and search.fits(row)
            if fits and len(rows) == limit:
                return Page(rows, position, stopped_early=False)
            if row is not None and fits:
                rows.append(row)
                position = sort_key
            if read == MOST_READ:
                return Page(rows, sort_key, stopped_early=True)
        return Page(rows, None, stopped_early=False)

    def all(self, merchant_id: str, search: Search) -> Iterator[dict[str, Any]]:
        """Read everything that fits, as it is asked for."""
        for _, row in self._walk(merchant_id, search, None, _CHUNK):
            if row is not None and search.fits(row):
                yield row

    def _walk(
        self, merchant_id: str, search: Search, after: str | None, first: int
    ) -> Iterator[tuple[str, dict[str, Any] | None]]:
        """Yield sort keys of the search's order with their rows; None where a row is missing."""
        order, chunk = _order(merchant_id, search), first
        while True:
            items, last = self._query(order, after, chunk)
            yield from self._rows(merchant_id, order, items)
            if last is None:
                return
            after, chunk = last, _CHUNK

    def _query(
        self, order: _Order, after: str | None, limit: int
    ) -> tuple[list[dict[str, Any]], str | None]:
        pk, sk = f"{order.name}pk", f"{order.name}sk"
        arguments: dict[str, Any] = {"IndexName": INDEX} if order.name else {}
        if after is not None:
            start = {pk: order.partition, sk: after}
            if order.name:
                # A row has the same sort key in the table and in the index.
                merchant, _, _ = order.partition.partition("#STATE#")
                start |= {"pk": f"{merchant}#PAYMENTS", "sk": after}
            arguments["ExclusiveStartKey"] = encode_map(start)
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression=f"{pk} = :pk AND {sk} BETWEEN :low AND :high",
            ExpressionAttributeValues={
                ":pk": encode(order.partition),
                ":low": encode(order.low),
                ":high": encode(order.high),
            },
            ScanIndexForward=False,
            Limit=limit,
            **arguments,
        )
        last = answer.get("LastEvaluatedKey")
        items = [decode_map(item) for item in answer["Items"]]
        return items, None if last is None else str(last[sk]["S"])

    def _rows(
        self, merchant_id: str, order: _Order, items: list[dict[str, Any]]
    ) -> Iterator[tuple[str, dict[str, Any] | None]]:
        if not order.points_to_rows:
            for item in items:
                yield str(item["sk"]), item
            return
        yield from self._rows_of_pointers(merchant_id, items)

    def _rows_of_pointers(
        self, merchant_id: str, items: list[dict[str, Any]]
    ) -> Iterator[tuple[str, dict[str, Any] | None]]:
        partition = payments_partition(merchant_id)
        keys = [encode_map({"pk": partition, "sk": item["row"]}) for item in items]
        found = batch_get(self._client, self._table, keys, consistent=False)
        rows = {str(row["sk"]): row for row in found}
        for item in items:
            yield str(item["sk"]), rows.get(str(item["row"]))


def _order(merchant_id: str, search: Search) -> _Order:
    if search.reference:
        prefix = reference_key(search.reference)
        return _Order(
            references_partition(merchant_id), prefix, prefix + "\U0010ffff", points_to_rows=True
        )
    if search.amount_from is not None or search.amount_to is not None:
        low = scaled_amount_key(search.amount_from or 0)
        high = _LAST if search.amount_to is None else scaled_amount_key(search.amount_to) + _LAST
        return _Order(amounts_partition(merchant_id), low, high, points_to_rows=True)
    low, high = search.day_from or "0", (search.day_to or "9") + _LAST
    if search.state:
        return _Order(state_partition(merchant_id, search.state), low, high, name=INDEX)
    return _Order(payments_partition(merchant_id), low, high)
