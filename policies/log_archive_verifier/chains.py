"""Follows the chains of digests, and holds the log files to them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from log_archive_verifier.digest import (
    Digest,
    DigestError,
    Place,
    inflate,
    is_of_trail,
    place_of_digest,
    place_of_log,
)
from log_archive_verifier.findings import Finding, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from log_archive_verifier.evidence import Evidence, PublicKey, Version

# CloudTrail writes a digest an hour, not quite on the hour.
LATEST = timedelta(hours=2)


@dataclass
class Chains:
    """What came out.

    Attributes:
        findings: what is wrong.
        digests: how many digests are what CloudTrail signed.
        log_files: how many log files are what a digest vouches for.
        not_vouched_yet: log files that are younger than the last digest of their chain.
        places: how many chains there are: one for each region of an account.
        accounts: the accounts that have one.
    """

    findings: list[Finding] = field(default_factory=list)
    digests: int = 0
    log_files: int = 0
    not_vouched_yet: int = 0
    places: int = 0
    accounts: set[str] = field(default_factory=set)


def verify_chains(evidence: Evidence, keys: Sequence[PublicKey]) -> Chains:
    """Verify every digest of the period, and every log file that they name."""
    return _Verification(evidence, keys).run()


class _Verification:
    def __init__(self, evidence: Evidence, keys: Sequence[PublicKey]) -> None:
        self._evidence = evidence
        self._keys = {(key.region, key.fingerprint): key for key in keys}
        self._result = Chains()
        self._named: set[str] = set()
        self._covered: dict[Place, datetime] = {}

    def run(self) -> Chains:
        chains: dict[Place, list[Version]] = {}
        for version in self._current():
            found = place_of_digest(version.key)
            if found and is_of_trail(version.key, str(self._evidence.collected.trail_arn)):
                chains.setdefault(found[0], []).append(version)
        for place, versions in sorted(chains.items()):
            self._follow(place, sorted(versions, key=lambda each: each.key))
        self._result.places = len(chains)
        self._result.accounts = {place.account_id for place in chains}
        self._look_for_unnamed()
        self._result.findings.sort()
        return self._result

    def _current(self) -> list[Version]:
        return [each for each in self._evidence.versions if each.is_latest and not each.is_marker]

    def _find(self, kind: Kind, where: str, message: str) -> None:
        self._result.findings.append(Finding.of(kind, where, message))

    def _follow(self, place: Place, versions: Sequence[Version]) -> None:
        """Go along one chain, from the first digest to the last."""
        previous: Digest | None = None
        for version in versions:
            digest = self._read(version)
            if digest is None:
                previous = None
                continue
            self._check_link(place, previous, digest)
            if self._check_signature(place, digest):
                self._result.digests += 1
                self._check_log_files(digest)
            else:
                self._named.update(each["s3Object"] for each in digest.fields["logFiles"])
            previous = digest
        if place.is_backfill:
            return
        last = place_of_digest(versions[-1].key)
        if last is not None:
            self._covered[place] = last[1]
            if last[1] + LATEST < self._evidence.collected.end:
                self._find(
                    Kind.GAP,
                    str(place),
                    f"the last digest ends at {last[1].isoformat()}: nothing vouches for what came"
                    f" after it, up to {self._evidence.collected.end.isoformat()}",
                )

    def _read(self, version: Version) -> Digest | None:
        content = self._evidence.content(version.key)
        if content is None:
            self._find(Kind.MISSING, version.key, "the digest was listed, but isn't here")
            return None
        try:
            return Digest.read(version, content)
        except DigestError as error:
            self._find(Kind.UNREADABLE, version.key, str(error))
            return None

    def _check_signature(self, place: Place, digest: Digest) -> bool:
        fields = digest.fields
        lies_at = (self._evidence.collected.bucket, digest.key)
        if (fields["digestS3Bucket"], fields["digestS3Object"]) != lies_at:
            written = f"s3://{fields['digestS3Bucket']}/{fields['digestS3Object']}"
            self._find(Kind.MOVED, digest.key, f"the digest was written to {written}")
            return False
        fingerprint = fields["digestPublicKeyFingerprint"]
        key = self._keys.get((place.region, fingerprint))
        if key is None:
            self._find(
                Kind.UNKNOWN_KEY,
                digest.key,
                f"it names the key {fingerprint}, which CloudTrail doesn't have in {place.region}",
            )
            return False
        if not digest.is_signed_by(key):
            self._find(Kind.BAD_SIGNATURE, digest.key, "CloudTrail didn't sign this")
            return False
        return True

    def _check_link(self, place: Place, previous: Digest | None, digest: Digest) -> None:
        """See that a digest names the one before it, and that no time lies between them."""
        named = digest.fields["previousDigestS3Object"]
        if named is None:
            self._check_beginning(place, previous, digest)
            return
        if self._is_before_period(named):
            return
        if previous is None or previous.key != named:
            if self._evidence.content(named) is None:
                self._find(Kind.MISSING, named, f"the digest before {digest.key} isn't here")
            return
        if (
            digest.fields.get("previousDigestHashValue") != previous.hash_value
            or digest.fields["previousDigestSignature"] != previous.signature
        ):
            self._find(Kind.BROKEN_CHAIN, digest.key, f"{named} isn't the digest that it names")
        if digest.start > previous.end:
            self._find_gap(place, previous.end, digest.start)

    def _check_beginning(self, place: Place, previous: Digest | None, digest: Digest) -> None:
        """A digest that names none begins a chain; logging was off before."""
        if place.is_backfill:
            return
        period = self._evidence.collected.start
        if previous is not None:
            self._find_gap(place, previous.end, digest.start)
        elif digest.start > period + LATEST:
            self._find_gap(place, period, digest.start)

    def _find_gap(self, place: Place, start: datetime, end: datetime) -> None:
        message = (
            f"nothing vouches for the time from {start.isoformat()} to {end.isoformat()}: the trail"
            " didn't log, didn't validate, or didn't exist yet"
        )
        self._find(Kind.GAP, str(place), message)

    def _is_before_period(self, key: str) -> bool:
        found = place_of_digest(key)
        return found is not None and found[1] < self._evidence.collected.start

    def _check_log_files(self, digest: Digest) -> None:
        for each in digest.fields["logFiles"]:
            key = each["s3Object"]
            self._named.add(key)
            content = self._evidence.content(key)
            if content is None:
                self._find(Kind.MISSING, key, f"{digest.key} names this log file")
                continue
            try:
                text = inflate(content)
            except ValueError as error:
                self._find(Kind.CHANGED, key, str(error))
                continue
            if hashlib.sha256(text).hexdigest() != each["hashValue"]:
                self._find(Kind.CHANGED, key, "it isn't what CloudTrail delivered")
            else:
                self._result.log_files += 1

    def _look_for_unnamed(self) -> None:
        """A log file that no digest names was put there by somebody else, unless it is new."""
        for version in self._current():
            place = place_of_log(version.key)
            if place is None or version.key in self._named:
                continue
            covered = self._covered.get(place)
            if covered is not None and version.written >= covered:
                self._result.not_vouched_yet += 1
            else:
                self._find(Kind.UNVOUCHED, version.key, "no digest names this log file")
