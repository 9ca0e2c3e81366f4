"""Reads request bodies: strict JSON, known fields only, errors that name the field."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from payment_core.cards import find_card_number, holds_card_number
from payment_core.countries import COUNTRIES
from payment_core.currencies import EXPONENTS
from payment_core.money import MAX_MINOR_UNITS, Money, is_integer
from payment_core.problems import FieldError, Problem, ProblemError, refuse

MAX_BODY_BYTES = 16 * 1024

_TOKEN = re.compile(r"tok_[A-Za-z0-9_]{4,64}")
_BRAND = re.compile(r"[a-z][a-z0-9_]{1,19}")
_COUNTRY = re.compile("|".join(sorted(COUNTRIES)))
_DEVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:/#-]{0,63}")


@dataclass(frozen=True, slots=True)
class AuthorizeRequest:
    """A valid body of authorizePayment."""

    money: Money
    token: str
    brand: str | None
    reference: str
    device_id: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class OperationRequest:
    """A valid body of a capture, refund or void; a void has no money."""

    money: Money | None
    reference: str | None


def parse_body(body: bytes) -> dict[str, object]:
    """Parse a JSON object; an empty body is an empty one. Raises ``ProblemError``.

    Refused are bodies over 16 KiB, duplicate keys, what isn't JSON (``NaN``), and card numbers.
    """
    value = parse_object(body)
    refuse_card_numbers(value)
    return value


def parse_object(body: bytes) -> dict[str, object]:
    """Parse a body as ``parse_body`` does, but for card numbers: the tokenizer takes one."""
    if len(body) > MAX_BODY_BYTES:
        raise refuse(
            "body_too_large", f"The body has {len(body)} of at most {MAX_BODY_BYTES} bytes."
        )
    try:
        value: object = json.loads(
            body or b"{}",
            object_pairs_hook=_object,
            parse_float=_Inexact,
            parse_constant=_Inexact,
        )
    except (ValueError, RecursionError) as error:
        raise refuse("invalid_request", f"The body isn't JSON: {_reason(error)}.") from None
    if not isinstance(value, dict):
        # Not before it is searched: what is refused for a card number says so.
        refuse_card_numbers(value)
        raise refuse("invalid_request", "The body must be a JSON object.")
    return value


_INSTEAD = (
    "Send the tokenizer's token (tok_...) instead; if it is no card number, write it with letters "
    "between the digits."
)


def refuse_card_numbers(value: object, advice: str = _INSTEAD) -> None:
    """Raise ``ProblemError``, which ends in ``advice``, when a parsed body holds a card number."""
    try:
        place = find_card_number(value)
    except RecursionError as error:  # a nesting that the parser takes may be too deep to search
        raise refuse("invalid_request", f"The body isn't JSON: {_reason(error)}.") from None
    if place:
        raise refuse(
            "card_number_refused",
            f"{place} looks like a card number. {advice}",
        )


def read_authorization(body: dict[str, object]) -> AuthorizeRequest:
    """Validate a body of authorizePayment. Raises ``ProblemError`` with every field at fault."""
    fields = Fields(body)
    money = fields.money()
    reference = fields.text("reference", _REFERENCE, "1 to 64 letters, digits or ' ._:/#-'")
    device_id = fields.text(
        "device_id", _DEVICE, "1 to 128 letters, digits or '._:-'", required=False
    )
    country = fields.text(
        "country", _COUNTRY, "an ISO 3166-1 alpha-2 code, like DE", required=False
    )
    method = fields.member("payment_method")
    token = method.text("token", _TOKEN, "a token of the tokenizer, like tok_...")
    brand = method.text("brand", _BRAND, "a lower-case name, like visa", required=False)
    method.no_others()
    fields.no_others()
    if money is None or reference is None or token is None:
        raise fields.problem()
    fields.check()
    return AuthorizeRequest(money, token, brand, reference, device_id, country)


def read_operation(body: dict[str, object], *, with_money: bool) -> OperationRequest:
    """Validate a body of capturePayment, refundPayment or (without money) voidPayment."""
    fields = Fields(body)
    money = fields.money() if with_money else None
    reference = fields.text(
        "reference", _REFERENCE, "1 to 64 letters, digits or ' ._:/#-'", required=False
    )
    fields.no_others()
    fields.check()
    return OperationRequest(money, reference)


class _Inexact:
    """A number with a point or an exponent, or no number at all: never an amount."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


class Fields:
    """Reads the members of one JSON object and collects what is wrong with them."""

    def __init__(
        self, members: dict[str, object], path: str = "", errors: list[FieldError] | None = None
    ) -> None:
        self._members = members
        self._path = path
        self._read: set[str] = set()
        self._errors: list[FieldError] = [] if errors is None else errors

    def text(
        self, name: str, pattern: re.Pattern[str], form: str, *, required: bool = True
    ) -> str | None:
        """Give text of ``pattern``, which is described as ``form``."""
        value = self.take(name)
        if name not in self._members and not required:
            return None
        if not isinstance(value, str) or pattern.fullmatch(value) is None:
            self.fail(name, f"must be {form}")
            return None
        return value

    def integer(self, name: str, least: int, most: int) -> int | None:
        """Give an integer from ``least`` to ``most``."""
        value = self.take(name)
        if is_integer(value) and least <= value <= most:
            return value
        self.fail(name, f"must be an integer from {least} to {most}")
        return None

    def money(self) -> Money | None:
        """Give the members ``amount`` and ``currency``."""
        amount, currency = self._amount(), self._currency()
        return None if amount is None or currency is None else Money(amount, currency)

    def _amount(self) -> int | None:
        amount = self.take("amount")
        if not is_integer(amount):
            self.fail("amount", "must be an integer of minor units, without point or exponent")
            return None
        if not 1 <= amount <= MAX_MINOR_UNITS:
            self.fail("amount", f"must be from 1 to {MAX_MINOR_UNITS}")
            return None
        return amount

    def _currency(self) -> str | None:
        currency = self.take("currency")
        if not isinstance(currency, str) or currency not in EXPONENTS:
            self.fail("currency", "must be an active ISO 4217 code, like EUR")
            return None
        return currency

    def member(self, name: str) -> Fields:
        """Give the fields of an object; what is wrong with them is told with the rest."""
        value = self.take(name)
        if not isinstance(value, dict):
            self.fail(name, "must be an object")
            return Fields({}, f"{name}.", [])
        return Fields(value, f"{name}.", self._errors)

    def no_others(self) -> None:
        """Count every member that wasn't read as an error."""
        for name in self._members.keys() - self._read:
            known = ", ".join(sorted(self._read))
            self.fail(_shown(name), f"is unknown; known are {known}")

    def check(self) -> None:
        """Raise ``ProblemError`` when anything is wrong."""
        if self._errors:
            raise self.problem()

    def problem(self) -> ProblemError:
        """Make the error that tells all that is wrong."""
        errors = tuple(sorted(self._errors, key=lambda error: error.field))
        detail = "; ".join(f"{error.field} {error.message}" for error in errors)
        return ProblemError(Problem("invalid_request", f"{detail}.", errors=errors))

    def take(self, name: str) -> object:
        """Give a member as it is, or None."""
        self._read.add(name)
        return self._members.get(name)

    def fail(self, name: str, message: str) -> None:
        """Count a member as wrong. No message may repeat its value."""
        if name in self._read and name not in self._members:
            message = f"is missing; it {message}"
        self._errors.append(FieldError(self._path + name, message))


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members: dict[str, object] = {}
    for name, value in pairs:
        if name in members:
            raise _DuplicateKeyError(f"{_shown(name)} is given twice")
        members[name] = value
    return members


class _DuplicateKeyError(ValueError):
    pass


def _reason(error: Exception) -> str:
    if isinstance(error, _DuplicateKeyError):
        return str(error)
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno} column {error.colno}"
    return "it is nested too deeply or not UTF-8"


def _shown(name: str) -> str:
    """Give a client's field name back, unless that would repeat a card number or be long."""
    return "(a field name)" if holds_card_number(name) or len(name) > 40 else name
