"""What the pages show, how they are sent, and how they link to each other."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import pytest

from harness.dashboard import DashboardProcess, person
from merchant_dashboard.front import SECURE_HEADERS
from webhook_sender.outcomes import Outcome

if TYPE_CHECKING:
    import httpx

    from harness.dashboard import Merchant

TRACE = "1-5759e988-bd862e3fe1be46a994272793"
PAGES = (
    "overview",
    "transactions",
    "refunds",
    "reconciliation",
    "webhooks",
    "usage",
    "transactions/pay_nothing",
)


def _text(page: httpx.Response) -> str:
    """The page as a person reads it."""
    assert page.status_code == 200, page.text
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page.text)))


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_sent_securely(merchant: Merchant, path: str) -> None:
    with merchant.browser() as browser:
        page = browser.get(path)
    for name, value in SECURE_HEADERS.items():
        assert page.headers[name] == value
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "server" not in page.headers
    for forbidden in (" style=", "<style", " onclick", " onsubmit", "javascript:", "http://"):
        assert forbidden not in page.text
    assert re.search(r"<script(?! src=)", page.text) is None


def test_pages_say_when_their_version_ends(merchant: Merchant) -> None:
    ending = {"x-api-deprecated-on": "2027-01-31T00:00:00Z"}
    with merchant.browser(**ending) as browser, merchant.browser() as lasting:
        assert browser.get("overview").headers["deprecation"] == "@1801353600"
        assert "deprecation" not in lasting.get("overview").headers


def test_assets_have_the_name_of_their_content_and_stay(merchant: Merchant) -> None:
    with merchant.browser() as browser:
        page = browser.get("overview")
        links = re.findall(r'(?:href|src)="(assets/[^"]+)"', page.text)
        assert {link.rpartition(".")[2] for link in links} == {"css", "js", "svg"}
        for link in set(links):
            assert re.fullmatch(r"assets/\w+\.[0-9a-f]{12}\.\w+", link)
            asset = browser.get(link)
            assert asset.status_code == 200
            assert "immutable" in asset.headers["cache-control"]
        assert browser.get("assets/dashboard.css").status_code == 404
        assert browser.get("assets/..%2Fsettings.py").status_code == 404


def test_links_lead_on_under_any_prefix(merchant: Merchant) -> None:
    """Every link of every page is relative, and leads to a page of the merchant."""
    payment_id = merchant.captured(1000)
    seen, todo = set(), ["overview", f"transactions/{payment_id}"]
    with merchant.browser() as browser:
        while todo:
            path = todo.pop()
            if path in seen:
                continue
            seen.add(path)
            page = browser.get(path)
            assert page.status_code == 200, path
            for link in re.findall(r'(?:href|src|action)="([^"#][^"]*)"', page.text):
                assert not link.startswith(("/", "http")), link
                there = urljoin(
                    f"https://edge/live/x/merchants/{merchant.merchant_id}/{path}", unescape(link)
                )
                inside = there.removeprefix(
                    f"https://edge/live/x/merchants/{merchant.merchant_id}/"
                )
                assert inside != there, f"{link} on {path} leaves the merchant"
                if "assets/" not in inside and not inside.endswith("/refunds"):
                    todo.append(inside.partition("?")[0])
    assert {"overview", "usage", f"transactions/{payment_id}", "exports/transactions"} <= seen


def test_today_shows_what_happened_today(merchant: Merchant) -> None:
    first = merchant.captured(123_456)
    merchant.operate("refunds", first, 456)
    merchant.authorize(5000)
    merchant.authorize(777, token="tok_decline_expired_card")
    merchant.authorize(999, currency="JPY")
    merchant.project()
    with merchant.browser() as browser:
        text = _text(browser.get("overview"))
        yen = _text(browser.get("overview?currency=JPY"))
    assert "Authorized 1,284.56 EUR 2 payments" in text
    assert "Captured 1,234.56 EUR 1 capture ·" in text
    assert "Refunded 4.56 EUR 1 refund ·" in text
    assert "Declined 7.77 EUR 1 payment ·" in text
    assert "Authorized 999 JPY" in yen


def test_charts_hold_their_figures_in_a_table(merchant: Merchant) -> None:
    for _ in range(3):
        merchant.captured(1000)
    merchant.authorize(777, token="tok_decline_expired_card")
    merchant.project()
    with merchant.browser() as browser:
        page = browser.get("overview").text
    tables = re.findall(r"<details.*?</details>", page, re.DOTALL)
    assert len(tables) == 2
    cells = [re.findall(r"<td[^>]*>([^<]*)</td>", table) for table in tables]
    assert (len(cells[0]), cells[0][-2:]) == (28, ["30.00", "0.00"])
    assert (len(cells[1]), cells[1][-6:]) == (84, ["3", "0", "0", "0", "1", "0"])
    assert page.count("<rect") == 1 + 2


def test_a_merchant_without_payments_sees_empty_pages(merchant: Merchant) -> None:
    with merchant.browser() as browser:
        assert "No transactions." in _text(browser.get("overview"))
        assert "No money moved on this day." in _text(browser.get("reconciliation"))
        assert browser.get("exports/transactions").text.count("\n") == 1


def test_a_transaction_shows_its_life_and_a_ledger_that_sums_to_zero(merchant: Merchant) -> None:
    payment_id = merchant.authorize(3000, reference="order-9", brand="mastercard")
    merchant.operate("captures", payment_id, 1000)
    merchant.operate("captures", payment_id, 2000)
    merchant.operate("refunds", payment_id, 400)
    with merchant.browser() as browser:
        page = browser.get(f"transactions/{payment_id}")
    text = _text(page)
    steps = ["Authorize succeeded", "Capture succeeded", "Capture succeeded", "Refund succeeded"]
    places = [text.index(step) for step in dict.fromkeys(steps)]
    assert places == sorted(places)
    for posted in ("10.00", "\N{MINUS SIGN}10.00", "\N{MINUS SIGN}4.00", "4.00"):
        assert f"{posted} EUR" in text
    assert re.search(r'id="postings-sum"><span class="nowrap">0\.00', page.text)
    assert "Mastercard" in text
    assert "Left to refund 26.00 EUR" in text
    assert "tok_" not in page.text


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("tok_decline_insufficient_funds", "Declined: insufficient funds"),
        ("tok_timeout_never", "The acquirer's answer isn't known yet."),
    ],
)
def test_a_transaction_says_how_it_ended_badly(merchant: Merchant, token: str, words: str) -> None:
    payment_id = merchant.authorize(3000, token=token)
    with merchant.browser() as browser:
        text = _text(browser.get(f"transactions/{payment_id}"))
    assert words in text
    assert "no money moved yet" in text


def test_reconciliation_agrees_and_names_what_differs(merchant: Merchant) -> None:
    payment_id = merchant.captured(1000)
    other = merchant.captured(2500)
    merchant.operate("refunds", payment_id, 300)
    with merchant.browser() as browser:
        # The refund is in the ledger and not yet in the totals.
        page = _text(browser.get("reconciliation"))
        assert "The books differ" in page
        assert "Refunded 0.00 3.00 \N{MINUS SIGN}3.00" in page
        assert payment_id in page.partition("Payments that differ")[2]
        assert other not in page
        merchant.project()
        page = _text(browser.get("reconciliation"))
        assert "The books agree to the minor unit" in page
        assert "Captured 35.00 35.00 0.00" in page
        assert "postings sum to 0.00" in page
        for bad in ("2999-01-01", "soon"):
            assert browser.get(f"reconciliation?day={bad}").status_code == 400


def test_reconciliation_tells_totals_that_drifted(merchant: Merchant) -> None:
    merchant.captured(1000)
    pk = {"S": f"MERCHANT#{merchant.merchant_id}#TOTALS"}
    site = merchant.site
    (totals,) = site.client.query(
        TableName=site.read_model,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": pk},
    )["Items"]
    site.client.update_item(
        TableName=site.read_model,
        Key={"pk": pk, "sk": totals["sk"]},
        UpdateExpression="ADD captured_amount :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )
    with merchant.browser() as browser:
        page = _text(browser.get("reconciliation"))
    assert "The books differ" in page
    assert "Captured 10.01 10.00 0.01" in page


PLAN = {
    "id": "plan01",
    "name": "payments-v1",
    "throttle": {"rateLimit": 12.5, "burstLimit": 40},
    "quota": {"limit": 50_000, "period": "DAY"},
}


def test_usage_is_shown_against_the_plan(merchant: Merchant) -> None:
    functions = merchant.site.functions
    functions.plans, functions.usage = [PLAN], [[100 + n, 40_000] for n in range(14)]
    with merchant.browser() as browser:
        text = _text(browser.get("usage"))
        assert "Rate 12.5 a second" in text
        assert "Burst 40 requests" in text
        assert "Quota 50,000 a day" in text
        assert "Today 113 requests" in text
        assert "10,000 of 50,000 used today, 40,000 left" in text
        functions.usage = None
        assert "can't be read at the moment" in _text(browser.get("usage"))
        functions.plans = []
        assert "in no usage plan" in _text(browser.get("usage"))


def test_webhook_attempts_are_listed_newest_first_and_page_by_page(
    merchant: Merchant, other: Merchant
) -> None:
    merchant.put_endpoint("https://shop.example/hooks?key=secret", status="enabled")
    payments = [f"pay_{n:026d}" for n in range(30)]
    for payment_id in payments:
        merchant.clock.advance(1000)
        merchant.deliver(payment_id, Outcome.REJECTED, Outcome.DELIVERED)
    other.deliver("pay_" + "z" * 26, Outcome.TIMEOUT)
    with merchant.browser() as browser:
        first = browser.get("webhooks")
        link = re.search(r'rel="next" href="([^"]+)"', first.text)
        assert link is not None
        second = browser.get(unescape(link[1]))
    assert "https://shop.example/hooks On" in _text(first).replace(" State", "")
    assert "secret" not in first.text
    events = [re.findall(r"evt_(\d+)<", page.text) for page in (first, second)]
    assert [len(page) for page in events] == [50, 10]
    newest = [n for n in reversed(range(30)) for _ in range(2)]
    assert [int(event) for page in events for event in page] == newest
    assert "Delivered 200" in _text(first)
    assert "Rejected 500" in _text(first)
    assert "evt_zzz" not in first.text + second.text


def test_what_merchants_wrote_is_escaped(merchant: Merchant) -> None:
    merchant.put_endpoint("https://shop.example/<script>alert(1)</script>")
    with merchant.browser() as browser:
        page = browser.get("webhooks").text
        assert "&lt;script&gt;" in page
        assert "<script>" not in page
        search = browser.get("transactions", params={"q": '"><img src=x>'}).text
        assert "<img src=x" not in search


def test_programs_get_problem_documents(merchant: Merchant) -> None:
    with merchant.browser(accept="application/json") as program:
        answer = program.get("transactions/pay_nothing")
    problem: dict[str, Any] = json.loads(answer.text)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (problem["status"], problem["code"]) == (404, "not_found")
    assert problem["request_id"] == answer.headers["x-request-id"]


def test_one_line_a_request_with_metrics_and_without_what_was_sent(merchant: Merchant) -> None:
    process = merchant.site.process
    before = len(process.lines)
    with merchant.browser() as browser:
        sent = browser.headers["x-request-id"]
        traced = {"x-amzn-trace-id": f"Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1"}
        browser.get("transactions?q=confidential", headers=traced)
        browser.get("nothing/here/confidential")
    first, second = process.said(2, before, message="request")
    assert first["request_id"] == sent
    assert (first["trace_id"], "trace_id" in second) == (TRACE, False)
    assert first["merchant_id"] == merchant.merchant_id
    assert first["route"] == "/merchants/{merchant_id}/transactions"
    assert (first["status"], second["status"], second["code"]) == (200, 404, "not_found")
    names = {metric["Name"] for metric in first["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert names == {"Requests", "PageMs", "AwsMs", "AwsCalls", "Faults", "Refusals"}
    assert first["AwsCalls"] >= 1
    assert first["PageMs"] > first["AwsMs"] > 0
    assert "confidential" not in json.dumps(process.lines[before:])


def test_a_fault_is_a_page_that_says_nothing_of_its_cause(merchant: Merchant) -> None:
    with merchant.browser() as browser:
        browser.get("overview")
        broken = {**merchant.site.environment, "DASHBOARD_TABLE": "nowhere"}
        with DashboardProcess(broken) as process:
            with process.client(person(merchant.merchant_id)) as elsewhere:
                page = elsewhere.get(f"/merchants/{merchant.merchant_id}/overview")
            assert page.status_code == 500
            assert "nowhere" not in page.text
            assert "internal_error" in page.text
            (logged,) = process.said(1, level="ERROR")
            assert logged["aws_code"] == "ResourceNotFoundException"


def test_a_base_path_is_taken_off(merchant: Merchant) -> None:
    with (
        DashboardProcess({**merchant.site.environment, "BASE_PATH": "/live/v1"}) as process,
        process.client(person(merchant.merchant_id)) as browser,
    ):
        for prefix in ("/live/v1", ""):
            page = browser.get(f"{prefix}/merchants/{merchant.merchant_id}/overview")
            assert page.status_code == 200
        assert browser.get(f"/live/merchants/{merchant.merchant_id}/overview").status_code == 404
