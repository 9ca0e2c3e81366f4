"""What the demo reads of the dashboard, and how an answer is held against the file."""

from __future__ import annotations

import pytest

from harness.demo import books, dashboard_pages
from harness.demo.dashboard_pages import DashboardError
from harness.demo.merchant_day import Row
from harness.demo.play import Answer
from harness.demo.reconciliation import Position

TILE = (
    '<dd class="figure" id="today-captured">1,234.50 <small>EUR</small></dd>\n'
    '<dd class="small muted">3 captures · yesterday 65.50</dd>'
)


def test_a_total_is_that_of_today_and_yesterday() -> None:
    assert dashboard_pages.total(TILE, "captured", "EUR") == 130_000


@pytest.mark.parametrize(("name", "currency"), [("refunded", "EUR"), ("captured", "JPY")])
def test_a_total_that_is_missing_is_said(name: str, currency: str) -> None:
    with pytest.raises(DashboardError, match=f"no total {name} in {currency}"):
        dashboard_pages.total(TILE, name, currency)


def test_the_export_is_read_with_each_currencys_decimals() -> None:
    exported = (
        "payment_id,currency,captured,refunded\r\n"
        "pay_1,EUR,12.50,0.50\r\npay_2,JPY,1250,0\r\npay_3,KWD,1.250,0.001\r\n"
    )
    assert books.positions_of_dashboard(exported) == {
        "pay_1": Position("EUR", 1250, 50),
        "pay_2": Position("JPY", 1250, 0),
        "pay_3": Position("KWD", 1250, 1),
    }


@pytest.mark.parametrize(
    ("expect", "decline_code", "surprising"),
    [
        ("suspected_fraud", "suspected_fraud", False),
        ("suspected_fraud", "do_not_honor", True),
        ("payment_declined", "do_not_honor", False),
        ("authorized", "suspected_fraud", True),
        ("", "suspected_fraud", False),
    ],
)
def test_a_decline_is_expected_by_its_code_or_as_such(
    expect: str, decline_code: str, surprising: bool
) -> None:
    row = Row(2, "09:00:00", "authorize", "P1", 1250, "EUR", "visa_01", "k1", expect)
    body = {"code": "payment_declined", "decline_code": decline_code}
    assert Answer(row, 402, body, replayed=False, attempts=1).surprising is surprising
