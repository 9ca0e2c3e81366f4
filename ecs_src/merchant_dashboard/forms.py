"""Reads queries and forms: few, short, each once, and without card numbers."""

from __future__ import annotations

from urllib.parse import parse_qsl

from merchant_dashboard.errors import CARD_NUMBER, NOT_A_FORM, TOO_LARGE, PageError, invalid
from payment_core.cards import holds_card_number

MAX_BODY_BYTES = 16 * 1024
_MAX_FIELDS = 20
_MAX_CHARACTERS = 1024
_FORM = "application/x-www-form-urlencoded"


def read_fields(encoded: bytes) -> dict[str, str]:
    """Decode fields, their ends trimmed. Raises ``PageError`` (400)."""
    try:
        pairs = parse_qsl(
            encoded.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MAX_FIELDS,
        )
    except ValueError:
        raise invalid("The fields can't be read. Use the forms and links of the page.") from None
    if any(holds_card_number(text) for pair in pairs for text in pair):
        raise PageError(CARD_NUMBER)
    fields = {name: value.strip() for name, value in pairs}
    if len(fields) < len(pairs):
        raise invalid("A field was sent twice. Use the forms and links of the page.")
    if any(len(value) > _MAX_CHARACTERS or "\0" in value for value in fields.values()):
        raise invalid("A field is too long.")
    return fields


def check_form(content_type: str, body: bytes) -> None:
    """Raise ``PageError`` (413, 415) unless this is a form of a usual size."""
    if len(body) > MAX_BODY_BYTES:
        raise PageError(TOO_LARGE)
    if content_type.partition(";")[0].strip().lower() != _FORM:
        raise PageError(NOT_A_FORM)
