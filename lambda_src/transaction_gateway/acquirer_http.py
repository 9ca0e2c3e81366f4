"""The acquirer over HTTP: ``PUT /transactions/{reference}`` acts once, ``POST .../close`` asks.

Both answer 200 with ``{"status": "approved"}`` or ``{"status": "declined", "decline_code": ...}``,
and may tell of the card: ``"card": {"brand", "bin", "last4", "country"}``. Anything else, silence
included, leaves the outcome unknown.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from api_functions.json_connection import JsonConnection, NoAnswerError
from payment_core.acquirer import Answer, CardSummary, Verdict
from payment_core.countries import COUNTRIES

if TYPE_CHECKING:
    from payment_core.acquirer import Instruction

_UNKNOWN = Answer(Verdict.UNKNOWN)
_BRAND = re.compile(r"[a-z][a-z0-9_]{1,19}")
_BIN = re.compile(r"[0-9]{6}")
_LAST4 = re.compile(r"[0-9]{4}")


class HttpAcquirer:
    """An ``Acquirer`` on one kept-alive connection: one for each worker, not for threads."""

    def __init__(self, url: str) -> None:
        self._connection = JsonConnection(url)

    def submit(self, instruction: Instruction, *, timeout_ms: int) -> Answer:
        """Ask to act; see ``Acquirer.submit``."""
        body = {
            "type": instruction.type,
            "payment_id": instruction.payment_id,
            "order": instruction.order,
            "merchant_id": instruction.merchant_id,
            "amount": instruction.money.minor_units,
            "currency": instruction.money.currency,
            "token": instruction.token,
        }
        return self._ask("PUT", f"/transactions/{instruction.reference}", body, timeout_ms)

    def resolve(self, reference: str, *, timeout_ms: int) -> Answer:
        """Ask what became of a reference; see ``Acquirer.resolve``."""
        return self._ask("POST", f"/transactions/{reference}/close", {}, timeout_ms)

    def _ask(self, method: str, path: str, body: dict[str, object], timeout_ms: int) -> Answer:
        """Try again after a quick failure: the reference makes repeating safe."""
        try:
            status, content = self._connection.ask(
                method,
                path,
                json.dumps(body).encode(),
                timeout_s=timeout_ms / 1000,
                retry_faults=True,
            )
        except NoAnswerError:
            return _UNKNOWN
        return _verdict(status, content)


def _verdict(status: int, content: bytes) -> Answer:
    try:
        document = json.loads(content)
    except ValueError:
        return _UNKNOWN
    if status != 200 or not isinstance(document, dict):
        return _UNKNOWN
    card = _card(document.get("card"))
    match document:
        case {"status": "approved"}:
            return Answer(Verdict.APPROVED, card=card)
        case {"status": "declined", "decline_code": str(code)}:
            return Answer(Verdict.DECLINED, code, card)
    return _UNKNOWN


def _card(summary: Any) -> CardSummary | None:
    """Read what is told of the card; what isn't as it should be is no reason to doubt a verdict."""
    match summary:
        case {"brand": str(brand), "bin": str(first), "last4": str(last)} if (
            _BRAND.fullmatch(brand) and _BIN.fullmatch(first) and _LAST4.fullmatch(last)
        ):
            country = summary.get("country")
            known = isinstance(country, str) and country in COUNTRIES
            return CardSummary(brand, first, last, country if known else None)
    return None
