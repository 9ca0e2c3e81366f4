"""What a request with an idempotency key is: new, a repetition, in flight, or a mistake."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEY = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_ID_BYTES = 17  # 136 bits, of which 26 base32 characters carry 130


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """The answer kept for repetitions: an outcome, never a throttle, fault or refused request."""

    status: int
    body: str

    def __post_init__(self) -> None:
        if self.status == 202 or self.status == 429 or self.status >= 500:
            raise ValueError(f"{self.status} is no outcome and must not be stored")
        if self.status in (400, 413, 415, 422):
            raise ValueError(f"{self.status} refuses a request and must not be stored")


class Decision(Enum):
    """What to do with a request whose key was seen before."""

    REPLAY = auto()
    """Answer the stored response."""
    RESUME = auto()
    """Its worker is gone: take the work over."""
    IN_FLIGHT = auto()
    """A worker is at it: 409 with Retry-After."""
    MISMATCH = auto()
    """The key was used with another request: 422."""


def is_valid_key(key: str) -> bool:
    """Tell whether ``key`` has 1 to 128 letters, digits, dots, underscores, colons or hyphens."""
    return _KEY.fullmatch(key) is not None


def request_hash(body: Mapping[str, object]) -> str:
    """Hash a parsed body in canonical form, so spacing and order of keys don't matter."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def scoped_id(prefix: str, merchant_id: str, operation: str, key: str) -> str:
    """Derive the id of what a request makes from its scope: merchant, operation and key.

    Deriving it makes the id itself the guard: the second request with a key collides with the
    first. ``operation`` names the payment too for an operation on one.
    """
    scope = json.dumps([merchant_id, operation, key]).encode()
    digest = base64.b32encode(hashlib.sha256(scope).digest()[:_ID_BYTES])
    return f"{prefix}_{digest[:26].decode().lower()}"


def decide(
    *,
    stored_hash: str,
    new_hash: str,
    response: StoredResponse | None,
    lease_until: int,
    now: int,
) -> Decision:
    """Decide on a repetition. ``lease_until`` and ``now`` are epoch milliseconds."""
    if not hmac.compare_digest(stored_hash, new_hash):
        return Decision.MISMATCH
    if response is not None:
        return Decision.REPLAY
    return Decision.IN_FLIGHT if now < lease_until else Decision.RESUME


def retry_after(lease_until: int, now: int) -> int:
    """Give the whole seconds, at least one, until a lease in epoch milliseconds ends."""
    return max(1, -(-(lease_until - now) // 1000))
