"""What each method and path of the contract answers, and the server's application around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from merchant_dashboard.errors import METHOD, NOT_FOUND, PageError
from merchant_dashboard.front import HEALTH, Front
from merchant_dashboard.pages import (
    overview,
    reconciliation,
    refund,
    transaction,
    transactions,
    usage,
    webhooks,
)
from merchant_dashboard.web import endpoint, failure_response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from merchant_dashboard.application import Application
    from merchant_dashboard.web import Call, Page

_MERCHANT = "/merchants/{merchant_id}"
_PAYMENT = f"{_MERCHANT}/transactions/{{payment_id}}"
_REFUND = f"{_PAYMENT}/refunds/{{refund_id}}"
_FOREVER = "private, max-age=31536000, immutable"


@dataclass(slots=True)
class Life:
    """Whether the service takes requests, or finishes those under way because it is to end."""

    draining: bool = False


def _asset(call: Call) -> Response:
    asset = call.application.assets.get(call.parts["file"])
    if asset is None:
        raise PageError(NOT_FOUND)
    return Response(asset.content, media_type=asset.media_type, headers={"Cache-Control": _FOREVER})


ROUTES: dict[tuple[str, str], Page] = {
    ("GET", f"{_MERCHANT}/overview"): overview.show,
    ("GET", f"{_MERCHANT}/transactions"): transactions.show,
    ("GET", f"{_MERCHANT}/exports/transactions"): transactions.export,
    ("GET", _PAYMENT): transaction.show,
    ("POST", f"{_PAYMENT}/refunds"): transaction.ask_refund,
    ("GET", _REFUND): refund.show,
    ("POST", f"{_REFUND}/confirmation"): refund.confirm,
    ("POST", f"{_REFUND}/refusal"): refund.refuse,
    ("GET", f"{_MERCHANT}/refunds"): refund.show_all,
    ("GET", f"{_MERCHANT}/usage"): usage.show,
    ("GET", f"{_MERCHANT}/webhooks"): webhooks.show,
    ("GET", f"{_MERCHANT}/reconciliation"): reconciliation.show,
    ("GET", f"{_MERCHANT}/assets/{{file}}"): _asset,
}
"""The contract's operations."""


def serve(application: Application, life: Life) -> ASGIApp:
    """Put the server's application together."""
    routes = [
        Route(path, endpoint(application, path, page), methods=[method])
        for (method, path), page in ROUTES.items()
    ]
    app = Starlette(
        routes=[Route(HEALTH, _health(life)), *routes],
        exception_handlers={
            404: _refusal(application, PageError(NOT_FOUND)),
            405: _refusal(application, PageError(METHOD)),
        },
    )
    app.router.redirect_slashes = False
    return Front(app, application.telemetry, application.settings.base_path, lambda: life.draining)


def _health(life: Life) -> Callable[[Request], Awaitable[Response]]:
    """Tell the load balancer about this process alone.

    A table out of reach isn't a reason: replacing every task would not bring it back.
    """

    async def health(_request: Request) -> Response:
        if life.draining:
            return JSONResponse({"status": "draining", "reason": "the task is ending"}, 503)
        return JSONResponse({"status": "ok"})

    return health


def _refusal(
    application: Application, error: PageError
) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, _error: Exception) -> Response:
        request.state.code = error.failure.code
        return failure_response(application, request, error.failure)

    return answer
