"""The list of payments: search, filter, pages, and the same as a CSV file."""

from __future__ import annotations

import csv
import datetime
import io
from typing import TYPE_CHECKING, Any

from starlette.responses import StreamingResponse

from merchant_dashboard import amounts
from merchant_dashboard.errors import invalid
from merchant_dashboard.payments import PAYMENT_ID
from merchant_dashboard.totals import days_until
from merchant_dashboard.transactions import Search
from payment_core.currencies import EXPONENTS
from payment_core.states import State
from transaction_gateway.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from starlette.responses import Response

    from merchant_dashboard.web import Call

LIMIT = 50
BRANDS = ("visa", "mastercard", "amex", "diners", "discover", "jcb", "maestro", "unionpay")
FIELDS = ("q", "state", "brand", "amount_from", "amount_to", "currency", "day_from", "day_to")
COLUMNS = (
    "created_at",
    "payment_id",
    "reference",
    "state",
    "currency",
    "authorized",
    "captured",
    "refunded",
    "brand",
    "last4",
    "decline_code",
    "updated_at",
)
_LONGEST = 64
_EXPORT_DAYS = 31
_LINES_AT_ONCE = 200
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}")


def show(call: Call) -> Response:
    """Show a page of the list; a whole payment id leads to its payment."""
    entered = {name: call.query.get(name, "") for name in FIELDS}
    if PAYMENT_ID.fullmatch(entered["q"]):
        return call.redirect("transactions", entered["q"])
    search = read_search(entered)
    scope = f"{call.merchant_id} {search!r}"
    after = None
    if cursor := call.query.get("cursor"):
        after = call.application.tokens.position(cursor, scope=scope)
    page = call.application.transactions.page(call.merchant_id, search, limit=LIMIT, after=after)
    return call.page(
        "transactions.html",
        title="Transactions",
        section="transactions",
        entered=entered,
        filtered=any(entered.values()),
        states=list(State),
        brands=BRANDS,
        currencies=sorted(EXPONENTS),
        rows=page.rows,
        stopped_early=page.stopped_early,
        is_first=after is None,
        next_cursor=(
            None
            if page.position is None
            else call.application.tokens.cursor(page.position, scope=scope)
        ),
    )


def export(call: Call) -> Response:
    """Stream the list as CSV; refused beforehand when it would be too long, never cut short."""
    entered = {name: call.query.get(name, "") for name in FIELDS}
    today = datetime.datetime.now(datetime.UTC).date()
    entered["day_to"] = entered["day_to"] or today.isoformat()
    last = _date(entered["day_to"])
    entered["day_from"] = entered["day_from"] or days_until(last, _EXPORT_DAYS)[0]
    search = read_search(entered)
    if (last - _date(search.day_from)).days >= 366:
        raise invalid("Export at most a year at once: choose a shorter range of days.")
    totals = call.application.totals.between(call.merchant_id, search.day_from, search.day_to)
    most = call.application.settings.export_max_rows
    if (created := sum(total.count("created") for total in totals)) > most:
        raise invalid(
            f"These days have {created:,} payments, and a file holds {most:,}: choose fewer days."
        )
    rows = call.application.transactions.all(call.merchant_id, search)
    name = f"transactions-{search.day_from}-{search.day_to}.csv"
    return StreamingResponse(
        lines(rows),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Write rows as CSV, some at a time."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for number, row in enumerate(rows, start=1):
        writer.writerow([_cell(value) for value in _values(row)])
        if number % _LINES_AT_ONCE == 0:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def _values(row: Mapping[str, Any]) -> Iterator[str]:
    for column in COLUMNS:
        value = row.get(column)
        if column in ("created_at", "updated_at"):
            yield rfc3339(row[column])
        elif column in ("authorized", "captured", "refunded"):
            yield amounts.plain(row[column], row["currency"])
        else:
            yield "" if value is None else str(value)


def _cell(value: str) -> str:
    """Keep a spreadsheet from running a text as a formula."""
    return f"'{value}" if value.startswith(_FORMULA) else value


def read_search(entered: Mapping[str, str]) -> Search:
    """Read the filter. Raises ``PageError`` (400)."""
    if len(entered["q"]) > _LONGEST:
        raise invalid(f"Search for at most {_LONGEST} characters.")
    if entered["state"] not in ("", *State):
        raise invalid("Choose a state from the list.")
    if entered["currency"] not in ("", *EXPONENTS):
        raise invalid("Choose a currency from the list.")
    low, high = (
        amounts.scaled(entered[name]) if entered[name] else None
        for name in ("amount_from", "amount_to")
    )
    if low is not None and high is not None and low > high:
        raise invalid("The lowest amount must not be more than the highest.")
    for name in ("day_from", "day_to"):
        if entered[name]:
            _date(entered[name])
    if entered["day_from"] and entered["day_to"] and entered["day_from"] > entered["day_to"]:
        raise invalid("The first day must not be after the last.")
    return Search(
        reference=entered["q"],
        amount_from=low,
        amount_to=high,
        currency=entered["currency"],
        state=entered["state"],
        brand=entered["brand"][:_LONGEST].lower(),
        day_from=entered["day_from"],
        day_to=entered["day_to"],
    )


def _date(text: str) -> datetime.date:
    try:
        if len(text) != len("2024-05-31"):
            raise ValueError
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise invalid("Days must be like 2024-05-31.") from None
