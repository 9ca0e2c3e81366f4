"""One digest file: what it says, and whether CloudTrail signed it.

Source: "CloudTrail digest file structure" and "Custom implementations of CloudTrail log file
integrity validation" in the CloudTrail guide.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

if TYPE_CHECKING:
    from collections.abc import Mapping

    from log_archive_verifier.evidence import PublicKey, Version

ALGORITHM = "SHA256withRSA"

_TEXTS = (
    "digestStartTime",
    "digestEndTime",
    "digestS3Bucket",
    "digestS3Object",
    "digestPublicKeyFingerprint",
)
_FILE_TEXTS = ("s3Bucket", "s3Object", "hashValue")
_PREVIOUS = ("previousDigestS3Object", "previousDigestSignature")

_DIGEST_KEY = re.compile(
    r"(?:.*/)?AWSLogs/(?:o-[^/]+/)?(?P<account>\d{12})/CloudTrail-Digest/(?P<region>[^/]+)/"
    r"\d{4}/\d\d/\d\d/\d{12}_CloudTrail-Digest_[^/]+_(?P<end>\d{8}T\d{6}Z)"
    r"(?P<backfill>_backfill)?\.json\.gz"
)
_LOG_KEY = re.compile(
    r"(?:.*/)?AWSLogs/(?:o-[^/]+/)?(?P<account>\d{12})/CloudTrail/(?P<region>[^/]+)/"
    r"\d{4}/\d\d/\d\d/[^/]+\.json\.gz"
)


@dataclass(frozen=True, order=True)
class Place:
    """Whose digests form one chain."""

    account_id: str
    region: str
    is_backfill: bool = False

    def __str__(self) -> str:
        return f"{self.account_id} {self.region}{' backfill' if self.is_backfill else ''}"


class DigestError(ValueError):
    """A digest isn't one."""


@dataclass(frozen=True)
class Digest:
    """A digest as it was read."""

    key: str
    text: bytes
    fields: Mapping[str, Any]
    signature: str

    @classmethod
    def read(cls, version: Version, content: bytes) -> Digest:
        """Read a digest.

        Raises:
            DigestError: it isn't compressed JSON with a digest's fields, or has no signature.
        """
        try:
            text = inflate(content)
            fields = json.loads(text)
            _check(fields)
        except (ValueError, KeyError, TypeError) as error:
            raise DigestError(f"it isn't a digest: {error!r}") from None
        if not version.signature or version.signature_algorithm != ALGORITHM:
            raise DigestError(f"its metadata holds no signature by {ALGORITHM}")
        return cls(version.key, text, fields, version.signature)

    @property
    def start(self) -> datetime:
        """When its hour begins."""
        return datetime.fromisoformat(self.fields["digestStartTime"])

    @property
    def end(self) -> datetime:
        """When its hour ends."""
        return datetime.fromisoformat(self.fields["digestEndTime"])

    @property
    def hash_value(self) -> str:
        """The hash that the next digest names it by."""
        return hashlib.sha256(self.text).hexdigest()

    def is_signed_by(self, key: PublicKey) -> bool:
        """Whether the key's owner signed exactly this."""
        fields = self.fields
        signed = "\n".join(
            (
                fields["digestEndTime"],
                f"{fields['digestS3Bucket']}/{fields['digestS3Object']}",
                self.hash_value,
                fields["previousDigestSignature"] or "null",
            )
        )
        try:
            public = serialization.load_der_public_key(base64.b64decode(key.value))
            if not isinstance(public, rsa.RSAPublicKey):
                return False
            public.verify(
                binascii.unhexlify(self.signature),
                signed.encode(),
                padding.PKCS1v15(),
                hashes.SHA256(),
            )
        except (InvalidSignature, UnsupportedAlgorithm, ValueError):
            return False
        return True


def _check(fields: Mapping[str, Any]) -> None:
    """See that all is there that is read later; who changed a digest may have written anything.

    Raises:
        KeyError: a field is missing.
        TypeError: a field is of another type.
        ValueError: a time isn't one, or has no zone.
    """
    texts = [fields[name] for name in _TEXTS]
    texts += [each[name] for each in fields["logFiles"] for name in _FILE_TEXTS]
    texts += [fields[name] for name in _PREVIOUS if fields[name] is not None]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("a field isn't text")
    for name in ("digestStartTime", "digestEndTime"):
        if datetime.fromisoformat(fields[name]).tzinfo is None:
            raise ValueError(f"{name} has no zone")


def place_of_digest(key: str) -> tuple[Place, datetime] | None:
    """Read whose digest a key is, and when its hour ends; None for another key."""
    match = _DIGEST_KEY.fullmatch(key)
    if match is None:
        return None
    place = Place(match["account"], match["region"], bool(match["backfill"]))
    return place, datetime.strptime(match["end"] + "+0000", "%Y%m%dT%H%M%SZ%z")


def is_of_trail(key: str, trail_arn: str) -> bool:
    """Whether a digest is of this trail; several may write to one bucket."""
    home, name = trail_arn.split(":")[3], trail_arn.rpartition("/")[2]
    return place_of_digest(key) is not None and f"_{name}_{home}_" in key


def place_of_log(key: str) -> Place | None:
    """Read whose log file a key is; None for another key."""
    match = _LOG_KEY.fullmatch(key)
    return Place(match["account"], match["region"]) if match else None


def inflate(content: bytes) -> bytes:
    """Decompress a file, all of it.

    Raises:
        ValueError: it isn't one gzip file and nothing else.
    """
    stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        text = stream.decompress(content) + stream.flush()
    except zlib.error as error:
        raise ValueError(f"it can't be decompressed: {error}") from None
    if not stream.eof or stream.unused_data:
        raise ValueError("it isn't one gzip file: it is cut off, or something follows")
    return text
