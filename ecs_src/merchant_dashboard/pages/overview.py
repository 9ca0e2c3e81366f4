"""Today's totals, the last fourteen days, the latest payments, refunds that wait."""

from __future__ import annotations

import datetime
from collections import Counter
from typing import TYPE_CHECKING

from merchant_dashboard import charts
from merchant_dashboard.refund_store import RefundState
from merchant_dashboard.totals import COUNTED, DayTotals, days_until
from merchant_dashboard.transactions import Search
from merchant_dashboard.words import SERIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from starlette.responses import Response

    from merchant_dashboard.web import Call

DAYS = 14
_LATEST = 8
_WAITING = 20


def show(call: Call) -> Response:
    """Show the overview, in one currency at a time."""
    application, merchant_id = call.application, call.merchant_id
    days = days_until(datetime.datetime.now(datetime.UTC).date(), DAYS)
    totals = application.totals.between(merchant_id, days[0], days[-1])
    currencies = _by_use(totals)
    asked = call.query.get("currency", "")
    currency = asked if asked in currencies else (currencies or ["EUR"])[0]
    by_day = {total.day: total for total in totals if total.currency == currency}
    series = [by_day.get(day) or DayTotals(day, currency, {}) for day in days]
    today, yesterday = series[-1], series[-2]
    latest = application.transactions.page(merchant_id, Search(), limit=_LATEST, after=None)
    waiting = application.refund_store.latest(merchant_id, RefundState.ASKED, limit=_WAITING)
    states = {name: [day.in_states(of) for day in series] for name, of in SERIES.items()}
    return call.page(
        "overview.html",
        title="Overview",
        section="overview",
        today=today,
        yesterday=yesterday,
        counted=COUNTED,
        currency=currency,
        currencies=currencies,
        days=days,
        amounts_chart=charts.side_by_side(
            days, {name: [day.amount(name) for day in series] for name in ("captured", "refunded")}
        ),
        states_chart=charts.stacked(days, states),
        state_sums={name: sum(values) for name, values in states.items()},
        rows=latest.rows,
        waiting=waiting,
        now=days[-1],
    )


def _by_use(totals: Iterable[DayTotals]) -> Sequence[str]:
    """Order the currencies by the payments made in them."""
    used = Counter[str]()
    for total in totals:
        used[total.currency] += total.count("created")
    return [currency for currency, _ in sorted(used.items(), key=lambda item: (-item[1], item[0]))]
