"""The directory that ``collect`` writes and ``verify`` reads.

``collected.json``
    when, from which trail and bucket, and for which period;
``public-keys.json``
    the keys that CloudTrail named for that period, by region;
``bucket.json``
    versioning and lock of the bucket, and each version of each object with its own lock;
``objects/``
    digests and log files as they lay in the bucket, under their keys.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

COLLECTED = "collected.json"
PUBLIC_KEYS = "public-keys.json"
BUCKET = "bucket.json"
OBJECTS = "objects"


class EvidenceError(Exception):
    """The directory can't be read, or is none that ``collect`` wrote."""


@dataclass(frozen=True)
class Collected:
    """What was asked for; times are in UTC, ``trail_arn`` is None for a bucket without a trail."""

    trail_arn: str | None
    bucket: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class PublicKey:
    """A key of a region that signs digests; ``value`` is PKCS #1 in DER, as base64."""

    region: str
    fingerprint: str
    value: str


@dataclass(frozen=True)
class Version:
    """A version of an object, or a marker that hides it."""

    key: str
    version_id: str
    is_latest: bool
    is_marker: bool
    written: datetime
    mode: str | None = None
    retained_until: datetime | None = None
    signature: str | None = None
    signature_algorithm: str | None = None


@dataclass(frozen=True)
class Bucket:
    """A bucket's own settings; ``days`` is None without a default retention."""

    name: str
    versioning: str
    is_lockable: bool
    mode: str | None
    days: int | None


@dataclass(frozen=True)
class Evidence:
    """Everything that was collected."""

    directory: Path
    collected: Collected
    keys: tuple[PublicKey, ...]
    bucket: Bucket
    versions: tuple[Version, ...]

    @classmethod
    def read(cls, directory: Path) -> Evidence:
        """Read a directory.

        Raises:
            EvidenceError: something is missing or isn't understood.
        """
        try:
            bucket = _load(directory / BUCKET)
            return cls(
                directory,
                Collected(**_times(_load(directory / COLLECTED), "start", "end")),
                read_keys(directory / PUBLIC_KEYS),
                Bucket(**bucket["settings"]),
                tuple(
                    Version(**_times(each, "written", "retained_until"))
                    for each in bucket["versions"]
                ),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise EvidenceError(f"{directory} isn't what collect writes: {error!r}") from None

    def write(self) -> None:
        """Write all but the objects."""
        _dump(self.directory / COLLECTED, asdict(self.collected))
        _dump(self.directory / PUBLIC_KEYS, [asdict(each) for each in self.keys])
        versions = [asdict(each) for each in self.versions]
        _dump(self.directory / BUCKET, {"settings": asdict(self.bucket), "versions": versions})

    def content(self, key: str) -> bytes | None:
        """Return an object's content as it lay in the bucket; None if there was none."""
        try:
            path = object_path(self.directory, key)
        except EvidenceError:
            return None
        return path.read_bytes() if path.is_file() else None


def object_path(directory: Path, key: str) -> Path:
    """Return where an object's content lies.

    Raises:
        EvidenceError: the key would lead out of the directory.
    """
    parts = key.split("/")
    if not all(parts) or {".", ".."} & set(parts) or "\\" in key or "\0" in key:
        raise EvidenceError(f"the key {key!r} can't be a file's name: CloudTrail makes no such key")
    return directory.joinpath(OBJECTS, *parts)


def read_keys(path: Path) -> tuple[PublicKey, ...]:
    """Read public keys.

    Raises:
        EvidenceError: the file is missing or isn't understood.
    """
    try:
        return tuple(PublicKey(**each) for each in _load(path))
    except (TypeError, ValueError) as error:
        raise EvidenceError(f"{path} isn't a list of public keys: {error!r}") from None


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except OSError as error:
        raise EvidenceError(f"can't read {path}: {error.strerror}; run collect first") from None


def _dump(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document, indent=1, default=_iso) + "\n")


def _iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    raise TypeError(f"{value!r} isn't JSON")


def _times(document: dict[str, Any], *names: str) -> dict[str, Any]:
    read = {name: datetime.fromisoformat(document[name]) for name in names if document[name]}
    return {**document, **read}
