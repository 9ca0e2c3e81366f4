"""One running dashboard for the folder, and merchants of its own for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.dashboard import Site, new_merchant, running_site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.dashboard import Merchant


@pytest.fixture(scope="session")
def site(territory: str) -> Iterator[Site]:  # noqa: ARG001 - ends with the folder
    with running_site() as running:
        yield running


@pytest.fixture
def merchant(site: Site) -> Iterator[Merchant]:
    yield new_merchant(site)
    site.functions.forget()


@pytest.fixture
def other(site: Site, merchant: Merchant) -> Merchant:
    """Another merchant, who leaves the function to the first."""
    another = new_merchant(site)
    site.functions.gateway = merchant.gateway.application
    return another
