"""The merchant's dashboard, opened page by page through its API, and what it says of the day."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from harness.demo.books import minor_units
from harness.demo.patience import patiently

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harness.client import SignedClient

_PAGES = ("overview", "transactions", "refunds", "reconciliation", "webhooks", "usage")


class DashboardError(Exception):
    """A page can't be used; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What a person saw: the exported payments, and by currency what was captured and refunded."""

    pages: int
    exported: str
    totals: Mapping[str, tuple[int, int]]


async def visit(client: SignedClient, currencies: Iterable[str], payment_id: str) -> Visit:
    """Open every page, one payment's, each currency's totals, and export the payments.

    Raises:
        DashboardError: when a page isn't answered, or its totals can't be found.
    """
    pages = [*_PAGES, f"transactions/{payment_id}"]
    for name in pages:
        await _open(client, name)
    totals = {}
    for currency in sorted(currencies):
        page = await _open(client, "overview", {"currency": currency})
        totals[currency] = (total(page, "captured", currency), total(page, "refunded", currency))
    exported = await _open(client, "exports/transactions")
    return Visit(len(pages) + len(totals) + 1, exported, totals)


async def _open(client: SignedClient, name: str, query: Mapping[str, str] | None = None) -> str:
    response = await patiently(partial(client.request, "GET", f"/{name}", query=query))
    if not response.is_success:
        raise DashboardError(
            f"the dashboard's page {name} answered {response.status_code}: {response.text[:500]}"
        )
    return response.text


def total(page: str, name: str, currency: str) -> int:
    """Read a total of the overview in minor units: today and yesterday, for runs over midnight.

    Raises:
        DashboardError: there is no such total.
    """
    tile = re.search(
        rf'id="today-{name}">([\d.,]+) <small>{currency}<.*?yesterday ([\d.,]+)<', page, re.DOTALL
    )
    if tile is None:
        raise DashboardError(f"the dashboard's overview has no total {name} in {currency}")
    return sum(minor_units(amount, currency) for amount in tile.groups())
