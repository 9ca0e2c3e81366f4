"""Every workload environment, planned: whatever logs there ends under a lock in the archive."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from harness.log_paths.planned import planned_log_paths
from harness.testing import pci

if TYPE_CHECKING:
    from pathlib import Path

WORKLOADS = ("dev",)


@pci("10.2.1", "10.3.3", "10.5.1")
@pytest.mark.parametrize("environment", WORKLOADS)
def test_every_path_ends_under_a_lock(environment: str, release: Path, tmp_path: Path) -> None:
    paths = planned_log_paths(environment, tmp_path, {"release_directory": str(release)})
    orphans = {path.source.address: path.problem for path in paths if path.problem}
    assert not orphans, f"PCI DSS 10.3.3, logs that reach no locked bucket: {orphans}"
    kinds = Counter(path.source.kind for path in paths)
    assert kinds["API"] == 6, "access and execution logs of three APIs"
    assert kinds["function"] >= 6
    assert kinds["service"] == 3, "two services and their cluster"
    assert kinds["VPC"] == 1
