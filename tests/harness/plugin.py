"""The pytest plugin: one embedded AWS and one Terraform for the tests of a process.

Installing the package registers it; `pytest --help` lists its options under "terraform".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.aws import EmbeddedAWS
from harness.terraform import Terraform

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def territory() -> str:
    """Name what shares one embedded AWS: all tests of the process, unless a conftest says less."""
    return ""


@pytest.fixture(scope="session")
def aws(territory: str) -> Iterator[EmbeddedAWS]:  # noqa: ARG001 - ends with it
    """The embedded AWS of this process."""
    with EmbeddedAWS() as embedded:
        yield embedded


@pytest.fixture(scope="session")
def terraform() -> Terraform:
    """The Terraform and the AWS provider of this machine."""
    return Terraform.discover()
