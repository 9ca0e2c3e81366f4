"""The Lambda function of createToken: a card's number in, a token out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from api_functions import answering
from api_functions.api_event import Reply, compact_json
from payment_core.problems import refuse
from tokenizer.application import deployed
from tokenizer.requests import read_card

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api_functions.answering import LambdaContext
    from api_functions.api_event import ApiEvent
    from tokenizer.application import Application
    from tokenizer.vault import Entry

ROUTES = frozenset({("POST", "/merchants/{merchant_id}/tokens")})
"""The one operation of the contract that this function answers."""


def handle(event: Mapping[str, Any], context: LambdaContext) -> dict[str, object]:
    """Answer one request of API Gateway (proxy event, format 1.0).

    Raises ``SettingsError`` when the function's environment is wrong, and nothing else.
    """
    return respond(deployed(), event, context)


def respond(
    application: Application, event: Mapping[str, Any], context: LambdaContext
) -> dict[str, object]:
    """Answer one request with a given application, and log it."""
    return answering.respond(
        event,
        context,
        route=lambda request, deadline: _create_token(application, request, deadline),
        advice="Repeat the request; the same card gets the same token.",
        logger=application.logger,
        clock=application.clock,
    )


def _create_token(application: Application, request: ApiEvent, deadline: int) -> Reply:
    if request.route not in ROUTES:
        raise refuse("not_found", "There is no such resource, or it has no such method.")
    merchant_id = application.merchants.check(request)
    today = time.gmtime(application.clock() / 1000)
    card = read_card(request.json_bytes(), year=today.tm_year, month=today.tm_mon)
    entry = application.tokenizer.tokenize(
        merchant_id, card, deadline=deadline, request_id=request.request_id
    )
    return Reply(201, compact_json(_document(entry)))


def _document(entry: Entry) -> dict[str, object]:
    return {
        "token": entry.token,
        "brand": entry.brand,
        "bin": entry.bin,
        "last4": entry.last4,
        "expiry_month": entry.expiry_month,
        "expiry_year": entry.expiry_year,
    }
