"""Who calls: API Gateway's headers, bound to the merchant in the path.

API Gateway sets these headers itself and overwrites what a client sent. Its policy decides the
same by the role's tag; this is the second lock, and the only one that binds the API key.
Another way of signing in would give a ``Principal`` in place of ``read``.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from merchant_dashboard.errors import NO_IDENTITY, NOT_FOUND, WRONG_KEY, PageError
from transaction_gateway.dynamodb_values import decode_map, encode_map
from transaction_gateway.payment_items import partition_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from starlette.datastructures import Headers

PRINCIPAL, ACCOUNT, API_KEY = "x-principal-arn", "x-account-id", "x-api-key-id"
_CACHED_S = 60
_ROLE_SESSION = re.compile(
    r"arn:aws[a-z-]*:sts::(\d{12}):assumed-role/merchant-(m_[a-z0-9]+)/([\w+=,.@-]{2,64})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or program of one merchant; ``session`` is the name of the role's session."""

    arn: str
    account_id: str
    api_key_id: str
    merchant_id: str
    session: str

    def is_same_person_as(self, session: str) -> bool:
        """Tell whether a session's name is this one's; letters' case makes no second person."""
        return self.session.casefold() == session.casefold()


def read(headers: Headers) -> Principal:
    """Read who calls. Raises ``PageError`` (403) unless each header is there exactly once."""
    sent = {name: headers.getlist(name) for name in (PRINCIPAL, ACCOUNT, API_KEY)}
    if any(len(values) != 1 for values in sent.values()):
        raise PageError(NO_IDENTITY)
    arn, account_id, api_key_id = (values[0] for values in sent.values())
    session = _ROLE_SESSION.fullmatch(arn)
    if session is None or session[1] != account_id:
        raise PageError(NO_IDENTITY)
    return Principal(arn, account_id, api_key_id, merchant_id=session[2], session=session[3])


class Profiles:
    """Merchants' profiles, read once a minute."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table
        self._keys: dict[str, tuple[float, str | None]] = {}

    def bind(self, principal: Principal, merchant_id: str) -> None:
        """Raise ``PageError`` unless the caller is the merchant of the path.

        Whether the other merchant exists isn't looked up, so the answer can't tell.
        """
        if principal.merchant_id != merchant_id:
            raise PageError(NOT_FOUND)
        if self._api_key_id(merchant_id) != principal.api_key_id:
            raise PageError(WRONG_KEY)

    def _api_key_id(self, merchant_id: str) -> str | None:
        now = time.monotonic()
        until, key_id = self._keys.get(merchant_id, (0.0, None))
        if now < until:
            return key_id
        key = encode_map({"pk": partition_key(merchant_id), "sk": "PROFILE"})
        answer = self._client.get_item(TableName=self._table, Key=key)
        if "Item" not in answer:
            return None
        key_id = str(decode_map(answer["Item"])["api_key_id"])
        self._keys[merchant_id] = (now + _CACHED_S, key_id)
        return key_id
