"""The page has every row, escapes what it shows, and reads in a browser and in print."""

from __future__ import annotations

import datetime
import re
from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING

import pytest

from harness.testing.browser import SCREENSHOTS, running_browser
from pci_dss.catalogue import catalogue
from pci_dss.evidence.html import render
from pci_dss.evidence.model import Basis, Evidence, Responsibility, Row, Status
from pci_dss.evidence.trend import Run, standing
from pci_dss.exceptions import Exemption

from .evidence_samples import LOGS, evidence, row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

EXEMPTION = Exemption(
    id="EX-1",
    check="CKV_AWS_27",
    environment="environments/log-archive",
    address="aws_sqs_queue.a",
    requirement="3.5.1",
    owner="payments",
    approver="CISO",
    approved=datetime.date(2026, 11, 1),
    expires=datetime.date(2027, 10, 1),
    constraint="the sender can't use our key",
    objective="nobody reads what is queued",
    risk="AWS's own key is used",
    control="messages hold tokens alone",
    validation="a test looks for card numbers",
    maintenance="reviewed with each release",
)


def attempted(who: str) -> Row:
    return row(
        subject=f"{who}: delete a log (s3:DeleteObjectVersion)",
        check="attempt",
        basis=Basis.OBSERVED,
        evaluated={
            "what": "delete a log",
            "who": who,
            "action": "s3:DeleteObjectVersion",
            "answer": "AccessDenied",
            "decided by": "denied by SCP payments-logs, statement Deletion",
        },
    )


def sample() -> Evidence:
    """Evidence with everything that the page tells apart."""
    lock = f"{LOGS}: rule.0.default_retention.0"
    return evidence(
        row(
            evaluated={f"{lock}.mode": "COMPLIANCE", f"{lock}.days": 365},
            file="modules/org-logging/archive/buckets.tf",
            line=31,
        ),
        row(
            subject="aws_s3_bucket.<script>alert(1)</script>",
            status=Status.FAIL,
            reasons=["the lock's mode is GOVERNANCE"],
            evaluated={"aws_s3_bucket.x: mode": "GOVERNANCE"},
            fix="Lock it in COMPLIANCE mode.",
            file="modules/org-logging/archive/buckets.tf",
            line=40,
        ),
        attempted("administrator of log-archive"),
        attempted("payments-deploy of dev"),
        row(
            subject="tests/log_archive/test_attempts.py::test_refused[a]",
            check="test",
            basis=Basis.TESTED,
        ),
        row(
            "3.5.1",
            "aws_sqs_queue.a",
            check="CKV_AWS_27",
            title="Queues are encrypted",
            status=Status.EXCEPTION,
            reasons=["no key of its own"],
            exception="EX-1",
        ),
        row(
            "11.3.2",
            "Have an approved vendor scan the public endpoints.",
            check="manual",
            status=Status.MANUAL,
            basis=Basis.NONE,
            responsibility=Responsibility.MANUAL,
            environment="",
        ),
        *(
            row(
                "10.5.1",
                f'module.platform.module.service["{number}"].aws_cloudwatch_log_group.service',
                check="PCI_14",
                title="Retention is known",
                status=Status.NOT_EVALUATED,
                reasons=["retention_in_days isn't known"],
            )
            for number in range(12)
        ),
    )


def written(found: Evidence | None = None, runs: tuple[Run, ...] = ()) -> str:
    return render(found or sample(), catalogue(), (EXEMPTION,), runs)


def test_every_row_is_on_the_page() -> None:
    page = unescape(written().replace("<wbr>", ""))
    for each in sample().rows:
        if each.check not in ("test", "attempt"):
            assert each.subject in page


def test_an_attempt_is_shown_once_with_all_who_made_it() -> None:
    page = written()
    assert page.count("delete a log") == 1
    assert "administrator of log-archive<br>payments-deploy of dev" in page
    assert "denied by SCP payments-logs, statement Deletion" in page


def test_the_standards_numbers_come_with_our_words_and_who_answers() -> None:
    page = written()
    asked = catalogue().requirements["10.5.1"]
    assert asked.title in page
    assert asked.paraphrase in page
    assert asked.evidence in page


def test_a_worksheet_has_all_its_fields() -> None:
    page = written()
    for field in ("constraint", "objective", "risk", "control", "validation", "maintenance"):
        assert getattr(EXEMPTION, field).replace("'", "&#39;") in page


def test_a_worksheet_for_several_addresses_is_shown_once() -> None:
    other = replace(EXEMPTION, address="aws_sqs_queue.b")
    page = render(sample(), catalogue(), (EXEMPTION, other)).replace("<wbr>", "")
    assert page.count('id="ex-1"') == page.count(EXEMPTION.risk.replace("'", "&#39;")) == 1
    for address in (EXEMPTION.address, other.address):
        assert f"<li><code>{address}</code></li>" in page


def test_each_requirement_says_who_answers_first() -> None:
    page = written()
    for number in ("10.3.2", "11.3.2"):
        shown = page[page.index(f'id="r-{number.replace(".", "-")}"') :]
        asked = catalogue().requirements[number]
        assert f"<h3>Answered by</h3><p>{asked.responsibility}</p>" in shown


def test_what_somebody_else_wrote_is_escaped() -> None:
    assert "<script" not in written()


def test_nothing_is_loaded_from_elsewhere() -> None:
    assert not re.search(r"(?:src|href)=\"(?!#)", written())
    assert "url(" not in written()


def test_runs_before_are_shown_for_each_requirement() -> None:
    now = sample()
    runs = (
        Run("a" * 40, "2026-11-01T00:00:00Z", {}, {"10.3.2": Status.PASS}),
        Run(now.commit, now.created, {}, standing(now)),
    )
    page = written(runs=runs)
    assert 'title="2026-11-01 aaaaaaaaaa: PASS"' in page
    assert 'title="2026-11-23 1f1f1f1f1f: FAIL"' in page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as chromium:
        yield chromium


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    path = tmp_path / "index.html"
    path.write_text(written(), encoding="utf-8")
    shown = browser.new_page(viewport={"width": 1280, "height": 900})
    shown.goto(path.as_uri())
    yield shown
    shown.close()


def _overflow(page: Page) -> int:
    return int(
        page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )


def test_it_fits_1280_pixels(page: Page) -> None:
    assert _overflow(page) == 0
    page.screenshot(path=SCREENSHOTS / "evidence-1280.png", full_page=True)


def test_it_fits_a_telephone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    assert _overflow(page) == 0


def test_it_fits_printed_paper(page: Page) -> None:
    page.set_viewport_size({"width": 695, "height": 1000})  # A4 within its margins
    page.emulate_media(media="print")
    assert _overflow(page) == 0
    assert not page.locator("nav").is_visible()
    page.screenshot(path=SCREENSHOTS / "evidence-print.png", full_page=True)
    page.pdf(path=SCREENSHOTS / "evidence.pdf", prefer_css_page_size=True)


def test_links_lead_to_what_they_name(page: Page) -> None:
    targets = page.evaluate("[...document.links].map(link => link.hash.slice(1))")
    assert targets
    missing = [
        target
        for target in targets
        if not page.evaluate("id => !!document.getElementById(id)", target)
    ]
    assert not missing


def test_only_what_is_open_can_be_shown(page: Page) -> None:
    passing, failing = page.locator("#r-11-3-2"), page.locator("#r-10-3-2")
    assert passing.is_visible()
    page.locator("#only-open").check()
    assert not passing.is_visible()
    assert failing.is_visible()
