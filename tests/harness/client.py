"""A client of the payments API that signs its requests; retries are the caller's."""

from __future__ import annotations

import time
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urlencode

import httpx
import orjson

from harness.edge.signing import (
    ALGORITHM,
    SERVICE,
    canonical_request,
    sign,
    signing_key,
    timestamp_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

# Whatever changes the meaning of a request; the rest may be touched on the way.
_SIGNED = frozenset(
    {
        b"content-type",
        b"host",
        b"idempotency-key",
        b"x-amz-date",
        b"x-amz-security-token",
        b"x-api-key",
    }
)


def sign_request(
    request: httpx.Request,
    *,
    access_key_id: str,
    secret_access_key: str,
    session_token: str | None,
    region: str,
    now: float,
) -> None:
    """Add SigV4 headers for API Gateway to a request; ``now`` in epoch seconds.

    Under load it spares most of the time that botocore's signer takes, to the same result.
    """
    timestamp = timestamp_of(now)
    request.headers["X-Amz-Date"] = timestamp
    if session_token:
        request.headers["X-Amz-Security-Token"] = session_token
    headers = [(name.lower(), value) for name, value in request.headers.raw]
    names = sorted({name.decode() for name, _ in headers if name in _SIGNED})
    path, _, query = request.url.raw_path.decode("ascii").partition("?")
    canonical = canonical_request(
        request.method, path, query, headers, names, sha256(request.content).hexdigest()
    )
    date = timestamp[:8]
    scope = f"{date}/{region}/{SERVICE}/aws4_request"
    key = signing_key(secret_access_key, date, region, SERVICE)
    request.headers["Authorization"] = (
        f"{ALGORITHM} Credential={access_key_id}/{scope}, SignedHeaders={';'.join(names)}, "
        f"Signature={sign(key, timestamp, scope, canonical)}"
    )


class SignedClient:
    """Calls one merchant's payments; an asynchronous context manager.

    Args:
        base_url: up to and with ``/merchants/{merchant_id}``.
        access_key_id, secret_access_key, session_token: of the merchant's role.
        region: of the API.
        api_key: meters the merchant's usage plan.
        connections: most connections at a time; further requests wait for one.
        timeout: seconds that connecting, sending and each read may take.

    Its methods return whatever the API answers and raise ``httpx.HTTPError`` when it doesn't.
    """

    def __init__(
        self,
        base_url: str,
        *,
        access_key_id: str,
        secret_access_key: str,
        session_token: str | None,
        region: str,
        api_key: str,
        connections: int = 100,
        timeout: float = 35.0,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._access_key_id = access_key_id
        self._secret_access_key = secret_access_key
        self._session_token = session_token
        self._region = region
        self._api_key = api_key
        self._http = httpx.AsyncClient(
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            # Waiting for a connection is the caller's concurrency, not a fault of the API.
            timeout=httpx.Timeout(timeout, pool=None),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def authorize(self, body: Mapping[str, Any], *, idempotency_key: str) -> httpx.Response:
        """Authorize a payment."""
        return await self.request("POST", "/payments", body=body, idempotency_key=idempotency_key)

    async def capture(
        self, payment_id: str, body: Mapping[str, Any], *, idempotency_key: str
    ) -> httpx.Response:
        """Capture some or all of an authorized payment."""
        return await self._operate(payment_id, "captures", body, idempotency_key)

    async def refund(
        self, payment_id: str, body: Mapping[str, Any], *, idempotency_key: str
    ) -> httpx.Response:
        """Refund some or all of what was captured."""
        return await self._operate(payment_id, "refunds", body, idempotency_key)

    async def void(
        self,
        payment_id: str,
        body: Mapping[str, Any] | None = None,
        *,
        idempotency_key: str,
    ) -> httpx.Response:
        """Give up an authorization."""
        return await self._operate(payment_id, "void", body or {}, idempotency_key)

    async def get(self, payment_id: str) -> httpx.Response:
        """Read a payment."""
        return await self.request("GET", f"/payments/{quote(payment_id, safe='')}")

    async def list(self, *, limit: int | None = None, cursor: str | None = None) -> httpx.Response:
        """Read a page of payments."""
        given = {"limit": limit, "cursor": cursor}
        query = {name: value for name, value in given.items() if value is not None}
        return await self.request("GET", "/payments", query=query)

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> httpx.Response:
        """Send any signed request; ``path`` follows the base address."""
        headers = {"X-Api-Key": self._api_key}
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        content = b""
        if body is not None:
            content = orjson.dumps(body)
            headers["Content-Type"] = "application/json"
        url = self._base_url + path
        if query:
            url += "?" + urlencode(query, quote_via=quote)
        request = self._http.build_request(method, url, headers=headers, content=content)
        sign_request(
            request,
            access_key_id=self._access_key_id,
            secret_access_key=self._secret_access_key,
            session_token=self._session_token,
            region=self._region,
            now=time.time(),
        )
        return await self._http.send(request)

    async def _operate(
        self, payment_id: str, operation: str, body: Mapping[str, Any], idempotency_key: str
    ) -> httpx.Response:
        path = f"/payments/{quote(payment_id, safe='')}/{operation}"
        return await self.request("POST", path, body=body, idempotency_key=idempotency_key)
