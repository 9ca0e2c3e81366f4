"""A real Chromium for tests of pages, and where they leave what it showed."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

SCREENSHOTS = Path(__file__).parents[3] / "build" / "screenshots"
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]


def find_browser() -> str:
    """Find a Chromium; a test that needs one fails without, and says how to get it."""
    named = os.environ.get("PLAYWRIGHT_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None or not Path(found).exists():
        pytest.fail(
            "No browser was found. Install one with `apt-get install -y chromium`, or set "
            "PLAYWRIGHT_CHROMIUM to the executable of a Chromium.",
            pytrace=False,
        )
    return found


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Run a headless Chromium."""
    executable = find_browser()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=_ARGUMENTS)
        yield chromium
        chromium.close()
