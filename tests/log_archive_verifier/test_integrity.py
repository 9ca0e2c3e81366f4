"""What the verifier finds out about a trail's files: each tampering, as what it is."""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from harness.testing import pci

if TYPE_CHECKING:
    from pathlib import Path

    from log_archive_verifier.conftest import Evidence

pytestmark = pci("10.3.4")


def rewrite(path: Path, **changes: Any) -> None:
    """Change fields of a digest, as somebody without CloudTrail's key can."""
    document = json.loads(gzip.decompress(path.read_bytes()))
    path.write_bytes(gzip.compress(json.dumps({**document, **changes}).encode()))


def test_what_cloudtrail_wrote_is_right(evidence: Evidence) -> None:
    status, report = evidence.report()
    assert report["findings"] == []
    assert status == 0
    verified = report["verified"]
    assert verified["digests"] == 6
    assert verified["log_files"] >= 4
    assert verified["chains"] == 2


def test_a_missing_log_file_is_named(evidence: Evidence) -> None:
    key = evidence.key(evidence.logs()[1])
    evidence.forget(key)
    assert evidence.verify() == (1, [("missing", key)])


def test_a_changed_byte_is_found(evidence: Evidence) -> None:
    log = evidence.logs()[1]
    text = bytearray(gzip.decompress(log.read_bytes()))
    text[len(text) // 2] ^= 1
    log.write_bytes(gzip.compress(bytes(text)))
    assert evidence.verify() == (1, [("changed", evidence.key(log))])


def test_what_was_added_behind_a_log_file_is_found(evidence: Evidence) -> None:
    log = evidence.logs()[0]
    log.write_bytes(log.read_bytes() + gzip.compress(b"{}"))
    assert evidence.verify() == (1, [("changed", evidence.key(log))])


def test_a_cut_log_file_is_found(evidence: Evidence) -> None:
    log = evidence.logs()[0]
    log.write_bytes(log.read_bytes()[:-20])
    assert evidence.verify() == (1, [("changed", evidence.key(log))])


def test_a_planted_log_file_is_found(evidence: Evidence) -> None:
    log = evidence.logs()[0]
    planted = log.with_name(log.name.replace(".json.gz", "x.json.gz"))
    planted.write_bytes(log.read_bytes())
    bucket = evidence.load("bucket.json")
    like = next(each for each in bucket["versions"] if each["key"] == evidence.key(log))
    bucket["versions"].append({**like, "key": evidence.key(planted)})
    evidence.store("bucket.json", bucket)
    assert evidence.verify() == (1, [("unvouched", evidence.key(planted))])


@pytest.mark.parametrize("number", [0, 1])
def test_a_missing_digest_is_named_by_the_next(evidence: Evidence, number: int) -> None:
    digest = evidence.digests()[number]
    (log,) = json.loads(gzip.decompress(digest.read_bytes()))["logFiles"]
    evidence.forget(evidence.key(digest))
    missing, unvouched = ("missing", evidence.key(digest)), ("unvouched", log["s3Object"])
    status, found = evidence.verify()
    assert status == 1
    assert sorted(found) == sorted([missing, unvouched])


def test_a_digest_that_was_changed_isnt_signed(evidence: Evidence) -> None:
    digest = evidence.digests()[1]
    rewrite(digest, logFiles=[])
    status, found = evidence.verify()
    assert status == 1
    assert ("bad-signature", evidence.key(digest)) in found
    assert ("broken-chain", evidence.key(evidence.digests()[2])) in found


def test_a_signature_of_another_digest_is_none(evidence: Evidence) -> None:
    first, second, _ = (evidence.key(path) for path in evidence.digests())
    (other,) = [each["signature"] for each in evidence.versions(first)]
    for version in evidence.versions(second):
        version["signature"] = other
    assert ("bad-signature", second) in evidence.verify()[1]


def test_a_digest_without_signature_is_none(evidence: Evidence) -> None:
    key = evidence.key(evidence.digests()[2])
    for version in evidence.versions(key):
        version["signature"] = None
    assert ("unreadable", key) in evidence.verify()[1]


@pytest.mark.parametrize(
    "changes",
    [
        {"digestStartTime": "2026-01-01T00:00:00"},
        {"digestEndTime": "yesterday"},
        {"digestEndTime": None},
        {"logFiles": [{"s3Bucket": "b", "s3Object": 1, "hashValue": "x"}]},
        {"logFiles": None},
        {"logFiles": [{}]},
        {"previousDigestS3Object": 1},
        {"digestPublicKeyFingerprint": ["x"]},
    ],
)
def test_what_is_no_digest_is_unreadable(evidence: Evidence, changes: dict[str, Any]) -> None:
    *_, last = evidence.digests()
    rewrite(last, **changes)
    assert ("unreadable", evidence.key(last)) in evidence.verify()[1]


def test_names_lead_nowhere_else(evidence: Evidence) -> None:
    *_, last = evidence.digests()
    outside = "../../../../../../etc/passwd"
    rewrite(last, previousDigestS3Object=outside)
    assert ("missing", outside) in evidence.verify()[1]


def test_a_digest_elsewhere_was_moved(evidence: Evidence) -> None:
    *_, last = evidence.digests()
    rewrite(last, digestS3Bucket="another-bucket")
    assert ("moved", evidence.key(last)) in evidence.verify()[1]


def test_a_key_that_cloudtrail_doesnt_have_is_named(evidence: Evidence) -> None:
    keys = evidence.load("public-keys.json")
    evidence.store("public-keys.json", [each for each in keys if each["region"] != "eu-west-1"])
    status, found = evidence.verify()
    assert status == 1
    assert {("unknown-key", evidence.key(path)) for path in evidence.digests()} <= set(found)


def test_another_key_of_that_name_has_signed_nothing(evidence: Evidence, tmp_path: Path) -> None:
    public = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    forged = [
        {**each, "value": base64.b64encode(der).decode()}
        for each in evidence.load("public-keys.json")
    ]
    own = tmp_path / "own.json"
    own.write_text(json.dumps(forged))
    assert evidence.verify()[0] == 0
    _, found = evidence.verify("--public-keys", str(own))
    assert {("bad-signature", evidence.key(path)) for path in evidence.digests()} <= set(found)


def test_the_end_of_a_chain_cant_be_cut_off(evidence: Evidence) -> None:
    collected = evidence.load("collected.json")
    five_hours_on = collected["end"].replace("+00:00", "-05:00")
    evidence.store("collected.json", {**collected, "end": five_hours_on})
    status, found = evidence.verify()
    assert status == 1
    assert ("gap", f"{evidence.archive.sender_id} eu-west-1") in found


def test_an_account_without_digests_is_missed(evidence: Evidence) -> None:
    assert evidence.verify("--account", evidence.archive.sender_id)[0] == 0
    assert evidence.verify("--account", "999999999999") == (1, [("missing", "999999999999")])


def test_what_no_digest_covers_yet_is_no_finding(evidence: Evidence) -> None:
    *_, last = evidence.digests()
    document = json.loads(gzip.decompress(last.read_bytes()))
    (log,) = document["logFiles"]
    evidence.forget(evidence.key(last))
    for version in evidence.versions(log["s3Object"]):
        version["written"] = document["digestStartTime"]
    _, report = evidence.report()
    assert report["findings"] == []
    assert report["verified"]["not_vouched_yet"] == 1
