"""An embedded AWS whose accounts get the ids of organization.json, and environments/management."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.aws import EmbeddedAWS
from harness.testing import Options

if TYPE_CHECKING:
    from collections.abc import Iterator

ENVIRONMENTS = Path(__file__).resolve().parents[2] / "environments"
ORGANIZATION: dict[str, Any] = json.loads(
    (ENVIRONMENTS / "organization.json").read_text(encoding="utf-8")
)
ACCOUNTS: dict[str, str] = ORGANIZATION["accounts"]
IN_MANAGEMENT = Options(account_id=ACCOUNTS["management"])


@pytest.fixture(scope="session")
def aws(territory: str) -> Iterator[EmbeddedAWS]:  # noqa: ARG001 - ends with it
    with EmbeddedAWS(account_ids=ACCOUNTS) as running:
        yield running
