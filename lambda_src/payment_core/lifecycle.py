"""How an answer says that its version of the API is going away, and what takes its place.

``Deprecation`` is RFC 9745's, ``Sunset`` RFC 8594's, the relation of ``Link`` RFC 5829's. What the
version's operator decided comes with each request, as stage variables of API Gateway or as headers
that it maps them to, so a service knows no dates.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DEPRECATED_ON, SUNSET_ON, SUCCESSOR = "deprecated_on", "sunset_on", "successor"
"""Names of the stage variables: two times in RFC 3339, and an address."""

_ADDRESS = re.compile(r"(?:https:/)?/[A-Za-z0-9._~][A-Za-z0-9._~:/?#&=,-]*")
_HEADERS = {
    DEPRECATED_ON: "x-api-deprecated-on",
    SUNSET_ON: "x-api-sunset-on",
    SUCCESSOR: "x-api-successor",
}


def headers_of_stage(variables: Mapping[str, str]) -> Mapping[str, str]:
    """Give the headers of an answer, from the stage variables of its request."""
    return _headers(*(variables.get(name) for name in _HEADERS))


def headers_of_request(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Give the headers of an answer, from those that API Gateway set; names are lower-case."""
    return _headers(*(headers.get(name) for name in _HEADERS.values()))


@lru_cache(maxsize=8)
def _headers(
    deprecated_on: str | None, sunset_on: str | None, successor: str | None
) -> Mapping[str, str]:
    headers = {}
    if deprecated := _time(deprecated_on):
        headers["Deprecation"] = f"@{int(deprecated.timestamp())}"
    if sunset := _time(sunset_on):
        headers["Sunset"] = format_datetime(sunset, usegmt=True)
    if successor and _ADDRESS.fullmatch(successor):
        headers["Link"] = f'<{successor}>; rel="successor-version"'
    return headers


def _time(text: str | None) -> datetime | None:
    """Read a time; a payment isn't refused because its notice can't be written."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if text else None
    except ValueError:
        return None
