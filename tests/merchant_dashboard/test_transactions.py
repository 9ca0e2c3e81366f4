"""Search, pages without gaps or repeats, and the CSV file."""

from __future__ import annotations

import csv
import datetime
import io
import re
from html import unescape
from typing import TYPE_CHECKING

import pytest

from harness.dashboard import new_merchant
from merchant_dashboard import amounts, transactions
from merchant_dashboard.errors import PageError
from merchant_dashboard.pages.transactions import COLUMNS, lines

if TYPE_CHECKING:
    import httpx

    from harness.dashboard import Merchant, Site

DAY_MS = 86_400_000
_LINK = re.compile(r'href="(transactions/pay_[a-z2-7]{26})">([^<]*)<')


@pytest.fixture(scope="module")
def shop(site: Site) -> Merchant:
    """A merchant with 130 payments over three days, in two currencies and two brands."""
    merchant = new_merchant(site)
    merchant.clock.advance(-2 * DAY_MS)
    for n in range(130):
        if n in (40, 90):
            merchant.clock.advance(DAY_MS)
        yen = n % 10 == 0
        payment_id = merchant.authorize(
            1000 + n,
            currency="JPY" if yen else "EUR",
            reference=f"Order-{n:03d}" if n % 2 else f"basket-{n:03d}",
            brand="visa" if n % 3 else "amex",
            token="tok_decline_do_not_honor" if n % 13 == 5 else "tok_approve",
        )
        if n % 13 == 7:
            merchant.operate("captures", payment_id, 1000 + n, "JPY" if yen else "EUR")
    merchant.project()
    return merchant


def _references(page: httpx.Response) -> list[str]:
    assert page.status_code == 200, page.text
    return [reference for _, reference in _LINK.findall(page.text)]


def _all(browser: httpx.Client, query: str) -> list[str]:
    """Follow the links from page to page."""
    found: list[str] = []
    path = f"transactions?{query}"
    for _ in range(10):
        page = browser.get(path)
        found += _references(page)
        link = re.search(r'rel="next" href="([^"]+)"', page.text)
        if link is None:
            return found
        path = unescape(link[1])
    raise AssertionError("the list doesn't end")


NAMES = [f"Order-{n:03d}" if n % 2 else f"basket-{n:03d}" for n in range(130)]
SEARCHES = {
    "": NAMES[::-1],
    "q=order-": sorted((name for name in NAMES if name[0] == "O"), reverse=True),
    "q=ORDER-01": [f"Order-{n:03d}" for n in (19, 17, 15, 13, 11)],
    "q=basket-000": ["basket-000"],
    "q=nothing": [],
    "state=failed": [NAMES[n] for n in reversed(range(130)) if n % 13 == 5],
    "state=captured&brand=amex": [
        NAMES[n] for n in reversed(range(130)) if n % 13 == 7 and n % 3 == 0
    ],
    "brand=visa": [NAMES[n] for n in reversed(range(130)) if n % 3],
    "amount_from=10.05&amount_to=10.05": [NAMES[5]],
    "amount_from=1000&amount_to=1020": ["basket-020", "basket-010", "basket-000"],
    "amount_to=10.03": [NAMES[n] for n in (3, 2, 1)],
    "amount_from=11.27&currency=EUR": [NAMES[n] for n in (129, 128, 127)],
    "currency=JPY": [NAMES[n] for n in reversed(range(0, 130, 10))],
    "q=order-0&amount_from=10.90": [f"Order-{n:03d}" for n in (99, 97, 95, 93, 91)],
}


@pytest.mark.parametrize("query", SEARCHES)
def test_a_search_finds_what_fits_once_and_in_order(shop: Merchant, query: str) -> None:
    with shop.browser() as browser:
        assert _all(browser, query) == SEARCHES[query]


@pytest.mark.parametrize(
    ("first", "last", "numbers"), [(0, 0, (90, 130)), (-2, -1, (0, 90)), (-1, 0, (40, 130))]
)
def test_days_bound_the_list(
    shop: Merchant, first: int, last: int, numbers: tuple[int, int]
) -> None:
    today = datetime.datetime.now(datetime.UTC).date()
    days = [(today + datetime.timedelta(days=n)).isoformat() for n in (first, last)]
    with shop.browser() as browser:
        found = _all(browser, f"day_from={days[0]}&day_to={days[1]}")
        assert found == NAMES[slice(*numbers)][::-1]
        captured = _all(browser, f"day_from={days[0]}&day_to={days[1]}&state=captured")
        assert captured == [NAMES[n] for n in reversed(range(*numbers)) if n % 13 == 7]


def test_a_whole_payment_id_leads_to_the_payment(shop: Merchant) -> None:
    with shop.browser() as browser:
        link = _LINK.search(browser.get("transactions").text)
        assert link is not None
        payment_id = link[1].partition("/")[2]
        page = browser.get(f"transactions?q={payment_id}", follow_redirects=True)
        assert (page.status_code, link[2] in page.text) == (200, True)


def test_payments_made_while_paging_neither_repeat_nor_hide_others(site: Site) -> None:
    merchant = new_merchant(site)
    for n in range(60):
        merchant.authorize(100 + n, reference=f"before-{n}")
    merchant.project()
    with merchant.browser() as browser:
        first = browser.get("transactions")
        for n in range(5):
            merchant.authorize(100 + n, reference=f"meanwhile-{n}")
        merchant.project()
        link = re.search(r'rel="next" href="([^"]+)"', first.text)
        assert link is not None
        second = browser.get(unescape(link[1]))
        found = _references(first) + _references(second)
    assert found == [f"before-{n}" for n in reversed(range(60))]


def test_a_search_that_reads_far_stops_and_goes_on_where_it_stopped(
    shop: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "MOST_READ", 40)
    reader = transactions.Transactions(shop.site.client, shop.site.read_model)
    search = transactions.Search(state="captured", brand="amex", reference="")
    far = transactions.Search(brand="amex", currency="JPY")
    expected = [NAMES[n] for n in reversed(range(0, 130, 10)) if n % 3 == 0]
    for wanted, names in ((far, expected), (search, SEARCHES["state=captured&brand=amex"])):
        found, position, stops = [], None, 0
        for _ in range(10):
            page = reader.page(shop.merchant_id, wanted, limit=50, after=position)
            found += [row["reference"] for row in page.rows]
            position, stops = page.position, stops + page.stopped_early
            if position is None:
                break
        assert (found, position) == (names, None)
        assert stops == (3 if wanted is far else 0)


@pytest.mark.parametrize(
    "query",
    [
        "state=lost",
        "currency=EURO",
        "currency=XXX",
        "amount_from=ten",
        "amount_from=-1",
        "amount_from=1e5",
        "amount_from=20&amount_to=10",
        "day_from=yesterday",
        "day_from=20240531",
        "day_to=2024-02-31",
        "day_from=2024-05-02&day_to=2024-05-01",
        "cursor=abc",
        "q=" + "x" * 65,
        "q=a&q=b",
        "&".join(f"f{n}=1" for n in range(30)),
        "q=%FF",
    ],
)
def test_a_bad_search_is_told_and_not_repeated(shop: Merchant, query: str) -> None:
    with shop.browser() as browser:
        answer = browser.get(f"transactions?{query}")
    assert answer.status_code == 400
    assert "invalid_" in answer.text


def test_the_csv_file_holds_what_the_list_does(shop: Merchant) -> None:
    with shop.browser() as browser:
        answer = browser.get("exports/transactions?state=captured")
        references = _all(browser, "state=captured")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(
        r'attachment; filename="transactions-[\d-]{10}-[\d-]{10}.csv"',
        answer.headers["content-disposition"],
    )
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["reference"] for row in rows] == references
    assert tuple(rows[0]) == COLUMNS
    by_reference = {row["reference"]: row for row in rows}
    euros = by_reference["Order-007"]
    assert (euros["currency"], euros["captured"], euros["refunded"]) == ("EUR", "10.07", "0.00")
    yen = by_reference["basket-020"]
    assert (yen["currency"], yen["captured"]) == ("JPY", "1020")


def test_an_export_that_would_be_too_long_is_refused_beforehand(site: Site, shop: Merchant) -> None:
    site.client.update_item(
        TableName=site.read_model,
        Key={
            "pk": {"S": f"MERCHANT#{shop.merchant_id}#TOTALS"},
            "sk": {"S": "2024-02-29#EUR"},
        },
        UpdateExpression="SET created_count = :n",
        ExpressionAttributeValues={":n": {"N": "301"}},
    )
    with shop.browser() as browser:
        refused = browser.get("exports/transactions?day_from=2024-02-01&day_to=2024-02-29")
        years = browser.get("exports/transactions?day_from=2020-01-01&day_to=2024-02-29")
        assert browser.get("exports/transactions").status_code == 200
    assert refused.status_code == years.status_code == 400
    assert "301 payments, and a file holds 300" in refused.text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"])  # noqa: RUF001 - as attackers write
def test_a_formula_stays_a_text(text: str) -> None:
    row = {
        "created_at": 0,
        "updated_at": 0,
        "currency": "EUR",
        "authorized": 1,
        "captured": 0,
        "refunded": 0,
        "reference": text,
    }
    (line,) = list(csv.DictReader(io.StringIO("".join(lines([row])))))
    assert line["reference"] == f"'{text}"


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (123456, "EUR", "1,234.56"),
        (5, "EUR", "0.05"),
        (-5, "EUR", "\N{MINUS SIGN}0.05"),
        (1234, "JPY", "1,234"),
        (1234567, "KWD", "1,234.567"),
        (0, "JPY", "0"),
        (12345, "CLF", "1.2345"),
    ],
)
def test_amounts_have_their_currencys_decimals(minor: int, currency: str, text: str) -> None:
    assert amounts.shown(minor, currency) == text
    if minor > 0:
        assert amounts.parse(amounts.plain(minor, currency), currency) == minor


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("1.234", "EUR"),
        ("1.0", "JPY"),
        ("0", "EUR"),
        ("-1", "EUR"),
        ("1,5", "EUR"),
        ("", "EUR"),
        ("1e2", "EUR"),
        ("99999999999", "EUR"),
        ("٣", "EUR"),
        (".5", "EUR"),
        ("1.", "EUR"),
    ],
)
def test_an_amount_that_isnt_one_is_refused(text: str, currency: str) -> None:
    with pytest.raises(PageError):
        amounts.parse(text, currency)
