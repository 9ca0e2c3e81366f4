"""A merchant's system that signs with botocore and waits for each answer: the tests' client."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from harness.platform import MerchantAccess


_LETTERS = str.maketrans("0123456789", "ghijklmnop")

# Answers that a busy machine gives, when a function runs out of its time or a table answers late.
TOO_SLOW = (502, 503, 504)


class Caller:
    """A merchant's system: independent of the harness's own client.

    Args:
        access: whose system it is.
        http: sends.
        patience_s: how long a request is repeated, under its key, while the answer is that it may
            work later; 0 for a test that looks at such answers.
    """

    def __init__(
        self, access: MerchantAccess, http: httpx.Client, *, patience_s: float = 60
    ) -> None:
        self.access = access
        self.http = http
        self._patience_s = patience_s

    def with_access(self, **changes: str) -> Caller:
        """Give a caller whose credentials differ."""
        return Caller(replace(self.access, **changes), self.http, patience_s=self._patience_s)

    def impatient(self) -> Caller:
        """Give a caller that repeats nothing."""
        return Caller(self.access, self.http, patience_s=0)

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        merchant_id: str | None = None,
    ) -> httpx.Response:
        """Sign and send; `body` is JSON unless it is bytes, `path` starts at the merchant."""
        key, until = key or str(uuid.uuid4()), time.monotonic() + self._patience_s
        while True:
            answer = self.http.send(
                self.signed(method, path, body, key=key, headers=headers, merchant_id=merchant_id)
            )
            if answer.status_code not in TOO_SLOW or time.monotonic() > until:
                return answer
            time.sleep(0.5)

    def signed(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        merchant_id: str | None = None,
    ) -> httpx.Request:
        """Give a signed request that was not sent yet."""
        access = self.access
        content = body if isinstance(body, bytes) else b"" if body is None else _json(body)
        url = f"{access.invoke_url}/merchants/{merchant_id or access.merchant_id}{path}"
        sent = {"Content-Type": "application/json", "x-api-key": access.api_key}
        if method == "POST":
            sent["Idempotency-Key"] = key or str(uuid.uuid4())
        unsigned = AWSRequest(method, url, data=content, headers={**sent, **(headers or {})})
        credentials = Credentials(
            access.access_key_id, access.secret_access_key, access.session_token
        )
        SigV4Auth(credentials, "execute-api", access.region).add_auth(unsigned)
        return self.http.build_request(
            method, url, content=content, headers=dict(unsigned.headers.items())
        )

    def authorize(
        self,
        amount: object = 1250,
        currency: str = "EUR",
        token: str | None = None,
        *,
        key: str | None = None,
        **fields: Any,
    ) -> httpx.Response:
        """Authorize a payment; without a `token` by a card that the simulator approves."""
        key = key or str(uuid.uuid4())
        body = {
            "amount": amount,
            "currency": currency,
            "reference": "order-1",
            "payment_method": {"token": token or another_card(key)},
            **fields,
        }
        return self.send("POST", "/payments", body, key=key)

    def capture(self, payment_id: str, amount: int, *, key: str | None = None) -> httpx.Response:
        """Capture in EUR."""
        body = {"amount": amount, "currency": "EUR"}
        return self.send("POST", f"/payments/{payment_id}/captures", body, key=key)

    def authorized(self, amount: int = 1250, **fields: Any) -> str:
        """Authorize a payment and give its id.

        Raises:
            RuntimeError: it wasn't authorized.
        """
        response = self.authorize(amount, **fields)
        if response.status_code != 201:
            raise RuntimeError(f"the authorization came to {response.text}")
        return str(response.json()["payment_id"])


def another_card(key: str) -> str:
    """Give the token of a card that the simulator approves: a known one pays often, like fraud."""
    # In letters alone: of thousands of tokens one would have the digits of a card number.
    letters = hashlib.sha256(key.encode()).hexdigest()[:16].translate(_LETTERS)
    return f"tok_approve__{letters}"


def _json(body: object) -> bytes:
    return json.dumps(body).encode()
