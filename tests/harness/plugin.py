"""The pytest plugin: one embedded AWS and one Terraform for the tests of a process.

Installing the package registers it; `pytest --help` lists its options under "terraform".
"""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from harness.aws import EmbeddedAWS
from harness.terraform import DiscoveryError, Terraform
from harness.terraform.runner import MODE, STOCK, WARM

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = (
    "harness.pytest_terraform",
    "harness.testing.again",
    "harness.testing.applies",
    "harness.testing.examples",
    "harness.testing.plans",
    "harness.testing.requirements",
    "harness.testing.static",
    "harness.testing.validations",
    "harness.testing.waits",
)


_PARENT_CHECK_SECONDS = 1.0


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the choice of providers."""
    group = parser.getgroup("terraform")
    group.addoption(
        "--tf-providers",
        choices=(WARM, STOCK),
        help=f"keep providers warm, or let Terraform launch its own (default: {MODE}, or warm)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Take the choice of providers over the environment's, and let no worker outlive its run."""
    if mode := config.getoption("--tf-providers"):
        os.environ[MODE] = mode  # for the processes that tests start, too
    if hasattr(config, "workerinput"):
        threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()


def _end_with(parent: int) -> None:
    """End this worker of xdist when the run that it belongs to was killed.

    It would go through all tests that it was given, for nobody, and so would what it started.
    """
    while os.getppid() == parent:
        time.sleep(_PARENT_CHECK_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def pytest_report_header() -> str:
    """Say what Terraform, which provider and which mode the tests run with."""
    try:
        terraform = Terraform.discover()
    except DiscoveryError as error:
        return f"terraform: none that can be used; tests that need it will fail. {error}"
    return f"terraform: {terraform}"


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
