"""The key that signs cursors: made once, kept in the table, the same for every worker."""

from __future__ import annotations

import secrets
from functools import cached_property
from typing import TYPE_CHECKING

from api_functions.dynamodb_values import decode_map, encode_map

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_KEY = {"pk": "SERVICE#transaction_gateway", "sk": "CURSOR_KEY"}


class CursorKey:
    """Reads the key at its first use, and makes it when the table has none."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    @cached_property
    def value(self) -> bytes:
        """The key's 32 bytes."""
        return bytes.fromhex(self._read() or self._make())

    def _read(self) -> str | None:
        answer = self._client.get_item(
            TableName=self._table, Key=encode_map(_KEY), ConsistentRead=True
        )
        return str(decode_map(answer["Item"])["secret"]) if "Item" in answer else None

    def _make(self) -> str:
        # if_not_exists: whoever comes second reads the first one's key instead of writing.
        answer = self._client.update_item(
            TableName=self._table,
            Key=encode_map(_KEY),
            UpdateExpression="SET #secret = if_not_exists(#secret, :secret)",
            ExpressionAttributeNames={"#secret": "secret"},
            ExpressionAttributeValues=encode_map({":secret": secrets.token_hex(32)}),
            ReturnValues="ALL_NEW",
        )
        return str(decode_map(answer["Attributes"])["secret"])
