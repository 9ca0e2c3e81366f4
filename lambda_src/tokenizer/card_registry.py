"""The acquirer's registry of cards: ``PUT /cards/{token}``, after which it knows the token.

It answers 200 with ``{"status": "registered"}``, the same at each repetition, or 422 with
``{"status": "refused"}`` for a card that it doesn't take. Anything else, silence included, leaves
open whether the card is registered.
"""

from __future__ import annotations

import json
from enum import Enum, auto
from typing import TYPE_CHECKING

from api_functions.json_connection import JsonConnection, NoAnswerError

if TYPE_CHECKING:
    from tokenizer.card_number import CardNumber


class Outcome(Enum):
    """What came of a registration."""

    REGISTERED = auto()
    REFUSED = auto()
    UNKNOWN = auto()


_OUTCOMES = {(200, "registered"): Outcome.REGISTERED, (422, "refused"): Outcome.REFUSED}


class CardRegistry:
    """The registry on one kept-alive connection: one for each worker, not for threads."""

    def __init__(self, url: str) -> None:
        self._connection = JsonConnection(url)

    def register(
        self,
        token: str,
        number: CardNumber,
        *,
        expiry_month: int,
        expiry_year: int,
        timeout_ms: int,
    ) -> Outcome:
        """Have the acquirer know a card by its token. Nothing raises."""
        try:
            status, content = self._connection.ask(
                "PUT",
                f"/cards/{token}",
                json.dumps(
                    {
                        "number": number.reveal(),
                        "expiry_month": expiry_month,
                        "expiry_year": expiry_year,
                    }
                ).encode(),
                timeout_s=timeout_ms / 1000,
                retry_faults=True,
            )
        except NoAnswerError:
            return Outcome.UNKNOWN
        return _outcome(status, content)


def _outcome(status: int, content: bytes) -> Outcome:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return Outcome.UNKNOWN
    match document:
        case {"status": str(answered)}:
            return _OUTCOMES.get((status, answered), Outcome.UNKNOWN)
    return Outcome.UNKNOWN
