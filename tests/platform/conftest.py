"""One applied dev for all tests of this folder, and a merchant that calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from harness.caller import Caller
from harness.platform import MerchantAccess, Platform

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def platform(
    territory: str,  # noqa: ARG001 - ends with the folder
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Platform]:
    with Platform(tmp_path_factory.mktemp("platform")) as deployed:
        deployed.deploy()
        yield deployed


@pytest.fixture(scope="session")
def access(platform: Platform) -> MerchantAccess:
    return platform.merchant(platform.merchant_ids[0])


@pytest.fixture(scope="session")
def caller(access: MerchantAccess) -> Iterator[Caller]:
    with httpx.Client(timeout=30) as http:
        yield Caller(access, http)
