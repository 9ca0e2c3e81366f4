"""What the merchant used of their plans."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from merchant_dashboard import charts
from merchant_dashboard.totals import days_until

if TYPE_CHECKING:
    from starlette.responses import Response

    from merchant_dashboard.web import Call

_DAYS = 14


def show(call: Call) -> Response:
    """Show plans and requests a day."""
    days = days_until(datetime.datetime.now(datetime.UTC).date(), _DAYS)
    plans = call.application.usage.of_key(call.principal.api_key_id, days)
    return call.page(
        "usage.html",
        title="Usage",
        section="usage",
        plans=[
            (plan, None if plan.used is None else charts.stacked(days, {"requests": plan.used}))
            for plan in plans or []
        ],
        readable=plans is not None,
    )
