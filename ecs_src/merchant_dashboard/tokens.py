"""What the service signs: forms, so that only pages made for a person can act, and cursors."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import time
from typing import TYPE_CHECKING

from merchant_dashboard.errors import FORM_EXPIRED, INVALID_CURSOR, PageError
from payment_core import cursors

if TYPE_CHECKING:
    from merchant_dashboard.identity import Principal

FORM_LIFETIME_S = 3600
_TOKEN = re.compile(r"(\d{1,12})\.([0-9a-f]{32})\.([0-9a-f]{64})")


class Tokens:
    """Signs with keys that are derived from one secret, apart for each purpose."""

    def __init__(self, secret: str) -> None:
        self._forms = _derived(secret, "forms")
        self._cursors = _derived(secret, "cursors")

    def form(self, principal: Principal, *purpose: object) -> str:
        """Make a token for one person and purpose: what the form does, to what, how much."""
        issued, nonce = str(int(time.time())), secrets.token_hex(16)
        return f"{issued}.{nonce}.{self._signature(principal, purpose, issued, nonce)}"

    def check_form(self, token: str, principal: Principal, *purpose: object) -> None:
        """Raise ``PageError`` (403) for a token that is old, or of another person or purpose."""
        parts = _TOKEN.fullmatch(token)
        if parts is None:
            raise PageError(FORM_EXPIRED)
        issued, nonce, signature = parts.groups()
        expected = self._signature(principal, purpose, issued, nonce)
        age = time.time() - int(issued)
        if not hmac.compare_digest(signature, expected) or not -60 <= age <= FORM_LIFETIME_S:
            raise PageError(FORM_EXPIRED)

    def cursor(self, position: str, *, scope: str) -> str:
        """Make the cursor of a position in a list; ``scope`` names merchant and list."""
        return cursors.sign(position, scope=scope, key=self._cursors)

    def position(self, cursor: str, *, scope: str) -> str:
        """Read a cursor back. Raises ``PageError`` (400) for another list's."""
        try:
            return cursors.verify(cursor, scope=scope, key=self._cursors)
        except cursors.InvalidCursorError:
            raise PageError(INVALID_CURSOR) from None

    def _signature(
        self, principal: Principal, purpose: tuple[object, ...], issued: str, nonce: str
    ) -> str:
        content = json.dumps([principal.arn, principal.api_key_id, issued, nonce, *purpose])
        return hmac.digest(self._forms, content.encode(), hashlib.sha256).hex()


def _derived(secret: str, purpose: str) -> bytes:
    return hmac.digest(secret.encode(), f"merchant_dashboard/{purpose}".encode(), hashlib.sha256)
