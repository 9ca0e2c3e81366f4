"""The times of payments: epoch milliseconds inside, RFC 3339 outside."""

from __future__ import annotations

from api_functions.times import now_ms, rfc3339

__all__ = ["now_ms", "rfc3339"]
