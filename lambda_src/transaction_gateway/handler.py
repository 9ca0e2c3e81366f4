"""The API's Lambda function: routes API Gateway's events to the payment service."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from api_functions import answering
from api_functions.api_event import Reply, compact_json
from payment_core import cursors
from payment_core.idempotency import request_hash
from payment_core.problems import FieldError, Problem, ProblemError, refuse
from payment_core.requests import read_authorization, read_operation
from payment_core.states import OperationType
from transaction_gateway.application import deployed
from transaction_gateway.representations import payment_document, payment_history
from transaction_gateway.service import Call, payment_not_found

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from api_functions.answering import LambdaContext
    from api_functions.api_event import ApiEvent
    from transaction_gateway.application import Application

    Operation = Callable[[Application, ApiEvent, str, int], Reply]
    """Runs a request of a merchant until a deadline in epoch milliseconds."""

_PAYMENTS = "/merchants/{merchant_id}/payments"
_PAYMENT = f"{_PAYMENTS}/{{payment_id}}"
_PAYMENT_ID = re.compile(r"pay_[a-z2-7]{26}")
_LIMIT = re.compile(r"[1-9][0-9]?|100")
_DEFAULT_LIMIT = "25"


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
        route=lambda request, deadline: _route(application, request, deadline),
        advice="Repeat the request with its Idempotency-Key; nothing is charged twice.",
        logger=application.logger,
        clock=application.clock,
    )


def _route(application: Application, request: ApiEvent, deadline: int) -> Reply:
    operation = ROUTES.get(request.route)
    if operation is None:
        raise refuse("not_found", "There is no such resource, or it has no such method.")
    merchant_id = application.merchants.check(request)
    return operation(application, request, merchant_id, deadline)


def _authorize(
    application: Application, request: ApiEvent, merchant_id: str, deadline: int
) -> Reply:
    key, body = request.idempotency_key(), request.json_body()
    wanted = read_authorization(body)
    call = Call(merchant_id, key, request_hash(body), request.request_id, deadline)
    return application.service.authorize(call, wanted)


def _operate(kind: OperationType) -> Operation:
    def operate(
        application: Application, request: ApiEvent, merchant_id: str, deadline: int
    ) -> Reply:
        payment_id = _payment_id(request)
        key, body = request.idempotency_key(), request.json_body()
        wanted = read_operation(body, with_money=kind is not OperationType.VOID)
        call = Call(merchant_id, key, request_hash(body), request.request_id, deadline)
        return application.service.operate(call, payment_id, kind, wanted)

    return operate


def _get(application: Application, request: ApiEvent, merchant_id: str, _deadline: int) -> Reply:
    payment_id = _payment_id(request)
    payment = application.store.get(merchant_id, payment_id)
    if payment is None:
        raise ProblemError(payment_not_found(payment_id))
    return Reply(200, compact_json(payment_history(payment)))


def _list(application: Application, request: ApiEvent, merchant_id: str, _deadline: int) -> Reply:
    limit = request.query.get("limit", _DEFAULT_LIMIT)
    if _LIMIT.fullmatch(limit) is None:
        error = FieldError("limit", "must be from 1 to 100")
        raise ProblemError(
            Problem("invalid_request", "limit must be from 1 to 100.", errors=(error,))
        )
    after = None
    if cursor := request.query.get("cursor"):
        try:
            after = cursors.verify(cursor, scope=merchant_id, key=application.cursor_key.value)
        except cursors.InvalidCursorError as error:
            raise refuse("invalid_cursor", f"{error}.".capitalize()) from None
    payments, last = application.store.page(merchant_id, limit=int(limit), after=after)
    page: dict[str, object] = {"payments": [payment_document(payment) for payment in payments]}
    if last is not None:
        key = application.cursor_key.value
        page["next_cursor"] = cursors.sign(last, scope=merchant_id, key=key)
    return Reply(200, compact_json(page))


ROUTES: dict[tuple[str, str], Operation] = {
    ("POST", _PAYMENTS): _authorize,
    ("GET", _PAYMENTS): _list,
    ("GET", _PAYMENT): _get,
    ("POST", f"{_PAYMENT}/captures"): _operate(OperationType.CAPTURE),
    ("POST", f"{_PAYMENT}/void"): _operate(OperationType.VOID),
    ("POST", f"{_PAYMENT}/refunds"): _operate(OperationType.REFUND),
}
"""What each method and resource of the contract runs."""


def _payment_id(request: ApiEvent) -> str:
    payment_id = request.path.get("payment_id", "")
    if _PAYMENT_ID.fullmatch(payment_id) is None:
        raise refuse("payment_not_found", "The payment's id is malformed.")
    return payment_id
