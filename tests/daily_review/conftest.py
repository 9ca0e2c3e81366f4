"""The account of each test, and a release whose log_review is the real one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daily_review.account import Reviewed
from promotion import functions
from promotion.checkout import Checkout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.aws import EmbeddedAWS


@pytest.fixture
def reviewed(aws: EmbeddedAWS) -> Iterator[Reviewed]:
    found = Reviewed(aws)
    yield found
    found.close()


@pytest.fixture(scope="session")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The function's zip, as `make package` builds it."""
    packed = functions.packed(Checkout(), functions.FUNCTIONS["log_review"])
    described = functions.artifact("log_review", packed)
    path = tmp_path_factory.mktemp("dist") / described["file"]
    path.write_bytes(packed)
    return {"path": str(path), "sha256_base64": described["sha256_base64"]}
