"""A day's books side by side."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from merchant_dashboard.errors import invalid
from merchant_dashboard.reconciliation import MOST_PAYMENTS

if TYPE_CHECKING:
    from starlette.responses import Response

    from merchant_dashboard.web import Call


def show(call: Call) -> Response:
    """Show one day, today unless another is asked for."""
    today = datetime.datetime.now(datetime.UTC).date()
    day = _day(call.query.get("day", "")) or today
    if day > today:
        raise invalid("Choose today or a day before.")
    one = datetime.timedelta(days=1)
    return call.page(
        "reconciliation.html",
        title="Reconciliation",
        section="reconciliation",
        result=call.application.reconciliation.of_day(call.merchant_id, day.isoformat()),
        today=today.isoformat(),
        before=(day - one).isoformat(),
        after=None if day == today else (day + one).isoformat(),
        most_payments=MOST_PAYMENTS,
    )


def _day(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text) if text else None
    except ValueError:
        raise invalid("Days must be like 2024-05-31.") from None
