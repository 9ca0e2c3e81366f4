"""What the verifier finds out about locks."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing import pci

if TYPE_CHECKING:
    from log_archive_verifier.conftest import Evidence

pytestmark = pci("10.3.2", "10.5.1")


def change_settings(evidence: Evidence, **changes: Any) -> str:
    bucket = evidence.load("bucket.json")
    bucket["settings"] |= changes
    evidence.store("bucket.json", bucket)
    return f"s3://{evidence.archive.bucket}"


def change_first(evidence: Evidence, **changes: Any) -> str:
    """Change a version; returns what it is called."""
    bucket = evidence.load("bucket.json")
    first = bucket["versions"][0]
    first |= changes
    evidence.store("bucket.json", bucket)
    return f"{first['key']} ({first['version_id']})"


def test_locks_of_the_wanted_kind_are_right(evidence: Evidence) -> None:
    status, report = evidence.report()
    assert status == 0
    assert report["verified"]["locked_versions"] == len(evidence.load("bucket.json")["versions"])


def test_governance_isnt_compliance(evidence: Evidence) -> None:
    status, found = evidence.verify("--require-mode", "COMPLIANCE")
    assert status == 1
    assert {kind for kind, _ in found} == {"weak-lock"}
    assert ("weak-lock", f"s3://{evidence.archive.bucket}") in found
    assert len(found) == len(evidence.load("bucket.json")["versions"]) + 1


def test_compliance_is_more_than_governance(evidence: Evidence) -> None:
    change_settings(evidence, mode="COMPLIANCE")
    change_first(evidence, mode="COMPLIANCE")
    assert evidence.verify()[0] == 0


def test_a_shorter_lock_is_too_short(evidence: Evidence) -> None:
    status, found = evidence.verify("--require-days", "4")
    assert status == 1
    assert {kind for kind, _ in found} == {"short-lock"}
    assert len(found) == len(evidence.load("bucket.json")["versions"]) + 1


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"is_lockable": False, "mode": None, "days": None}, "no-lock"),
        ({"mode": None, "days": None}, "no-lock"),
        ({"versioning": "Suspended"}, "no-versioning"),
        ({"days": 2}, "short-lock"),
    ],
)
def test_a_bucket_is_held_to_its_settings(
    evidence: Evidence, changes: dict[str, Any], kind: str
) -> None:
    where = change_settings(evidence, **changes)
    assert evidence.verify() == (1, [(kind, where)])


def test_an_object_without_lock_is_named(evidence: Evidence) -> None:
    where = change_first(evidence, mode=None, retained_until=None)
    assert evidence.verify() == (1, [("no-lock", where)])


def test_an_object_whose_lock_was_shortened_is_named(evidence: Evidence) -> None:
    first = evidence.load("bucket.json")["versions"][0]
    until = datetime.datetime.fromisoformat(first["retained_until"]) - datetime.timedelta(hours=1)
    where = change_first(evidence, retained_until=until.isoformat())
    assert evidence.verify() == (1, [("short-lock", where)])


def test_a_delete_marker_and_a_second_version_are_told(evidence: Evidence) -> None:
    bucket = evidence.load("bucket.json")
    first, second, *_ = bucket["versions"]
    bucket["versions"] += [
        {**first, "version_id": "other", "is_latest": False},
        {**second, "version_id": "marker", "is_marker": True, "mode": None, "is_latest": True},
    ]
    evidence.store("bucket.json", bucket)
    status, found = evidence.verify()
    assert status == 1
    assert ("overwritten", first["key"]) in found
    assert ("hidden", second["key"]) in found
