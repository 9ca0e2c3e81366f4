"""Holds a bucket and its objects to the lock that they should have."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from log_archive_verifier.findings import Finding, Kind

if TYPE_CHECKING:
    from log_archive_verifier.evidence import Bucket, Evidence, Version

COMPLIANCE, GOVERNANCE = "COMPLIANCE", "GOVERNANCE"

# Between the moment from which S3 counts the days and the one that it reports.
TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True)
class Requirement:
    """The lock that is wanted: a mode, and days since an object was written."""

    mode: str = COMPLIANCE
    days: int = 365

    def admits(self, mode: str) -> bool:
        """Whether a mode is the wanted one, or a stronger one."""
        return mode in (self.mode, COMPLIANCE)


@dataclass
class Locks:
    """What came out, and how many versions are locked as required."""

    findings: list[Finding] = field(default_factory=list)
    versions: int = 0


def verify_locks(evidence: Evidence, requirement: Requirement) -> Locks:
    """Verify the bucket's settings and the lock of each version."""
    result = Locks(_check_bucket(evidence.bucket, requirement))
    for version in evidence.versions:
        found = None if version.is_marker else _check_version(version, requirement)
        if version.is_marker and version.is_latest:
            message = "a delete marker hides it; its versions are still there"
            found = Finding.of(Kind.HIDDEN, version.key, message)
        if found:
            result.findings.append(found)
        elif not version.is_marker:
            result.versions += 1
    result.findings += _find_overwritten(evidence)
    result.findings.sort()
    return result


def _check_bucket(bucket: Bucket, requirement: Requirement) -> list[Finding]:
    where = f"s3://{bucket.name}"
    findings = []
    if bucket.versioning != "Enabled":
        message = f"versioning is {bucket.versioning or 'off'}: an object can be overwritten"
        findings.append(Finding.of(Kind.NO_VERSIONING, where, message))
    if not bucket.is_lockable or bucket.mode is None or bucket.days is None:
        message = "the bucket locks nothing by default"
        return [*findings, Finding.of(Kind.NO_LOCK, where, message)]
    if not requirement.admits(bucket.mode):
        message = f"the bucket locks in {bucket.mode}, not in {requirement.mode}"
        findings.append(Finding.of(Kind.WEAK_LOCK, where, message))
    if bucket.days < requirement.days:
        message = f"the bucket locks for {bucket.days} days, not for {requirement.days}"
        findings.append(Finding.of(Kind.SHORT_LOCK, where, message))
    return findings


def _check_version(version: Version, requirement: Requirement) -> Finding | None:
    where = f"{version.key} ({version.version_id})"
    if version.mode is None or version.retained_until is None:
        return Finding.of(Kind.NO_LOCK, where, "the object isn't locked")
    if not requirement.admits(version.mode):
        message = f"the object is locked in {version.mode}, not in {requirement.mode}"
        return Finding.of(Kind.WEAK_LOCK, where, message)
    wanted = version.written + timedelta(days=requirement.days)
    if version.retained_until < wanted - TOLERANCE:
        message = (
            f"the object is locked until {version.retained_until.isoformat()}, not until"
            f" {wanted.isoformat()}"
        )
        return Finding.of(Kind.SHORT_LOCK, where, message)
    return None


def _find_overwritten(evidence: Evidence) -> list[Finding]:
    count = Counter(each.key for each in evidence.versions if not each.is_marker)
    return [
        Finding.of(Kind.OVERWRITTEN, key, f"there are {number} versions of what is written once")
        for key, number in count.items()
        if number > 1
    ]
