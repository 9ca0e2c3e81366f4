"""The vault: one item a card and merchant, each write one conditional call."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from api_functions.dynamodb_values import decode_map, encode, encode_map
from api_functions.merchants import partition_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb.client import DynamoDBClient

CARD_PREFIX = "CARD#"
"""Sort keys begin so; the card's fingerprint follows."""

ABANDONED_AFTER_S = 24 * 60 * 60
"""A number that never got to the acquirer serves nobody: its item is deleted after this time."""


class Registration(StrEnum):
    """Whether the acquirer knows the card by its token."""

    REGISTERING = "registering"
    REGISTERED = "registered"


@dataclass(frozen=True, slots=True)
class Entry:
    """A card in the vault. ``version`` counts changes of the expiry; times are epoch ms."""

    merchant_id: str
    fingerprint: str
    token: str
    ciphertext: str = field(repr=False)
    brand: str
    bin: str
    last4: str
    expiry_month: int
    expiry_year: int
    created_at: int
    updated_at: int
    registration: Registration = Registration.REGISTERING
    version: int = 1

    @property
    def is_registered(self) -> bool:
        """Whether the token may be used, and so be told."""
        return self.registration is Registration.REGISTERED


class Vault:
    """The table of the vault. A write that the SDK repeats finds its own effect and is done."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def find(self, merchant_id: str, fingerprint: str) -> Entry | None:
        """Read a card, consistently."""
        answer = self._client.get_item(
            TableName=self._table, Key=_key(merchant_id, fingerprint), ConsistentRead=True
        )
        return _entry(answer["Item"]) if "Item" in answer else None

    def create(self, entry: Entry) -> Entry:
        """Put a card unless it is there; give what is stored, another worker's if it was first."""
        item = {
            "pk": partition_key(entry.merchant_id),
            "sk": CARD_PREFIX + entry.fingerprint,
            "merchant_id": entry.merchant_id,
            "token": entry.token,
            "ciphertext": entry.ciphertext,
            "brand": entry.brand,
            "bin": entry.bin,
            "last4": entry.last4,
            "expiry_month": entry.expiry_month,
            "expiry_year": entry.expiry_year,
            "registration": entry.registration,
            "version": entry.version,
            "created_at": entry.created_at,
            "updated_at": entry.updated_at,
            "expires_at": entry.created_at // 1000 + ABANDONED_AFTER_S,
        }
        try:
            self._client.put_item(
                TableName=self._table,
                Item=encode_map(item),
                ConditionExpression="attribute_not_exists(pk)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            return _stored(error) or entry
        return entry

    def renew(self, entry: Entry, expiry_month: int, expiry_year: int, now: int) -> Entry | None:
        """Give a card another expiry, still to be registered; give what is stored then."""
        return self._update(
            entry,
            "SET expiry_month = :month, expiry_year = :year, registration = :registration,"
            " updated_at = :now, version = version + :one",
            {
                ":month": expiry_month,
                ":year": expiry_year,
                ":registration": Registration.REGISTERING,
                ":now": now,
                ":one": 1,
            },
        )

    def finish(self, entry: Entry, now: int) -> tuple[bool, Entry | None]:
        """Mark a card registered unless its expiry has changed; give what is stored then."""
        stored = self._update(
            entry,
            "SET registration = :registration, updated_at = :now REMOVE expires_at",
            {":registration": Registration.REGISTERED, ":now": now},
        )
        done = stored is not None and stored.version == entry.version and stored.is_registered
        return done, stored

    def _update(self, entry: Entry, expression: str, values: Mapping[str, object]) -> Entry | None:
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=_key(entry.merchant_id, entry.fingerprint),
                UpdateExpression=expression,
                ConditionExpression="version = :version",
                ExpressionAttributeValues={
                    **encode_map(values),
                    ":version": encode(entry.version),
                },
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            return _stored(error)
        return _entry(answer["Attributes"])


def _key(merchant_id: str, fingerprint: str) -> dict[str, dict[str, Any]]:
    return encode_map({"pk": partition_key(merchant_id), "sk": CARD_PREFIX + fingerprint})


def _entry(attributes: Mapping[str, Any]) -> Entry:
    item = decode_map(attributes)
    return Entry(
        merchant_id=item["merchant_id"],
        fingerprint=item["sk"].removeprefix(CARD_PREFIX),
        token=item["token"],
        ciphertext=item["ciphertext"],
        brand=item["brand"],
        bin=item["bin"],
        last4=item["last4"],
        expiry_month=item["expiry_month"],
        expiry_year=item["expiry_year"],
        created_at=item["created_at"],
        updated_at=item["updated_at"],
        registration=Registration(item["registration"]),
        version=item["version"],
    )


def _stored(error: ClientError) -> Entry | None:
    """Give the item on which a condition failed; any other error goes on."""
    if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
        raise error
    item = cast("Mapping[str, Any] | None", error.response.get("Item"))
    return _entry(item) if item else None
