"""Verifies the AWS Signature Version 4 of requests to API Gateway."""

from __future__ import annotations

import calendar
import functools
import hmac
import re
import time
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from harness.edge.exchange import Refusal
from harness.edge.signing import (
    ALGORITHM,
    SERVICE,
    TIMESTAMP,
    canonical_request,
    sign,
    signing_key,
    timestamp_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_SKEW = 300  # seconds a request may be older or newer than the clock
# Whoever passes a request on might take the other one of two.
SENT_ONCE = (b"authorization", b"x-amz-content-sha256", b"x-amz-date", b"x-amz-security-token")
EMPTY_SHA256 = sha256(b"").hexdigest()
_AUTHORIZATION = re.compile(
    ALGORITHM + r" Credential=([^/,= ]+)/(\d{8})/([^/,= ]+)/([^/,= ]+)/aws4_request, ?"
    r"SignedHeaders=([^,= ]+), ?Signature=([0-9a-f]{64})"
)


class Signature(NamedTuple):
    """The parts of an ``Authorization: AWS4-HMAC-SHA256 ...`` header."""

    access_key: str
    date: str
    region: str
    service: str
    signed_headers: str
    signature: str


def parse_authorization(value: str) -> Signature:
    """Split an Authorization header.

    Raises:
        Refusal: it isn't a complete SigV4 header; says what is missing.
    """
    usual = _AUTHORIZATION.fullmatch(value)
    return Signature(*usual.groups()) if usual else _parse_slowly(value)


def _parse_slowly(value: str) -> Signature:
    """Take any order and spacing of the parts, and explain what is wrong."""
    algorithm, _, rest = value.strip().partition(" ")
    if algorithm != ALGORITHM:
        raise _incomplete(f"'{algorithm}' is not a supported algorithm; use {ALGORITHM}.")
    fields: dict[str, str] = {}
    for part in rest.split(","):
        name, separator, content = part.strip().partition("=")
        if not separator or name in fields:
            raise _incomplete(f"'{part.strip()}' not a valid key=value pair in Authorization.")
        fields[name] = content
    missing = [
        name for name in ("Credential", "SignedHeaders", "Signature") if not fields.get(name)
    ]
    if missing:
        raise _incomplete(
            " ".join(f"Authorization header requires '{name}' parameter." for name in missing)
        )
    scope = fields["Credential"].split("/")
    if len(scope) != 5 or scope[4] != "aws4_request":
        raise _incomplete(
            "Credential must have five slash-separated elements: "
            "KEYID/DATE/REGION/SERVICE/aws4_request."
        )
    access_key, date, region, service, _ = scope
    return Signature(
        access_key, date, region, service, fields["SignedHeaders"], fields["Signature"]
    )


def check_scope(signature: Signature, region: str) -> None:
    """Refuse credentials scoped to another region or service."""
    if signature.region != region:
        raise _invalid(f"Credential should be scoped to a valid region, not '{signature.region}'.")
    if signature.service != SERVICE:
        raise _invalid(f"Credential should be scoped to correct service: '{SERVICE}'.")


def check_time(signature: Signature, timestamp: str | None, now: float) -> str:
    """Refuse stale and future requests; ``now`` is epoch seconds.

    Returns:
        The timestamp of the request, as signed.
    """
    if timestamp is None:
        raise _incomplete("Authorization header requires existence of an 'X-Amz-Date' header.")
    try:
        sent = _epoch(timestamp)
    except ValueError:
        raise _incomplete(
            f"X-Amz-Date must be in ISO8601 basic format, got '{timestamp}'."
        ) from None
    if not timestamp.startswith(signature.date):
        raise _invalid(
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
            f"from HTTP: '{signature.date}' != '{timestamp[:8]}'."
        )
    if sent < now - MAX_SKEW:
        raise _invalid(
            f"Signature expired: {timestamp} is now earlier than {timestamp_of(now - MAX_SKEW)} "
            f"({timestamp_of(now)} - 5 min.)"
        )
    if sent > now + MAX_SKEW:
        raise _invalid(
            f"Signature not yet current: {timestamp} is still later than "
            f"{timestamp_of(now + MAX_SKEW)} ({timestamp_of(now)} + 5 min.)"
        )
    return timestamp


@functools.lru_cache(maxsize=1024)
def _epoch(timestamp: str) -> int:
    return calendar.timegm(time.strptime(timestamp, TIMESTAMP))


def check_signature(
    signature: Signature,
    *,
    secret: str,
    timestamp: str,
    verb: str,
    raw_path: bytes,
    query: bytes,
    headers: Sequence[tuple[bytes, bytes]],
    body: bytes,
) -> None:
    """Recompute the signature over the request as received and compare in constant time.

    The body is always hashed: a declared ``x-amz-content-sha256`` is just another header.
    """
    names = signature.signed_headers.split(";")
    if "host" not in names:
        raise _incomplete("'Host' must be a 'SignedHeader' in the AWS Authorization.")
    try:
        canonical = canonical_request(
            verb,
            raw_path.decode("latin-1"),
            query.decode("latin-1"),
            headers,
            sorted(names),
            sha256(body).hexdigest() if body else EMPTY_SHA256,
        )
    except KeyError as absent:
        raise _invalid(
            f"'{absent.args[0].decode('latin-1')}' is named as a SignedHeader, "
            "but it does not exist in the HTTP request"
        ) from None
    scope = f"{signature.date}/{signature.region}/{signature.service}/aws4_request"
    key = signing_key(secret, signature.date, signature.region, signature.service)
    expected = sign(key, timestamp, scope, canonical)
    if not hmac.compare_digest(expected.encode(), signature.signature.encode()):
        raise _invalid(
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method. Consult the service "
            "documentation for details."
        )


def refuse_unsupported(query: bytes, content_sha256: str | None) -> None:
    """Refuse what the edge doesn't verify: presigned queries, unsigned and chunked payloads."""
    if b"X-Amz-Signature=" in query or b"X-Amz-Algorithm=" in query:
        raise _incomplete("Presigned requests are not supported; sign the Authorization header.")
    if content_sha256 is not None and not _is_sha256(content_sha256):
        raise _invalid(
            f"x-amz-content-sha256 '{content_sha256[:64]}' is not accepted by {SERVICE}: "
            "send the SHA-256 of the payload in hexadecimal, or leave the header out."
        )


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and not set(text) - set("0123456789abcdef")


def sent_twice(name: bytes) -> Refusal:
    """The answer to two values where the signature needs one."""
    return _incomplete(f"'{name.decode()}' must be sent once.")


def missing_token() -> Refusal:
    """The answer to an unsigned request, and to a method that isn't deployed."""
    return Refusal(
        "MISSING_AUTHENTICATION_TOKEN",
        403,
        "Missing Authentication Token",
        error_type="MissingAuthenticationTokenException",
    )


def unknown_token() -> Refusal:
    """The answer to an access key nobody owns, and to a wrong session token."""
    return Refusal(
        "INVALID_SIGNATURE",
        403,
        "The security token included in the request is invalid.",
        error_type="UnrecognizedClientException",
    )


def expired_token() -> Refusal:
    """The answer to temporary credentials after their end."""
    return Refusal(
        "EXPIRED_TOKEN",
        403,
        "The security token included in the request is expired",
        error_type="ExpiredTokenException",
    )


def _invalid(message: str) -> Refusal:
    return Refusal("INVALID_SIGNATURE", 403, message, error_type="InvalidSignatureException")


def _incomplete(message: str) -> Refusal:
    return Refusal("INVALID_SIGNATURE", 403, message, error_type="IncompleteSignatureException")
