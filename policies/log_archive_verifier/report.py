"""What ``verify`` says, for people and for programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from log_archive_verifier.chains import Chains, verify_chains
from log_archive_verifier.findings import Finding, Kind
from log_archive_verifier.locks import Locks, Requirement, verify_locks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from log_archive_verifier.evidence import Evidence, PublicKey


@dataclass(frozen=True)
class Report:
    """The outcome; ``chains`` is None for a bucket without a trail."""

    evidence: Evidence
    requirement: Requirement
    chains: Chains | None
    locks: Locks

    @property
    def findings(self) -> list[Finding]:
        """Everything that is wrong."""
        return [*(self.chains.findings if self.chains else []), *self.locks.findings]

    def as_document(self) -> dict[str, Any]:
        """Return it for JSON."""
        collected, chains = self.evidence.collected, self.chains
        return {
            "bucket": collected.bucket,
            "trail": collected.trail_arn,
            "from": collected.start.isoformat(),
            "to": collected.end.isoformat(),
            "required": {"mode": self.requirement.mode, "days": self.requirement.days},
            "verified": {
                "digests": chains.digests if chains else 0,
                "log_files": chains.log_files if chains else 0,
                "chains": chains.places if chains else 0,
                "not_vouched_yet": chains.not_vouched_yet if chains else 0,
                "locked_versions": self.locks.versions,
            },
            "findings": [each.as_document() for each in self.findings],
        }

    def lines(self) -> Iterator[str]:
        """Say it to people."""
        collected = self.evidence.collected
        yield f"s3://{collected.bucket} from {collected.start:%Y-%m-%d %H:%M} to" + (
            f" {collected.end:%Y-%m-%d %H:%M} UTC"
        )
        if self.chains is None:
            yield "No trail was collected: digests and log files weren't verified."
        else:
            yield (
                f"{self.chains.digests} digests in {self.chains.places} chains and"
                f" {self.chains.log_files} log files are what CloudTrail wrote"
            )
            if self.chains.not_vouched_yet:
                yield f"{self.chains.not_vouched_yet} log files are too new for a digest"
        yield (
            f"{self.locks.versions} object versions are locked in {self.requirement.mode} for"
            f" {self.requirement.days} days or more"
        )
        for each in self.findings:
            yield f"{each.label.upper():14} {each.where}: {each.message} ({each.requirement})"
        number = len(self.findings)
        yield "Nothing is wrong." if not number else f"{number} findings"


def verify(
    evidence: Evidence,
    requirement: Requirement,
    *,
    keys: Sequence[PublicKey] | None = None,
    accounts: Sequence[str] = (),
) -> Report:
    """Verify what was collected; nothing outside its directory is looked at.

    Args:
        evidence: what was collected.
        requirement: the lock that is wanted.
        keys: CloudTrail's keys from elsewhere than the directory.
        accounts: accounts that must have a chain, in some region.
    """
    chains = None
    if evidence.collected.trail_arn:
        chains = verify_chains(evidence, evidence.keys if keys is None else keys)
        for account in sorted(set(accounts) - chains.accounts):
            message = "the account has no digest at all"
            chains.findings.append(Finding.of(Kind.MISSING, account, message))
    return Report(evidence, requirement, chains, verify_locks(evidence, requirement))
