"""One payments API on its way from a legacy backend, for all tests in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rollout.under_way import UnderWay

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.aws import EmbeddedAWS
    from harness.terraform import Terraform


@pytest.fixture(scope="module")
def under_way(
    aws: EmbeddedAWS, terraform: Terraform, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[UnderWay]:
    with UnderWay(aws, terraform, tmp_path_factory.mktemp("payments")) as account:
        account.begin()
        yield account
