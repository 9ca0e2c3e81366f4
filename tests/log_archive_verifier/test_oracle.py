"""AWS's own validator, of the awscli package, judges the same trail: both must say the same."""

from __future__ import annotations

import contextlib
import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from harness.testing.log_archive import Archive
    from log_archive_verifier.conftest import Trail


def keys(archive: Archive, part: str) -> list[str]:
    """List the sender's log files or digests, oldest first."""
    prefix = f"AWSLogs/{archive.organization_id}/{archive.sender_id}/{part}/eu-west-1/"
    s3 = archive.client("s3")
    found = s3.list_objects_v2(Bucket=archive.bucket, Prefix=prefix)["Contents"]
    return sorted((each["Key"] for each in found), key=lambda key: key.rpartition("/")[2])


@contextlib.contextmanager
def changed(
    archive: Archive, key: str, change: Callable[[dict[str, Any]], object]
) -> Iterator[None]:
    """Put another version of an object in its place, with its old metadata, for a while."""
    s3, of_object = archive.client("s3"), {"Bucket": archive.bucket, "Key": key}
    found = s3.get_object(**of_object)
    document = json.loads(gzip.decompress(found["Body"].read()))
    change(document)
    body = gzip.compress(json.dumps(document).encode())
    put = s3.put_object(**of_object, Body=body, Metadata=found["Metadata"])
    yield
    version = put["VersionId"]
    s3.delete_object(**of_object, VersionId=version, BypassGovernanceRetention=True)


@contextlib.contextmanager
def deleted(archive: Archive, key: str) -> Iterator[None]:
    """Hide an object behind a delete marker for a while."""
    s3, of_object = archive.client("s3"), {"Bucket": archive.bucket, "Key": key}
    marker = s3.delete_object(**of_object)["VersionId"]
    yield
    s3.delete_object(**of_object, VersionId=marker)


def deleted_log(archive: Archive) -> contextlib.AbstractContextManager[None]:
    return deleted(archive, keys(archive, "CloudTrail")[1])


def changed_log(archive: Archive) -> contextlib.AbstractContextManager[None]:
    return changed(archive, keys(archive, "CloudTrail")[1], lambda log: log["Records"].pop())


def deleted_digest(archive: Archive) -> contextlib.AbstractContextManager[None]:
    return deleted(archive, keys(archive, "CloudTrail-Digest")[1])


def changed_digest(archive: Archive) -> contextlib.AbstractContextManager[None]:
    key = keys(archive, "CloudTrail-Digest")[1]
    return changed(archive, key, lambda digest: digest["logFiles"].clear())


def moved_digest(archive: Archive) -> contextlib.AbstractContextManager[None]:
    key = keys(archive, "CloudTrail-Digest")[1]
    return changed(archive, key, lambda digest: digest.update(digestS3Bucket="another"))


def other_key(archive: Archive) -> contextlib.AbstractContextManager[None]:
    key = keys(archive, "CloudTrail-Digest")[1]
    return changed(archive, key, lambda digest: digest.update(digestPublicKeyFingerprint="0" * 32))


CASES = [
    (contextlib.nullcontext, None),
    (deleted_log, "missing"),
    (changed_log, "changed"),
    (deleted_digest, "missing"),
    (changed_digest, "bad-signature"),
    (moved_digest, "moved"),
    (other_key, "unknown-key"),
]


@pytest.mark.parametrize(("tampering", "kind"), CASES)
def test_both_refuse_the_same(
    trail: Trail,
    evidence_of: Callable[[Path], Any],
    tampering: Callable[[Archive], contextlib.AbstractContextManager[None]],
    kind: str | None,
    tmp_path: Path,
) -> None:
    with tampering(trail.archive):
        assert trail.collect(tmp_path / "now", "--from", trail.start) == 0
        accepted, said = trail.archive.judged_by_awscli(trail.archive.sender_id)
    _, found = evidence_of(tmp_path / "now").verify()
    assert accepted == (kind is None), said
    kinds = {each for each, _ in found}
    assert kind in kinds if kind else not kinds
