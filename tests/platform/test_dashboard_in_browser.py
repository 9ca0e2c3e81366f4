"""Two people at the deployed dashboard: a real browser, the signing proxy, API Gateway, the VPC."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from harness.demo import dashboard_pages, wallet
from harness.testing.browser import SCREENSHOTS, running_browser
from harness.up import PEOPLE, signing_proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from harness.caller import Caller
    from harness.platform import Platform
    from harness.signing_proxy import SigningProxy

REFERENCE = "wedding-cake"
ABOVE_ONE_PERSONS_LIMIT, REFUND = 64_000, 60_000


@pytest.fixture(scope="module")
def proxies(platform: Platform) -> Iterator[dict[str, SigningProxy]]:
    with ExitStack() as running:
        yield {person: running.enter_context(signing_proxy(platform, person)) for person in PEOPLE}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as chromium:
        yield chromium


@pytest.fixture
def payment_id(platform: Platform, caller: Caller) -> str:
    """A captured payment whose whole refund needs two people."""
    token = caller.send("POST", "/tokens", {"card": wallet.card("jcb_01")}).json()["token"]
    paid = caller.authorized(ABOVE_ONE_PERSONS_LIMIT, token=token, reference=REFERENCE)
    captured = caller.capture(paid, ABOVE_ONE_PERSONS_LIMIT)
    assert captured.json()["state"] == "captured", captured.text
    platform.edge.drain()
    return paid


def test_two_people_find_and_refund_a_payment(
    platform: Platform, proxies: dict[str, SigningProxy], browser: Browser, payment_id: str
) -> None:
    complaints: list[str] = []

    def window(person: str) -> Page:
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(proxies[person].url)
        return page

    alice, bob = (window(person) for person in PEOPLE)
    expect(alice.get_by_text("Signed in as alice")).to_be_visible()
    before = dashboard_pages.total(alice.content(), "refunded", "EUR")
    alice.get_by_role("link", name="All transactions").click()
    alice.get_by_label("Payment id or reference").fill(REFERENCE)
    alice.get_by_role("button", name="Search").click()
    alice.get_by_role("table", name="Transactions").get_by_role("link").first.click()
    expect(alice.get_by_text(payment_id).first).to_be_visible()
    alice.get_by_label("Amount in EUR").fill("600.00")
    alice.get_by_role("button", name="Go on to confirm").click()
    expect(alice.get_by_text("Send someone of your team")).to_be_visible()
    expect(alice.get_by_role("button", name="Refund 600.00 EUR")).to_have_count(0)

    bob.get_by_role("link", name="Refunds", exact=True).click()
    waiting = bob.get_by_role("table", name="Refunds that wait")
    waiting.get_by_role("link", name=payment_id).click()
    expect(bob.get_by_text("You are the second person")).to_be_visible()
    bob.get_by_role("button", name="Refund 600.00 EUR").click()
    expect(bob.get_by_role("heading", name="Refund done")).to_be_visible()

    platform.edge.drain()
    _keep(alice, f"{proxies['alice'].url}merchants/m_bakery/transactions/{payment_id}", "payment")
    expect(alice.locator("#refunded")).to_have_text("600.00 EUR")
    _keep(alice, proxies["alice"].url, "overview")
    assert dashboard_pages.total(alice.content(), "refunded", "EUR") == before + REFUND
    booked = [charge for charge in platform.acquirer.charges() if charge.payment_id == payment_id]
    assert [charge.amount for charge in booked if charge.type == "refund"] == [REFUND]
    assert not complaints


def _keep(page: Page, url: str, name: str) -> None:
    """Leave the page to look at, on a narrow screen too, where it must not scroll sideways."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 860})
        page.goto(url)
        page.screenshot(path=SCREENSHOTS / f"deployed-{name}-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
