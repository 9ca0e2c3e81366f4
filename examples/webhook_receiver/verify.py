"""Checks a webhook before anything in it is believed. Standard library only; copy it."""

import hashlib
import hmac
import json
import time
from typing import Any

TOLERANCE_S = 300


class SignatureError(ValueError):
    """The request isn't ours, or isn't of now: answer 400 and do nothing."""


def receive(
    body: bytes, header: str, secrets: list[str], seen: set[str], now_s: float | None = None
) -> dict[str, Any] | None:
    """Give the event, or None for one that was received before: answer 200 to both.

    ``body`` is the request's body, byte for byte; ``header`` is ``Payments-Signature``.
    """
    fields = [field.partition("=") for field in header.split(",")]
    sent_at = next((value for name, _, value in fields if name == "t"), "")
    signatures = [value.encode() for name, _, value in fields if name == "v1"]
    signed = f"{sent_at}.".encode() + body
    digests = [hmac.new(secret.encode(), signed, hashlib.sha256) for secret in secrets]
    expected = [digest.hexdigest().encode() for digest in digests]
    if not any(hmac.compare_digest(ours, theirs) for ours in expected for theirs in signatures):
        raise SignatureError("no signature matches")
    if abs((time.time() if now_s is None else now_s) - int(sent_at)) > TOLERANCE_S:
        raise SignatureError("the request is too old, or our clocks differ")
    event: dict[str, Any] = json.loads(body)
    if event["id"] in seen:
        return None
    seen.add(event["id"])
    return event
