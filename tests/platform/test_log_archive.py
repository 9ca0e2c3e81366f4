"""What was asked of dev, found in the log archive of another account, and what keeps it there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from harness.log_archive import LogArchive
from harness.log_paths import Archive, log_paths
from harness.testing import pci

if TYPE_CHECKING:
    from harness.caller import Caller
    from harness.log_archive import ArchivedLine
    from harness.platform import Platform

BUCKET = "nonproduction"


@pytest.fixture(scope="module")
def bucket(platform: Platform) -> str:
    outputs = platform.organization["log-archive"].outputs()
    return str(outputs["buckets"][BUCKET]["name"])


@pytest.fixture(scope="module")
def archive(platform: Platform) -> LogArchive:
    return LogArchive(platform.aws, platform.accounts["log-archive"])


@pytest.fixture(scope="module")
def archived(
    platform: Platform, caller: Caller, archive: LogArchive, bucket: str
) -> dict[str, list[ArchivedLine]]:
    """Everything that is in the archive after one payment, by log group."""
    payment_id = caller.authorized()
    assert caller.send("GET", f"/payments/{payment_id}").status_code == 200
    platform.edge.flush_logs()
    found: dict[str, list[ArchivedLine]] = {}
    for line in archive.lines(bucket):
        found.setdefault(line.log_group, []).append(line)
    return found


@pci("10.2.1", "10.3.3")
def test_a_request_is_found_in_the_archive(
    platform: Platform, archived: dict[str, list[ArchivedLine]]
) -> None:
    group = platform.outputs["apis"]["v1/payments"]["access_log_group"]
    lines = [json.loads(line.message) for line in archived[group]]
    read = [line for line in lines if line["http_method"] == "GET" and line["status"] == "200"]
    assert read
    assert {line.account_id for line in archived[group]} == {platform.account_id}


@pci("10.3.3")
def test_functions_and_services_arrive_too(
    platform: Platform, archived: dict[str, list[ArchivedLine]]
) -> None:
    outputs = platform.outputs
    assert outputs["functions"]["transaction_gateway"]["log_group"] in archived
    assert outputs["services"]["fraud_detection"]["log_group"] in archived


@pci("10.3.2")
def test_what_arrived_is_locked(
    platform: Platform, archived: dict[str, list[ArchivedLine]], bucket: str
) -> None:
    s3 = platform.aws.client("s3", platform.accounts["log-archive"])
    keys = {line.key for lines in archived.values() for line in lines}
    assert keys
    for key in keys:
        head = s3.head_object(Bucket=bucket, Key=key)
        assert head.get("ObjectLockMode") == "GOVERNANCE", f"{key} isn't locked: PCI DSS 10.3.2"


@pci("10.3.3", "10.5.1")
def test_nothing_that_was_applied_logs_elsewhere(platform: Platform) -> None:
    archive = Archive.read(
        {"planned_values": platform.organization["log-archive"].state()["values"]},
        account_id=platform.accounts["log-archive"],
        region=platform.region,
    )
    paths = log_paths({"planned_values": platform.environment.state()["values"]}, archive)
    assert len(paths) > 25
    orphans = {path.source.address: path.problem for path in paths if path.problem}
    assert not orphans, f"PCI DSS 10.3.3: {orphans}"
