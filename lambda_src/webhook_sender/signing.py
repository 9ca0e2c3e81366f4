"""Signs what is sent, so that a merchant knows who sent it and when."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADER = "Payments-Signature"


def signature(body: bytes, secrets: Sequence[str], now_s: int) -> str:
    """Write the header: the time, and one ``v1`` for each secret that is valid now."""
    signed = f"{now_s}.".encode() + body
    digests = (hmac.new(secret.encode(), signed, hashlib.sha256) for secret in secrets)
    return ",".join([f"t={now_s}", *(f"v1={digest.hexdigest()}" for digest in digests)])
