"""Environments, planned: whatever logs there ends under a lock in the archive.

qa and integration are the files of dev, and send to the same place.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from harness.log_paths.planned import planned_log_paths
from harness.testing import pci

if TYPE_CHECKING:
    from pathlib import Path

    from harness.aws import EmbeddedAWS

LEAST = {
    "dev": {"API": 6, "function": 7, "service": 3, "VPC": 1},
    "production": {"API": 6, "function": 7, "service": 3, "VPC": 1},
    "tooling": {"log group": 12},
    "trail": {"function": 1, "log group": 2},
}
"""By environment, what logs there at least: of an API its access and execution logs."""


@pci("10.2.1", "10.3.3", "10.5.1")
@pytest.mark.parametrize("environment", LEAST)
@pytest.mark.usefixtures("organization_id")
def test_every_path_ends_under_a_lock(environment: str, aws: EmbeddedAWS, tmp_path: Path) -> None:
    paths = planned_log_paths(aws, environment, tmp_path)
    orphans = {path.source.address: path.problem for path in paths if path.problem}
    assert not orphans, f"PCI DSS 10.3.3, logs that reach no locked bucket: {orphans}"
    kinds = Counter(path.source.kind for path in paths)
    assert all(kinds[kind] >= count for kind, count in LEAST[environment].items()), kinds
