"""The Terraform of this machine, one embedded AWS per test file, and roots made on the spot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.aws import EmbeddedAWS
from harness.known_organization import known_organization
from harness.terraform import Terraform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def terraform() -> Terraform:
    return Terraform.discover()


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS(account_ids=known_organization()["accounts"]) as aws:
        yield aws


@pytest.fixture
def configuration(tmp_path: Path) -> Callable[[str], Path]:
    """Write a root module's `main.tf` and return its directory."""

    def write(text: str) -> Path:
        directory = tmp_path / "configuration"
        directory.mkdir(exist_ok=True)
        (directory / "main.tf").write_text(text)
        return directory

    return write
