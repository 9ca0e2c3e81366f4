"""Reads the body of createToken. No error repeats what was sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from payment_core.problems import refuse
from payment_core.requests import Fields, parse_object, refuse_card_numbers
from tokenizer.card_number import CardNumber

if TYPE_CHECKING:
    from collections.abc import Iterator

YEARS_AHEAD = 30
"""No card is valid for longer: a year beyond is a mistake."""

_SECURITY_CODE = re.compile(
    r"(?:card)?(?:cv[cvend]2?|cav2?|cid|csc|securitycode|verification(?:code|value|number)|code)"
)
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]")


@dataclass(frozen=True, slots=True)
class Card:
    """A card to be tokenized; it is valid to the end of its expiry month."""

    number: CardNumber
    brand: str
    expiry_month: int
    expiry_year: int


def read_card(content: bytes, *, year: int, month: int) -> Card:
    """Validate a body in the month ``month`` of ``year``. Raises ``ProblemError``."""
    body = parse_object(content)
    _cover_number(body)
    _refuse_security_codes(body)
    refuse_card_numbers(body, "Send a card's number as card.number and nowhere else.")
    fields = Fields(body)
    card = fields.member("card")
    number = card.take("number")
    expiry_month = card.integer("expiry_month", 1, 12)
    expiry_year = card.integer("expiry_year", year, year + YEARS_AHEAD)
    if not isinstance(number, CardNumber):
        card.fail("number", "must be text of 13 to 19 digits, without spaces")
    elif not number.is_valid:
        card.fail("number", "is mistyped: its check digit is wrong")
    if expiry_month and expiry_year and (expiry_year, expiry_month) < (year, month):
        card.fail("expiry_month", "is over: the card has expired")
    card.no_others()
    fields.no_others()
    fields.check()
    if not isinstance(number, CardNumber) or expiry_month is None or expiry_year is None:
        raise fields.problem()
    if number.brand is None:
        raise refuse("card_unsupported", "The number is of no card brand that is supported.")
    return Card(number, number.brand, expiry_month, expiry_year)


def _cover_number(body: dict[str, object]) -> None:
    """Replace the number by a value that can't show itself, whatever happens next."""
    card = body.get("card")
    if isinstance(card, dict) and "number" in card:
        try:
            card["number"] = CardNumber(card["number"])
        except (TypeError, ValueError):
            card["number"] = None


def _refuse_security_codes(body: object) -> None:
    if any(_SECURITY_CODE.fullmatch(_NOT_IN_NAMES.sub("", name.lower())) for name in _names(body)):
        raise refuse(
            "security_code_refused",
            "Never send a card's security code: nothing may keep it. Remove the field.",
        )


def _names(value: object) -> Iterator[str]:
    """Give every field name of a JSON value. No recursion: the depth is the client's choice."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case dict() as members:
                yield from members
                waiting.extend(members.values())
            case list() as members:
                waiting.extend(members)
