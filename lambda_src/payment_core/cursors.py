"""Opaque cursors: where a listing goes on, signed so that a client can't make its own."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

_SIGNATURE_BYTES = 16


class InvalidCursorError(ValueError):
    """A cursor that wasn't made here, for this listing, with this key."""


def sign(position: str, *, scope: str, key: bytes) -> str:
    """Make the cursor of ``position`` in the listing ``scope`` (the merchant)."""
    content = position.encode()
    return base64.urlsafe_b64encode(_signature(content, scope, key) + content).decode().rstrip("=")


def verify(cursor: str, *, scope: str, key: bytes) -> str:
    """Read a cursor's position back; raises ``InvalidCursorError``."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        signature, content = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if hmac.compare_digest(signature, _signature(content, scope, key)):
            return content.decode()
    except (binascii.Error, ValueError):
        pass
    raise InvalidCursorError("the cursor isn't one of this listing; start without a cursor")


def _signature(content: bytes, scope: str, key: bytes) -> bytes:
    message = scope.encode() + b"\0" + content
    return hmac.digest(key, message, hashlib.sha256)[:_SIGNATURE_BYTES]
