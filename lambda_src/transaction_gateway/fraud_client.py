"""The fraud service over HTTP: ``POST /internal/scores``, on one kept-alive connection.

Whatever isn't exactly an answer of the service's contract, silence included, is no decision.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from api_functions.json_connection import JsonConnection, NoAnswerError
from api_functions.tracing import remote_call
from payment_core.fraud import FraudCheck, FraudDecision
from payment_core.money import is_integer

if TYPE_CHECKING:
    from payment_core.fraud import FraudQuestion

_PATH = "/internal/scores"
_SERVICE = "fraud-detection"
_HIGHEST_SCORE = 1000
_MOST_REASONS = 32
_REASON = re.compile(r"[a-z][a-z0-9_]{0,63}")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,63}")
_UNAVAILABLE = FraudCheck(FraudDecision.UNAVAILABLE)
_DECISIONS = {
    str(decision): decision
    for decision in FraudDecision
    if decision is not FraudDecision.UNAVAILABLE
}


class FraudClient:
    """A ``FraudScorer`` for one worker, not for threads."""

    def __init__(self, url: str) -> None:
        self._connection = JsonConnection(url)

    def score(self, question: FraudQuestion, *, timeout_ms: int) -> FraudCheck:
        """Ask for a decision; see ``FraudScorer.score``."""
        members = {
            "merchant_id": question.merchant_id,
            "payment_id": question.payment_id,
            "amount": question.money.minor_units,
            "currency": question.money.currency,
            "token": question.token,
            "reference": question.reference,
            "device_id": question.device_id,
            "country": question.country,
        }
        body = {name: value for name, value in members.items() if value is not None}
        with remote_call(_SERVICE) as call:
            names = {"x-request-id": question.request_id, "X-Amzn-Trace-Id": call.header}
            try:
                status, content = self._connection.ask(
                    "POST",
                    _PATH,
                    json.dumps(body).encode(),
                    timeout_s=timeout_ms / 1000,
                    headers={name: value for name, value in names.items() if value},
                )
            except NoAnswerError:
                call.failed = True
                return _UNAVAILABLE
            call.failed = status != 200
        return _read(content) if status == 200 else _UNAVAILABLE


def _read(content: bytes) -> FraudCheck:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return _UNAVAILABLE
    match document:
        case {
            "score": score,
            "decision": str(decision),
            "reasons": list(reasons),
            "model_version": str(version),
            "degraded": bool(degraded),
        } if (
            is_integer(score)
            and 0 <= score <= _HIGHEST_SCORE
            and decision in _DECISIONS
            and len(reasons) <= _MOST_REASONS
            and _VERSION.fullmatch(version)
        ):
            codes = tuple(map(_reason, reasons))
            if None not in codes:
                known = tuple(code for code in codes if code is not None)
                return FraudCheck(_DECISIONS[decision], score, known, version, degraded)
    return _UNAVAILABLE


def _reason(reason: object) -> str | None:
    match reason:
        case {"code": str(code)} if _REASON.fullmatch(code):
            return code
    return None
