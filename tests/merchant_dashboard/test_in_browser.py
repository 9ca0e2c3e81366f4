"""The pages in a real browser: what people do, what axe finds, how narrow a screen may be.

Screenshots at 1280 and 390 pixels are left in ``build/screenshots``.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from harness.dashboard import ONE_PERSON_UP_TO, new_merchant, person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

    from harness.dashboard import Merchant, Site

SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
NAMES = ("chromium", "chromium-browser", "google-chrome")
DAY_MS = 86_400_000
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]


def _find_browser() -> str:
    named = os.environ.get("PLAYWRIGHT_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None or not Path(found).exists():
        pytest.fail(
            "No browser was found. Install one with `apt-get install -y chromium`, or set "
            "PLAYWRIGHT_CHROMIUM to the executable of a Chromium.",
            pytrace=False,
        )
    return found


@pytest.fixture(scope="session")
def browser(territory: str) -> Iterator[Browser]:  # noqa: ARG001 - ends with the folder
    executable = _find_browser()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def shop(site: Site) -> Merchant:
    """A merchant with two weeks behind them."""
    merchant = new_merchant(site, "m_rivertown")
    merchant.clock.advance(-13 * DAY_MS)
    brands, number = ("visa", "mastercard", "amex"), 1000
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
            payment_id = merchant.authorize(amount, reference=reference, brand=brands[number % 3])
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
    _deliver(merchant)
    return merchant


def _deliver(merchant: Merchant) -> None:
    """Leave what the webhook sender would."""


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
        self, session: str = "alice", *, width: int = 1280, dark: bool = False, path: str = ""
    ) -> Page:
        """Open a window of a person."""
        headers = person(self.merchant.merchant_id, session)
        del headers["accept"]  # the browser says this itself
        context = self._browser.new_context(
            viewport={"width": width, "height": 860},
            color_scheme="dark" if dark else "light",
            extra_http_headers=headers,
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
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    axe, found = Axe(), []
    for name, path in _addresses(people).items():
        for width, dark in ((1280, False), (390, False), (1280, True), (390, True)):
            page = people.page(width=width, dark=dark, path=path)
            for violation in axe.run(page).response["violations"]:
                if violation["impact"] in ("serious", "critical"):
                    targets = [node["target"] for node in violation["nodes"][:3]]
                    found.append((name, width, dark, violation["id"], targets))
            overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if overflow > 0:
                found.append((name, width, dark, f"scrolls {overflow} px sideways", []))
            suffix = "-dark" if dark else ""
            page.screenshot(path=SCREENSHOTS / f"{name}-{width}{suffix}.png", full_page=True)
            page.context.close()
    people.complaints = [text for text in people.complaints if "404" not in text]
    assert not found, found
