"""Reads the books that the platform and its acquirer keep of a merchant's payments.

The ledger is read from the table as it is stored, posting by posting: the classes of
`payment_core` refuse an unbalanced entry, and here it has to show.
"""

from __future__ import annotations

import csv
from collections import Counter
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.demo.patience import patiently
from harness.demo.reconciliation import Position
from payment_core.currencies import EXPONENTS
from payment_core.ledger import ACQUIRER_RECEIVABLE
from transaction_gateway.dynamodb_values import decode_map
from transaction_gateway.payment_items import PAYMENT_PREFIX, partition_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mypy_boto3_dynamodb.client import DynamoDBClient

    from harness.acquirer import SettlementLine
    from harness.client import SignedClient

PAGE = 100


async def listed_payments(client: SignedClient) -> list[Mapping[str, Any]]:
    """Fetch every payment of the merchant, as its own API lists them page by page."""
    payments: list[Mapping[str, Any]] = []
    cursor: str | None = None
    while True:
        response = await patiently(partial(client.list, limit=PAGE, cursor=cursor))
        response.raise_for_status()
        page = response.json()
        payments += page["payments"]
        cursor = page.get("next_cursor")
        if cursor is None:
            return payments


def stored_payments(
    dynamodb: DynamoDBClient, table: str, merchant_id: str
) -> list[Mapping[str, Any]]:
    """Read every payment item of a merchant as the operator, past the API."""
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
        ExpressionAttributeValues={
            ":pk": {"S": partition_key(merchant_id)},
            ":prefix": {"S": PAYMENT_PREFIX},
        },
        ConsistentRead=True,
    )
    return [decode_map(item) for page in pages for item in page["Items"]]


def positions_of_payments(payments: Iterable[Mapping[str, Any]]) -> dict[str, Position]:
    """Say what the API says of each payment."""
    return {
        payment["payment_id"]: Position(
            payment["currency"], payment["captured_amount"], payment["refunded_amount"]
        )
        for payment in payments
    }


def positions_of_ledger(items: Iterable[Mapping[str, Any]]) -> dict[str, Position]:
    """Say what each payment's postings to the acquirer's account come to.

    A debit there is money captured, a credit is money refunded.
    """
    positions = {}
    for item in items:
        amounts = [
            posting["amount"]
            for _, posting in _postings(item)
            if posting["account"] == ACQUIRER_RECEIVABLE
        ]
        positions[item["payment_id"]] = Position(
            item["currency"],
            captured=sum(amount for amount in amounts if amount > 0),
            refunded=-sum(amount for amount in amounts if amount < 0),
        )
    return positions


def ledger_sums(items: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Sum all postings by currency, in minor units: zero in a ledger that balances."""
    sums: Counter[str] = Counter()
    for item in items:
        for currency, posting in _postings(item):
            sums[currency] += posting["amount"]
    return dict(sums)


def positions_of_acquirer(
    settlement: Iterable[SettlementLine], merchant_id: str
) -> dict[str, Position]:
    """Say what the acquirer settled of a merchant's payments."""
    return {
        line.payment_id: Position(line.currency, line.captured, line.refunded)
        for line in settlement
        if line.merchant_id == merchant_id
    }


def positions_of_dashboard(exported: str) -> dict[str, Position]:
    """Say what the file says that a person exports from the dashboard."""
    return {
        row["payment_id"]: Position(
            row["currency"],
            captured=minor_units(row["captured"], row["currency"]),
            refunded=minor_units(row["refunded"], row["currency"]),
        )
        for row in csv.DictReader(exported.splitlines())
    }


def minor_units(shown: str, currency: str) -> int:
    """Read an amount as the dashboard writes it, such as `1,234.50`."""
    return int(Decimal(shown.replace(",", "")).scaleb(EXPONENTS[currency]))


def _postings(item: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Walk a payment's postings with the currency of each."""
    for operation in item["operations"].values():
        if entry := operation.get("entry"):
            for posting in entry["postings"]:
                yield entry["currency"], posting
