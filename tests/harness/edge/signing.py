"""AWS Signature Version 4 as both sides compute it: canonical request, key, signature.

Rules: "Create a signed AWS API request" in the IAM user guide. Paths are normalised and
encoded once more than they were sent, as every service but S3 does.
"""

from __future__ import annotations

import functools
import hmac
import time
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from collections.abc import Sequence

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "execute-api"
TIMESTAMP = "%Y%m%dT%H%M%SZ"
_UNRESERVED = "-_.~"


def canonical_uri(raw_path: str) -> str:
    """The path as signed: dot segments and doubled slashes gone, then encoded once more."""
    if "//" in raw_path or "/." in raw_path:
        raw_path = _normalise(raw_path)
    return quote(raw_path, safe="/" + _UNRESERVED) or "/"


def _normalise(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    trailing = "/" if path.endswith("/") and kept else ""
    return "/" + "/".join(kept) + trailing


def canonical_query(raw_query: str) -> str:
    """Parameters sorted by encoded name, then value; each encoded exactly once."""
    if not raw_query:
        return ""
    pairs = []
    for part in raw_query.split("&"):
        name, _, value = part.partition("=")
        pairs.append((_encode_once(name), _encode_once(value)))
    pairs.sort()
    return "&".join(f"{name}={value}" for name, value in pairs)


def _encode_once(text: str) -> str:
    return quote(
        unquote(text, errors="surrogateescape"), safe=_UNRESERVED, errors="surrogateescape"
    )


def canonical_headers(headers: Sequence[tuple[bytes, bytes]], names: Sequence[str]) -> bytes:
    """The block of signed headers; a repeated header's values are joined by commas.

    Raises:
        KeyError: a signed header isn't in the request; holds its name as bytes.
    """
    values = dict(headers)
    if len(values) != len(headers):
        values = _joined(headers)
    return b"".join([b"%b:%b\n" % (name, _trim(values[name])) for name in _encoded(tuple(names))])


def _joined(headers: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    values: dict[bytes, bytes] = {}
    for name, value in headers:
        values[name] = values[name] + b"," + _trim(value) if name in values else _trim(value)
    return values


def _trim(value: bytes) -> bytes:
    return b" ".join(value.split())


@functools.lru_cache(maxsize=1024)
def _encoded(names: tuple[str, ...]) -> list[bytes]:
    return [name.encode("latin-1", "replace") for name in names]


def canonical_request(
    verb: str,
    raw_path: str,
    raw_query: str,
    headers: Sequence[tuple[bytes, bytes]],
    signed_headers: Sequence[str],
    body_sha256: str,
) -> bytes:
    """The text both sides hash; header names are in lower case and ``signed_headers`` sorted."""
    return b"\n".join(
        (
            verb.encode(),
            canonical_uri(raw_path).encode(),
            canonical_query(raw_query).encode(),
            canonical_headers(headers, signed_headers),
            ";".join(signed_headers).encode(),
            body_sha256.encode(),
        )
    )


@functools.lru_cache(maxsize=4096)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key derived for one day (``YYYYMMDD``), region and service."""
    key = ("AWS4" + secret).encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def sign(key: bytes, timestamp: str, scope: str, canonical: bytes) -> str:
    """The hexadecimal signature; ``scope`` is ``YYYYMMDD/region/service/aws4_request``."""
    text = f"{ALGORITHM}\n{timestamp}\n{scope}\n{sha256(canonical).hexdigest()}"
    return hmac.digest(key, text.encode(), "sha256").hex()


def timestamp_of(epoch: float) -> str:
    """The time in the form of X-Amz-Date."""
    return time.strftime(TIMESTAMP, time.gmtime(epoch))
