"""What a message of the queue says: EventBridge's envelope around one event."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from api_functions.api_event import compact_json

_SOURCE = "payments.transaction-gateway"
_TEXTS = {
    "id": re.compile(r"evt_[a-z0-9]{1,40}"),
    "type": re.compile(r"payment\.[a-z_]{1,40}"),
    "merchant_id": re.compile(r"m_[a-z0-9]{1,64}"),
    "created_at": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"),
}


class MessageError(ValueError):
    """The message isn't an event's envelope; repeating it doesn't help."""


@dataclass(frozen=True, slots=True)
class Message:
    """One event for one merchant. ``body`` is what is sent, the same bytes at every attempt."""

    event_id: str
    event_type: str
    merchant_id: str
    created_at: int
    body: bytes = field(repr=False)

    @classmethod
    def read(cls, text: str) -> Message:
        """Read a message's text. Raises ``MessageError``, without what the message holds."""
        try:
            envelope = json.loads(text)
        except ValueError:
            raise MessageError("the message isn't JSON") from None
        if not isinstance(envelope, dict) or envelope.get("source") != _SOURCE:
            raise MessageError(f"the message isn't an event of {_SOURCE}")
        detail = envelope.get("detail")
        if not isinstance(detail, dict):
            raise MessageError("the event has no detail")
        texts = {name: _text(detail, name) for name in _TEXTS}
        return cls(
            event_id=texts["id"],
            event_type=texts["type"],
            merchant_id=texts["merchant_id"],
            created_at=_epoch_ms(texts["created_at"]),
            body=compact_json(detail).encode(),
        )


def _text(detail: dict[str, Any], name: str) -> str:
    value = detail.get(name)
    if not isinstance(value, str) or _TEXTS[name].fullmatch(value) is None:
        raise MessageError(f"the event's {name} is missing or malformed")
    return value


def _epoch_ms(text: str) -> int:
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError:
        raise MessageError("the event's created_at is no time") from None
