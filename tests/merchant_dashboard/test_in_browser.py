"""The pages in a real browser: what people do, what axe finds, how narrow a screen may be.

Screenshots at 1280 and 390 pixels are left in ``build/screenshots``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from harness.dashboard import ONE_PERSON_UP_TO, new_merchant, person
from harness.testing.browser import SCREENSHOTS, find_browser, running_browser
from webhook_sender.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

    from harness.dashboard import Merchant, Site

DAY_MS = 86_400_000


@pytest.fixture(scope="session")
def browser(territory: str) -> Iterator[Browser]:  # noqa: ARG001 - ends with the folder
    with running_browser() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def shop(site: Site) -> Merchant:
    """A merchant with two weeks behind them."""
    merchant = new_merchant(site, "m_rivertown")
    merchant.clock.advance(-13 * DAY_MS)
    numbers, number = ("4242424242424242", "5555555555554444", "378282246310005"), 1000
    for place, card in enumerate(numbers):
        site.acquirer.cards.register(f"tok_card{place}", card, 12, 2040)
    for day in range(14):
        for n in range(3 + day * 5 % 4 + day // 4):
            number += 1
            amount = 1250 + (number * 7919) % 9000
            reference = f"order-{number}"
            if n == 2:
                merchant.authorize(
                    amount, reference=reference, token="tok_decline_insufficient_funds"
                )
                continue
            payment_id = merchant.authorize(
                amount, reference=reference, token=f"tok_card{number % 3}"
            )
            if n % 5 == 3:
                merchant.operate("void", payment_id, None)
            elif n % 5 != 4:
                merchant.operate("captures", payment_id, amount)
            if n == 1 and day % 2:
                merchant.operate("refunds", payment_id, amount // 2 if day % 4 == 1 else amount)
        merchant.clock.advance(DAY_MS)
    merchant.clock.advance(-DAY_MS)
    merchant.authorize(3900, currency="JPY", reference="order-kyoto")
    merchant.project()
    merchant.put_endpoint("https://shop.example/hooks/payments")
    for n in range(4):
        tries = (Outcome.TIMEOUT, Outcome.REJECTED, Outcome.DELIVERED)
        merchant.deliver(f"pay_{n:026d}", *tries[2 - n % 3 :])
    return merchant


@pytest.fixture
def people(browser: Browser, shop: Merchant) -> Iterator[People]:
    shop.site.functions.gateway = shop.gateway.application
    shop.site.functions.plans = [
        {
            "id": "plan01",
            "name": "payments-dev-payments-v1-m_rivertown",
            "throttle": {"rateLimit": 30.0, "burstLimit": 60},
            "quota": {"limit": 50_000, "period": "DAY", "offset": 0},
        }
    ]
    shop.site.functions.usage = [[900 + n * 311 % 700, 48_000 - n * 90] for n in range(14)]
    opened = People(browser, shop)
    yield opened
    opened.close()


class People:
    """Browser windows of the merchant's people; a refused script or style fails the test."""

    def __init__(self, browser: Browser, merchant: Merchant) -> None:
        self._browser = browser
        self.merchant = merchant
        self.complaints: list[str] = []
        self._contexts: list[BrowserContext] = []

    def page(
        self,
        session: str = "alice",
        *,
        width: int = 1280,
        dark: bool = False,
        path: str = "",
        script: bool = True,
    ) -> Page:
        """Open a window of a person."""
        headers = person(self.merchant.merchant_id, session)
        del headers["accept"]  # the browser says this itself
        context = self._browser.new_context(
            viewport={"width": width, "height": 860},
            color_scheme="dark" if dark else "light",
            extra_http_headers=headers,
            java_script_enabled=script,
        )
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        if path:
            page.goto(self.url(path))
        return page

    def url(self, path: str) -> str:
        """Give the address of a page."""
        return f"{self.merchant.site.process.url}/merchants/{self.merchant.merchant_id}/{path}"

    def close(self) -> None:
        """Close all windows."""
        for context in self._contexts:
            context.close()
        assert not self.complaints, self.complaints

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)


def _addresses(people: People) -> dict[str, str]:
    """Give one address for each kind of page, with something on it."""
    merchant = people.merchant
    merchant.site.functions.gateway = merchant.gateway.application
    payment_id = merchant.captured(ONE_PERSON_UP_TO + 4400, reference="order-tall-lamp")
    merchant.operate("refunds", payment_id, 1500)
    merchant.project()
    page = people.page(path=f"transactions/{payment_id}")
    page.get_by_label("Amount in EUR").fill("62.00")
    page.get_by_role("button", name="Go on to confirm").click()
    refund = page.url.partition(f"/{merchant.merchant_id}/")[2]
    return {
        "overview": "overview",
        "transactions": "transactions",
        "search": "transactions?q=order-10&state=captured",
        "transaction": f"transactions/{payment_id}",
        "refund": refund,
        "refunds": "refunds",
        "reconciliation": "reconciliation",
        "webhooks": "webhooks",
        "usage": "usage",
        "not-found": "transactions/pay_nothing",
    }


def test_every_page_passes_axe_and_fits_narrow_screens(people: People) -> None:
    """Both palettes and both layouts are checked, and all three views are kept to look at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    axe, found, addresses = Axe(), [], _addresses(people)
    for width, dark in ((1280, False), (390, True), (390, False)):
        page = people.page(width=width, dark=dark)
        for name, path in addresses.items():
            page.goto(people.url(path))
            view = f"{name}-{width}{'-dark' if dark else ''}"
            page.screenshot(path=SCREENSHOTS / f"{view}.png", full_page=True)
            overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if overflow > 0:
                found.append((view, f"scrolls {overflow} px sideways"))
            if dark or width == 1280:
                found += [(view, complaint) for complaint in _complaints(axe, page)]
    # The browser notes the status of a page that isn't there.
    people.complaints = [text for text in people.complaints if "404" not in text]
    assert not found, found


def _complaints(axe: Axe, page: Page) -> list[str]:
    """Say what axe finds serious or critical, and where."""
    return [
        f"{violation['id']} at {[node['target'] for node in violation['nodes'][:3]]}"
        for violation in axe.run(page).response["violations"]
        if violation["impact"] in ("serious", "critical")
    ]


def test_tables_stay_inside_their_panels(people: People) -> None:
    page = people.page()
    for path in _addresses(people).values():
        page.goto(people.url(path))
        for width in (1280, 1241, 1101, 961, 641, 390):
            page.set_viewport_size({"width": width, "height": 860})
            wider = page.evaluate(
                "[...document.querySelectorAll('.panel')]"
                ".filter(p => p.scrollWidth > p.clientWidth + 1).map(p => p.className)"
            )
            assert not wider, (path, width)
    people.complaints.clear()


def test_people_search_and_find(people: People) -> None:
    page = people.page(path="overview")
    page.get_by_role("link", name="All transactions").click()
    expect(page.get_by_role("heading", name="Transactions", exact=True)).to_be_visible()
    page.get_by_label("Payment id or reference").fill("order-101")
    page.get_by_label("State").select_option("captured")
    page.get_by_role("button", name="Search").click()
    rows = page.get_by_role("table", name="Transactions").get_by_role("row")
    texts = rows.all_inner_texts()[1:]
    assert texts
    assert all("order-101" in text and "Captured" in text for text in texts)
    assert page.get_by_label("Payment id or reference").input_value() == "order-101"
    with page.expect_download() as download:
        page.get_by_role("link", name="Export CSV").click()
    exported = Path(download.value.path()).read_text().splitlines()
    assert len(exported) == len(texts) + 1
    rows.nth(1).get_by_role("link").click()
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    expect(page.locator("#postings-sum")).to_contain_text("0.00 EUR")


def test_two_people_refund_and_the_totals_change(people: People) -> None:
    merchant = people.merchant
    payment_id = merchant.captured(ONE_PERSON_UP_TO + 3000, reference="order-two-people")
    alice = people.page("alice", path="overview")
    before = alice.locator("#today-refunded").inner_text()

    alice.goto(people.url(f"transactions/{payment_id}"))
    alice.get_by_label("Amount in EUR").fill("70.00")
    alice.get_by_role("button", name="Go on to confirm").click()
    expect(alice.get_by_text("Send someone of your team")).to_be_visible()
    expect(alice.get_by_role("button", name="Refund 70.00 EUR")).to_have_count(0)

    bob = people.page("bob", path="overview")
    bob.get_by_role("link", name="Refunds").click()
    bob.get_by_role("table", name="Refunds that wait").get_by_role("link", name=payment_id).click()
    expect(bob.get_by_text("You are the second person")).to_be_visible()
    # Twice, as an impatient person does.
    bob.get_by_role("button", name="Refund 70.00 EUR").dblclick()
    expect(bob.get_by_role("heading", name="Refund done")).to_be_visible()
    merchant.project()

    alice.goto(people.url("overview"))
    after = alice.locator("#today-refunded").inner_text()
    assert _amount(after) - _amount(before) == pytest.approx(70)
    alice.goto(people.url(f"transactions/{payment_id}"))
    expect(alice.locator("#refunded")).to_have_text("70.00 EUR")
    booked = [c for c in merchant.site.acquirer.charges() if c.payment_id == payment_id]
    assert [(c.type, c.amount) for c in booked if c.type == "refund"] == [("refund", 7000)]


def _amount(text: str) -> float:
    return float(text.split()[0].replace(",", ""))


def test_the_keyboard_reaches_everything_and_shows_where_it_is(people: People) -> None:
    page = people.page(path="transactions")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Payment id or reference")).to_be_focused()
    page.keyboard.type("order-1001")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=order-1001**")
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        focus = page.evaluate(
            "(() => { const e = document.activeElement; const s = getComputedStyle(e);"
            " return [e.tagName, e.name || e.innerText, parseFloat(s.outlineWidth)]; })()"
        )
        if focus[0] == "BODY":
            break
        assert focus[2] >= 2, f"no focus is seen at {focus}"
        reached.add(focus[1])
    assert {"Overview", "Usage", "state", "Search", "Export CSV", "order-1001"} <= reached


def test_pages_work_without_the_script(people: People) -> None:
    merchant = people.merchant
    payment_id = merchant.captured(2000, reference="order-no-script")
    page = people.page(path=f"transactions/{payment_id}", script=False)
    page.get_by_label("Amount in EUR").fill("5.00")
    page.get_by_role("button", name="Go on to confirm").click()
    page.get_by_role("button", name="Refund 5.00 EUR").click()
    expect(page.get_by_role("heading", name="Refund done")).to_be_visible()


def test_without_a_browser_the_tests_say_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYWRIGHT_CHROMIUM", "/nowhere/chromium")
    with pytest.raises(pytest.fail.Exception, match="apt-get install -y chromium"):
        find_browser()
