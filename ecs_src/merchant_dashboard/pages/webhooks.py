"""The merchant's webhook endpoint and its deliveries."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.responses import Response

    from merchant_dashboard.web import Call

_LIMIT = 50


def show(call: Call) -> Response:
    """Show a page of deliveries."""
    scope = f"{call.merchant_id} webhooks"
    tokens, webhooks = call.application.tokens, call.application.webhooks
    cursor = call.query.get("cursor")
    after = tokens.position(cursor, scope=scope) if cursor else None
    deliveries = webhooks.deliveries(call.merchant_id, limit=_LIMIT, after=after)
    position = deliveries.position
    return call.page(
        "webhooks.html",
        title="Webhooks",
        section="webhooks",
        endpoint=webhooks.endpoint(call.merchant_id),
        attempts=deliveries.attempts,
        is_first=after is None,
        next_cursor=None if position is None else tokens.cursor(position, scope=scope),
    )
