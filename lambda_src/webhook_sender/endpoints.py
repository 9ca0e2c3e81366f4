"""Where a merchant's events are sent, as the table of webhooks says."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from api_functions.dynamodb_values import decode_map, encode_map
from api_functions.merchants import partition_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

SORT_KEY = "WEBHOOK"
"""Sort key of a merchant's endpoint."""

PORTS = frozenset({443, 8443})
"""Ports that are sent to; other services of a host are none of ours."""

_LONGEST_URL = 2048
_PRINTABLE = re.compile(r"[!-~]+")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|[0-9a-f:.]+")


class UrlError(ValueError):
    """The endpoint's address isn't one that is sent to; the text says what it needs."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart. ``path`` may hold what only the merchant should know."""

    host: str
    port: int
    path: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``event_types`` names the types that are sent; when it is empty all are."""

    url: str = field(repr=False)
    secret_arn: str
    event_types: frozenset[str]
    disabled: bool

    def wants(self, event_type: str) -> bool:
        """Tell whether events of this type are sent."""
        return not self.event_types or event_type in self.event_types

    def target(self) -> Target:
        """Take the address apart. Raises ``UrlError``."""
        if len(self.url) > _LONGEST_URL or not _PRINTABLE.fullmatch(self.url):
            raise UrlError(f"use at most {_LONGEST_URL} printable ASCII characters, no spaces")
        try:
            parts = urlsplit(self.url)
            port = 443 if parts.port is None else parts.port
        except ValueError:
            raise UrlError("the host or port is malformed") from None
        if parts.scheme != "https" or parts.fragment:
            raise UrlError("use https://, and no fragment")
        if "@" in parts.netloc:
            raise UrlError("take the credentials out: the signature says who sends")
        host = parts.hostname or ""
        if not _HOST.fullmatch(host):
            raise UrlError("write the host as a name in ASCII, like hooks.shop.example")
        if port not in PORTS:
            raise UrlError(f"use one of the ports {', '.join(map(str, sorted(PORTS)))}")
        query = f"?{parts.query}" if parts.query else ""
        return Target(host, port, (parts.path or "/") + query)


class Endpoints:
    """Reads endpoints, each time anew: who disables one means now."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def read(self, merchant_id: str) -> Endpoint | None:
        """Give a merchant's endpoint, or None. Raises ``LookupError`` when it is incomplete."""
        key = encode_map({"pk": partition_key(merchant_id), "sk": SORT_KEY})
        answer = self._client.get_item(TableName=self._table, Key=key)
        if "Item" not in answer:
            return None
        item = decode_map(answer["Item"])
        return Endpoint(
            url=item["url"],
            secret_arn=item["secret_arn"],
            event_types=frozenset(item.get("event_types", ())),
            disabled=item.get("status", "enabled") != "enabled",
        )
