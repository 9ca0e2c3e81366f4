"""Makes the directory that is verified: reads a bucket, and asks CloudTrail for its keys."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from log_archive_verifier.digest import inflate, is_of_trail, place_of_digest, place_of_log
from log_archive_verifier.evidence import (
    Bucket,
    Collected,
    Evidence,
    EvidenceError,
    PublicKey,
    Version,
    object_path,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import boto3

AT_ONCE = 16  # requests
DAYS_OF_YEAR = 365

# Digests of an hour are written after it.
LATE = timedelta(hours=2)


def collect(session: boto3.Session, collected: Collected, directory: Path) -> Evidence:
    """Read what lies in a bucket, and write it below a directory.

    What was written in the period is read: its locks, and for a trail the digests and log files.

    Args:
        session: may list and read the bucket, decrypt with its key, and list CloudTrail's keys.
        collected: the bucket, the trail and the period.
        directory: is made; must not exist, or be empty.

    Raises:
        FileExistsError: there is something in the directory.
        ClientError: AWS refused a request.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise FileExistsError(f"{directory} isn't empty: collect into a new directory")
    return _Collection(session, collected, directory).run()


class _Collection:
    def __init__(self, session: boto3.Session, collected: Collected, directory: Path) -> None:
        self._session = session
        self._s3: Any = session.client("s3")
        self._collected = collected
        self._directory = directory

    def run(self) -> Evidence:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            versions = tuple(pool.map(self._with_lock, self._listed()))
            keys: tuple[PublicKey, ...] = ()
            if self._collected.trail_arn:
                digests = self._digests(versions)
                list(pool.map(self._download, digests))
                files = {each.key for each in versions if place_of_log(each.key)}
                list(pool.map(self._download, sorted(files | set(self._named(digests)))))
                keys = tuple(self._public_keys(digests))
        evidence = Evidence(self._directory, self._collected, keys, self._settings(), versions)
        evidence.write()
        return evidence

    def _listed(self) -> Iterator[Version]:
        pages = self._s3.get_paginator("list_object_versions").paginate(
            Bucket=self._collected.bucket
        )
        for page in pages:
            for kind in ("Versions", "DeleteMarkers"):
                for each in page.get(kind, ()):
                    version = Version(
                        each["Key"],
                        each["VersionId"],
                        each["IsLatest"],
                        kind == "DeleteMarkers",
                        each["LastModified"],
                    )
                    if self._is_of_period(version):
                        yield version

    def _is_of_period(self, version: Version) -> bool:
        if found := place_of_digest(version.key):
            return self._collected.start <= found[1] <= self._collected.end + LATE
        # S3 tells whole seconds.
        start = self._collected.start.replace(microsecond=0)
        return start <= version.written <= self._collected.end

    def _with_lock(self, version: Version) -> Version:
        if version.is_marker:
            return version
        head = self._s3.head_object(
            Bucket=self._collected.bucket, Key=version.key, VersionId=version.version_id
        )
        metadata = head["Metadata"]
        return Version(
            version.key,
            version.version_id,
            version.is_latest,
            version.is_marker,
            version.written,
            mode=head.get("ObjectLockMode"),
            retained_until=head.get("ObjectLockRetainUntilDate"),
            signature=metadata.get("signature"),
            signature_algorithm=metadata.get("signature-algorithm"),
        )

    def _digests(self, versions: Iterable[Version]) -> list[str]:
        """Find the digests of the trail."""
        trail = str(self._collected.trail_arn)
        return [
            each.key
            for each in versions
            if each.is_latest and not each.is_marker and is_of_trail(each.key, trail)
        ]

    def _download(self, key: str) -> None:
        """Write an object as it is; one that is gone or has no file's name is missing."""
        try:
            path = object_path(self._directory, key)
        except EvidenceError:
            return
        try:
            body = self._s3.get_object(Bucket=self._collected.bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)

    def _named(self, digests: Iterable[str]) -> Iterator[str]:
        """Find the log files that digests name, some of which are older than the period."""
        for key in digests:
            try:
                path = object_path(self._directory, key)
                named = [
                    each["s3Object"] for each in json.loads(inflate(path.read_bytes()))["logFiles"]
                ]
                logs = [name for name in named if place_of_log(name)]
            except (EvidenceError, OSError, ValueError, KeyError, TypeError):
                continue  # for verify to say
            yield from logs

    def _public_keys(self, digests: Iterable[str]) -> Iterator[PublicKey]:
        regions = {found[0].region for key in digests if (found := place_of_digest(key))}
        for region in sorted(regions):
            trails: Any = self._session.client("cloudtrail", region_name=region)
            answer = trails.list_public_keys(
                StartTime=self._collected.start - LATE, EndTime=self._collected.end + LATE
            )
            for each in answer["PublicKeyList"]:
                value = base64.b64encode(each["Value"]).decode()
                yield PublicKey(region, each["Fingerprint"], value)

    def _settings(self) -> Bucket:
        name = self._collected.bucket
        versioning = self._s3.get_bucket_versioning(Bucket=name).get("Status", "")
        try:
            answer = self._s3.get_object_lock_configuration(Bucket=name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ObjectLockConfigurationNotFoundError":
                raise
            return Bucket(name, versioning, is_lockable=False, mode=None, days=None)
        default = answer["ObjectLockConfiguration"].get("Rule", {}).get("DefaultRetention", {})
        days = default.get("Days") or default.get("Years", 0) * DAYS_OF_YEAR
        return Bucket(
            name, versioning, is_lockable=True, mode=default.get("Mode"), days=days or None
        )
