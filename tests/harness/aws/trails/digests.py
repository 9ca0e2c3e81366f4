"""Digest files: each vouches for the log files of an hour, and for the digest before it.

Source: "CloudTrail digest file structure" and "Custom implementations of CloudTrail log file
integrity validation" in the CloudTrail guide.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from harness.aws.trails.events import timestamp

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping

ALGORITHM = "SHA256withRSA"


@dataclass(frozen=True)
class LogFile:
    """A log file that was delivered."""

    bucket: str
    key: str
    hash_value: str
    newest: str
    oldest: str

    def as_document(self) -> dict[str, str]:
        """Describe it in a digest."""
        return {
            "s3Bucket": self.bucket,
            "s3Object": self.key,
            "hashValue": self.hash_value,
            "hashAlgorithm": "SHA-256",
            "newestEventTime": self.newest,
            "oldestEventTime": self.oldest,
        }


@dataclass(frozen=True)
class Digest:
    """A digest as it is put into the bucket."""

    bucket: str
    key: str
    text: bytes
    signature: str

    @property
    def body(self) -> bytes:
        """The object's content."""
        return gzip.compress(self.text)

    @property
    def metadata(self) -> Mapping[str, str]:
        """The object's metadata."""
        return {"signature": self.signature, "signature-algorithm": ALGORITHM}


@dataclass
class Chain:
    """The digests of one trail, account and region, each of which names the one before."""

    account_id: str
    region: str
    start: datetime.datetime
    files: list[LogFile] = field(default_factory=list)
    last: Digest | None = None

    def next(self, bucket: str, prefix: str, trail_arn: str, end: datetime.datetime) -> Digest:
        """Make the digest of what was delivered since the last one.

        Args:
            bucket: where it will lie.
            prefix: of its key, up to the account.
            trail_arn: the trail.
            end: the end of its hour.
        """
        home, name = trail_arn.split(":")[3], trail_arn.rpartition("/")[2]
        key = (
            f"{prefix}{self.account_id}/CloudTrail-Digest/{self.region}/{end:%Y/%m/%d}/"
            f"{self.account_id}_CloudTrail-Digest_{self.region}_{name}_{home}"
            f"_{end:%Y%m%dT%H%M%SZ}.json.gz"
        )
        last = self.last
        document: dict[str, Any] = {
            "awsAccountId": self.account_id,
            "digestStartTime": timestamp(self.start),
            "digestEndTime": timestamp(end),
            "digestS3Bucket": bucket,
            "digestS3Object": key,
            "digestPublicKeyFingerprint": fingerprint(self.region),
            "digestSignatureAlgorithm": ALGORITHM,
            "newestEventTime": max((each.newest for each in self.files), default=None),
            "oldestEventTime": min((each.oldest for each in self.files), default=None),
            "previousDigestS3Bucket": last and last.bucket,
            "previousDigestS3Object": last and last.key,
            "previousDigestHashValue": last and hashlib.sha256(last.text).hexdigest(),
            "previousDigestHashAlgorithm": last and "SHA-256",
            "previousDigestSignature": last and last.signature,
            "logFiles": [each.as_document() for each in self.files],
        }
        text = json.dumps(document).encode()
        return Digest(bucket, key, text, _sign(self.region, document, text))

    def delivered(self, digest: Digest, end: datetime.datetime) -> None:
        """Go on from a digest that lies in its bucket."""
        self.last, self.start, self.files = digest, end, []


def public_key(region: str) -> bytes:
    """Return the key that a region's digests can be checked by: PKCS #1, in DER."""
    return (
        _private_key(region)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    )


def fingerprint(region: str) -> str:
    """Return what digests call the region's key."""
    return hashlib.md5(public_key(region), usedforsecurity=False).hexdigest()


def _sign(region: str, document: Mapping[str, Any], text: bytes) -> str:
    signed = "\n".join(
        (
            document["digestEndTime"],
            f"{document['digestS3Bucket']}/{document['digestS3Object']}",
            hashlib.sha256(text).hexdigest(),
            document["previousDigestSignature"] or "null",
        )
    )
    key = _private_key(region)
    return key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()).hex()


@functools.cache
def _private_key(region: str) -> rsa.RSAPrivateKey:  # noqa: ARG001 - each region has one
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
