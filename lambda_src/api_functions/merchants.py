"""Who calls: binds the signing role and the API key to the merchant in the path."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from api_functions.dynamodb_values import decode_map, encode_map
from payment_core.problems import refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb.client import DynamoDBClient

    from api_functions.api_event import ApiEvent

PROFILE_SORT_KEY = "PROFILE"
"""Sort key of a merchant's profile, an item that Terraform writes."""


def partition_key(merchant_id: str) -> str:
    """Give the partition of everything a merchant has."""
    return f"MERCHANT#{merchant_id}"


_CACHED_MS = 60_000
_ROLE_SESSION = re.compile(
    r"arn:aws[a-z-]*:sts::(\d{12}):assumed-role/merchant-(m_[a-z0-9]+)/[^/]+"
)


class Merchants:
    """Merchant profiles, read once a minute by each worker."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], int]) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._keys: dict[str, tuple[int, str]] = {}

    def check(self, event: ApiEvent) -> str:
        """Give the path's merchant, who is also the caller. Raises ``ProblemError`` (403).

        API Gateway's policy decides the same by the role's tag; this is the second lock, and the
        only one that binds the API key, which meters.
        """
        merchant_id = event.path.get("merchant_id", "")
        session = _ROLE_SESSION.fullmatch(event.caller_arn)
        if session is None or session.groups() != (event.account_id, merchant_id):
            raise refuse(
                "merchant_mismatch",
                "Sign with the role of the merchant in the path, merchant-<merchant_id>.",
            )
        expected = self._api_key_id(merchant_id)
        if expected is None or event.api_key_id != expected:
            raise refuse("api_key_mismatch", "Send this merchant's own key in x-api-key.")
        return merchant_id

    def _api_key_id(self, merchant_id: str) -> str | None:
        now = self._clock()
        until, key_id = self._keys.get(merchant_id, (0, ""))
        if now < until:
            return key_id
        key = encode_map({"pk": partition_key(merchant_id), "sk": PROFILE_SORT_KEY})
        # Only what is needed: a role may be held to this attribute.
        answer = self._client.get_item(
            TableName=self._table, Key=key, ProjectionExpression="api_key_id"
        )
        if "Item" not in answer:
            return None
        key_id = str(decode_map(answer["Item"])["api_key_id"])
        self._keys[merchant_id] = (now + _CACHED_MS, key_id)
        return key_id
