"""Signed requests as bytes, made in microseconds: what a load generator can afford."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from hashlib import sha256
from urllib.parse import urlsplit

from harness.edge.signing import (
    ALGORITHM,
    SERVICE,
    canonical_request,
    sign,
    signing_key,
    timestamp_of,
)


@dataclass(frozen=True, slots=True)
class Signer:
    """One merchant's credentials and API key."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    region: str
    api_key: str

    def document(self) -> dict[str, str]:
        """As another process is told."""
        return asdict(self)

    def post(self, url: str, body: bytes, idempotency_key: str) -> bytes:
        """Make a signed POST of JSON, ready to be written to a connection."""
        parts = urlsplit(url)
        timestamp = timestamp_of(time.time())
        headers = [
            (b"content-type", b"application/json"),
            (b"host", parts.netloc.encode()),
            (b"idempotency-key", idempotency_key.encode()),
            (b"x-amz-date", timestamp.encode()),
            (b"x-amz-security-token", self.session_token.encode()),
            (b"x-api-key", self.api_key.encode()),
        ]
        names = [name.decode() for name, _ in headers]
        canonical = canonical_request(
            "POST", parts.path, parts.query, headers, names, sha256(body).hexdigest()
        )
        date = timestamp[:8]
        scope = f"{date}/{self.region}/{SERVICE}/aws4_request"
        key = signing_key(self.secret_access_key, date, self.region, SERVICE)
        authorization = (
            f"{ALGORITHM} Credential={self.access_key_id}/{scope}, "
            f"SignedHeaders={';'.join(names)}, Signature={sign(key, timestamp, scope, canonical)}"
        )
        lines = [
            f"POST {parts.path} HTTP/1.1".encode(),
            *(name + b": " + value for name, value in headers),
            b"authorization: " + authorization.encode(),
            b"content-length: %d" % len(body),
        ]
        return b"\r\n".join(lines) + b"\r\n\r\n" + body
