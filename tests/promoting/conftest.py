"""Two environments that a release is promoted through, on the embedded AWS, with real Terraform."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.terraform import Terraform
from promoting.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World.open(tmp_path_factory.mktemp("promotion"), Terraform.discover()) as world:
        yield world
