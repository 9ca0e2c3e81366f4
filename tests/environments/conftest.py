"""The four workload environments, planned with the release of `make package`."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.known_organization import known_organization
from harness.platform import ENVIRONMENTS
from harness.public_zone import public_zone
from harness.testing import Options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from harness.aws import EmbeddedAWS
    from harness.testing import Planner

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def zones(aws: EmbeddedAWS) -> Iterator[None]:
    """What bootstrap makes before an environment is planned."""
    with ExitStack() as made:
        for name in ENVIRONMENTS:
            made.enter_context(public_zone(aws, name))
        yield


@pytest.fixture(scope="session")
def planned(plan: Planner, zones: None) -> Callable[..., Mapping[str, Any]]:  # noqa: ARG001
    """Plan an environment, with files added or overridden, and give Terraform's document."""
    accounts = known_organization()["accounts"]

    def make(name: str, files: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        options = Options(account_id=accounts[name], files=files)
        return plan(f"environments/{name}", options=options).document

    return make


@pytest.fixture(scope="session")
def plans(planned: Callable[..., Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Plans of all environments, by name."""
    return {name: planned(name) for name in ENVIRONMENTS}
