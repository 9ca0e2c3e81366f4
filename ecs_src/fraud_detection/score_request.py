"""Reads the body of a request for a score: known fields only, every error named."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fraud_detection.transaction import Transaction
from payment_core.cards import holds_card_number
from payment_core.countries import COUNTRIES
from payment_core.currencies import EXPONENTS
from payment_core.money import MAX_MINOR_UNITS, is_integer
from payment_core.problems import FieldError, Problem, ProblemError

if TYPE_CHECKING:
    from collections.abc import Callable

MERCHANT_ID = re.compile(r"m_[a-z0-9]{4,24}")

_AN_AMOUNT = f"an integer of minor units from 1 to {MAX_MINOR_UNITS}, without point or exponent"


def _text(pattern: str) -> Callable[[object], bool]:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


_FIELDS: dict[str, tuple[Callable[[object], bool], str]] = {
    "merchant_id": (_text(MERCHANT_ID.pattern), "a merchant's id, like m_rivertown"),
    "payment_id": (_text(r"pay_[a-z2-7]{26}"), "a payment's id, like pay_..."),
    "amount": (lambda value: is_integer(value) and 1 <= value <= MAX_MINOR_UNITS, _AN_AMOUNT),
    "currency": (
        lambda value: isinstance(value, str) and value in EXPONENTS,
        "an active ISO 4217 code, like EUR",
    ),
    "token": (_text(r"tok_[A-Za-z0-9_]{4,64}"), "a token of the tokenizer, like tok_..."),
    "reference": (
        _text(r"[A-Za-z0-9][A-Za-z0-9 ._:/#-]{0,63}"),
        "1 to 64 letters, digits or ' ._:/#-'",
    ),
    "device_id": (
        _text(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}"),
        "1 to 128 letters, digits or '._:-'",
    ),
    "country": (
        lambda value: isinstance(value, str) and value in COUNTRIES,
        "an ISO 3166-1 alpha-2 code, like DE",
    ),
}
_FIELDS_BELOW_A_MERCHANT = {name: field for name, field in _FIELDS.items() if name != "merchant_id"}
_REQUIRED = ("amount", "currency", "token")


def read_transaction(body: dict[str, Any], merchant_id: str | None) -> Transaction:
    """Validate a body. Without ``merchant_id``, from the path, the body must name the merchant.

    Raises ``ProblemError`` with every field at fault.
    """
    known = _FIELDS if merchant_id is None else _FIELDS_BELOW_A_MERCHANT
    required = ("merchant_id", *_REQUIRED) if merchant_id is None else _REQUIRED
    errors = [
        FieldError(name, f"is missing; it must be {known[name][1]}")
        for name in required
        if name not in body
    ]
    for name, value in body.items():
        if name not in known:
            names = ", ".join(sorted(known))
            errors.append(FieldError(_shown(name), f"is unknown; known are {names}"))
        elif not known[name][0](value):
            errors.append(FieldError(name, f"must be {known[name][1]}"))
    if errors:
        errors.sort(key=lambda error: error.field)
        detail = "; ".join(f"{error.field} {error.message}" for error in errors)
        raise ProblemError(Problem("invalid_request", f"{detail}.", errors=tuple(errors)))
    if merchant_id is not None:
        body = {**body, "merchant_id": merchant_id}
    return Transaction(**body)


def _shown(name: str) -> str:
    """Give a client's field name back, unless that would repeat a card number or be long."""
    return "(a field name)" if holds_card_number(name) or len(name) > 40 else name
