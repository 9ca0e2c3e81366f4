"""The pack of the applied platform: nothing fails, it verifies offline, and people can read it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from harness.console import Steps
from harness.evidence import oscal_judge, pack, requests, rows
from harness.evidence.run import look
from harness.platform import ENVIRONMENT, REPOSITORY
from harness.testing.browser import SCREENSHOTS, running_browser
from pci_dss.catalogue import catalogue
from pci_dss.evidence.model import Evidence, Status
from pci_dss.evidence.sign import SigningKey
from pci_dss.exceptions import load
from pci_dss.matrix import ATTEMPT, matrix

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from harness.platform import Platform

POLICIES, OSCAL = (REPOSITORY / f".venv-{name}/bin/python" for name in ("policies", "oscal"))
LARGEST_PAGE = 3_000_000
UNDECIDED = {
    "CKV2_AWS_20",
    "CKV2_AWS_6",
    "CKV_AWS_145",
    "CKV_AWS_168",
    "CKV_AWS_224",
    "CKV_AWS_57",
    "CKV_AWS_7",
}
"""Of checkov's checks: what they don't decide about these roots, which ours do."""


@dataclass(frozen=True)
class Pack:
    """A pack that was made of the platform, and what it says."""

    directory: Path
    evidence: Evidence
    fingerprint: str


@pytest.fixture(scope="module")
def made(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Pack:
    workdir = tmp_path_factory.mktemp("evidence")
    now = datetime.now(UTC)
    scanned, graphs = look(platform, POLICIES, Steps(Console(quiet=True), 3), workdir)
    asked = [*rows.of_refusals(requests.send(platform), ENVIRONMENT)]
    exemptions = load()
    found = matrix(
        catalogue(), scanned.checks, scanned.scans, [*graphs, *asked], exemptions, now.date()
    )
    evidence = Evidence("1f" * 20, now.isoformat(timespec="seconds"), {}, scanned.sources, found)
    key = SigningKey.ephemeral()
    pack.write(workdir / "pack", evidence, catalogue(), exemptions, key=key)
    return Pack(workdir / "pack", evidence, key.fingerprint)


def verified(made: Pack) -> int:
    """Verify it as an assessor does: by what is in the pack, with nothing of ours at hand."""
    command = [sys.executable, "-I", "verify.py", "--fingerprint", made.fingerprint]
    done = subprocess.run(command, cwd=made.directory, capture_output=True, check=False)
    return done.returncode


def test_nothing_fails_but_what_is_accepted_for_a_while(made: Pack) -> None:
    failing = {
        (row.check, row.environment, row.subject, row.requirement)
        for row in made.evidence.rows
        if row.status is Status.FAIL
    }
    assert failing == set()
    used = {row.exception for row in made.evidence.rows if row.status is Status.EXCEPTION}
    assert used == {each.id for each in load()}


def test_after_an_apply_our_policies_decide_everything(made: Pack) -> None:
    undecided = {
        row.check
        for row in made.evidence.rows
        if row.status is Status.NOT_EVALUATED and row.check.startswith(("PCI_", "CKV"))
    }
    assert undecided <= UNDECIDED


def test_the_edge_refused_every_request(made: Pack) -> None:
    asked = [
        row.status
        for row in made.evidence.rows
        if row.check == ATTEMPT and row.status is not Status.NOT_EVALUATED
    ]
    assert asked
    assert set(asked) == {Status.PASS}


def test_it_verifies_offline_and_one_changed_byte_of_any_file_is_found(made: Pack) -> None:
    assert verified(made) == 0
    for path in sorted(made.directory.iterdir()):
        if path.name == "verify.py":
            continue  # it is what verifies here; test_pack changes it
        content = path.read_bytes()
        path.write_bytes(content[:-2] + bytes([content[-2] ^ 1]) + content[-1:])
        try:
            assert verified(made) == 1, path.name
        finally:
            path.write_bytes(content)
    assert verified(made) == 0


def test_its_oscal_is_valid(made: Pack) -> None:
    assert oscal_judge.findings(OSCAL, made.directory) == []


@pytest.fixture(scope="module")
def page(made: Pack) -> Iterator[Page]:
    with running_browser() as chromium:
        shown = chromium.new_page(viewport={"width": 1280, "height": 900})
        shown.goto((made.directory / pack.PAGE).as_uri())
        yield shown


def overflow(page: Page) -> int:
    return int(
        page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )


def test_the_page_fits_1280_pixels_with_everything_unfolded(made: Pack, page: Page) -> None:
    assert (made.directory / pack.PAGE).stat().st_size < LARGEST_PAGE
    page.screenshot(path=SCREENSHOTS / "evidence-pack-1280.png")
    page.locator("#r-10-3-2").screenshot(path=SCREENSHOTS / "evidence-pack-10-3-2.png")
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    assert overflow(page) == 0


def test_the_page_fits_printed_paper(page: Page) -> None:
    page.set_viewport_size({"width": 695, "height": 1000})  # A4 within its margins
    page.emulate_media(media="print")
    assert overflow(page) == 0
    page.pdf(path=SCREENSHOTS / "evidence-pack.pdf", prefer_css_page_size=True)
