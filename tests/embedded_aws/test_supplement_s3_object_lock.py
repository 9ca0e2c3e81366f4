"""S3 Object Lock through boto3: a lock that moto lets slip is none."""

from __future__ import annotations

import contextlib
import datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Clients = Callable[[str], Any]

BUCKET = "archive"


@pytest.fixture
def s3(client: Clients) -> Any:
    made = client("s3")
    made.create_bucket(
        Bucket=BUCKET,
        ObjectLockEnabledForBucket=True,
        CreateBucketConfiguration={"LocationConstraint": "eu-west-1"},
    )
    return made


NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def in_days(number: int) -> datetime.datetime:
    return NOW + datetime.timedelta(number)


def put(s3: Any, **lock: Any) -> str:
    return str(s3.put_object(Bucket=BUCKET, Key="log", Body=b"x", **lock)["VersionId"])


def put_locked(s3: Any, mode: str, days: int = 10) -> str:
    return put(s3, ObjectLockMode=mode, ObjectLockRetainUntilDate=in_days(days))


def retain(s3: Any, mode: str, days: int, **options: Any) -> None:
    retention = {"Mode": mode, "RetainUntilDate": in_days(days)}
    s3.put_object_retention(Bucket=BUCKET, Key="log", Retention=retention, **options)


def lock_by_default(s3: Any, **default: Any) -> None:
    configuration: dict[str, Any] = {"ObjectLockEnabled": "Enabled"}
    if default:
        configuration["Rule"] = {"DefaultRetention": default}
    s3.put_object_lock_configuration(Bucket=BUCKET, ObjectLockConfiguration=configuration)


@contextlib.contextmanager
def refused(code: str, message: str) -> Iterator[None]:
    with pytest.raises(ClientError) as refusal:
        yield
    error = refusal.value.response["Error"]
    assert (error["Code"], error["Message"]) == (code, message)


def by_lock() -> contextlib.AbstractContextManager[None]:
    return refused("AccessDenied", "Access Denied because object protected by object lock.")


@pytest.mark.mends("s3:PutObjectRetention")
@pytest.mark.parametrize("options", [{}, {"BypassGovernanceRetention": True}])
def test_compliance_only_ever_grows(s3: Any, options: dict[str, bool]) -> None:
    put_locked(s3, "COMPLIANCE")
    for mode, days in (("COMPLIANCE", 9), ("GOVERNANCE", 10), ("GOVERNANCE", 99)):
        with by_lock():
            retain(s3, mode, days, **options)
    with by_lock():
        s3.put_object_retention(Bucket=BUCKET, Key="log", Retention={}, **options)
    retain(s3, "COMPLIANCE", 11)
    assert s3.head_object(Bucket=BUCKET, Key="log")["ObjectLockRetainUntilDate"] == in_days(11)


def test_governance_is_lifted_by_who_says_so(s3: Any) -> None:
    version = put_locked(s3, "GOVERNANCE")
    with by_lock():
        retain(s3, "GOVERNANCE", 9)
    retain(s3, "GOVERNANCE", 1, BypassGovernanceRetention=True)
    retain(s3, "COMPLIANCE", 2)
    with by_lock():
        s3.delete_object(
            Bucket=BUCKET, Key="log", VersionId=version, BypassGovernanceRetention=True
        )


@pytest.mark.mends("s3:GetObjectRetention")
def test_an_objects_retention_can_be_read(s3: Any) -> None:
    put_locked(s3, "COMPLIANCE")
    found = s3.get_object_retention(Bucket=BUCKET, Key="log")["Retention"]
    assert found == {"Mode": "COMPLIANCE", "RetainUntilDate": in_days(10)}
    put(s3)
    with pytest.raises(ClientError, match="NoSuchObjectLockConfiguration"):
        s3.get_object_retention(Bucket=BUCKET, Key="log")
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object_retention(Bucket=BUCKET, Key="absent")


@pytest.mark.mends("s3:PutObjectLockConfiguration")
def test_a_buckets_lock_applies_to_whatever_is_put(s3: Any) -> None:
    put(s3)
    lock_by_default(s3, Mode="COMPLIANCE", Days=3)
    put(s3)
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="parts")["UploadId"]
    of_upload = {"Bucket": BUCKET, "Key": "parts", "UploadId": upload}
    part = s3.upload_part(PartNumber=1, Body=b"x", **of_upload)
    parts = [{"PartNumber": 1, "ETag": part["ETag"]}]
    s3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **of_upload)
    for key in ("log", "parts"):
        head = s3.head_object(Bucket=BUCKET, Key=key)
        assert head["ObjectLockMode"] == "COMPLIANCE"
        since = head["ObjectLockRetainUntilDate"] - in_days(3)
        assert datetime.timedelta() <= since < datetime.timedelta(hours=2)


@pytest.mark.mends("s3:CopyObject")
def test_a_buckets_lock_applies_to_copies(s3: Any) -> None:
    put(s3)
    lock_by_default(s3, Mode="COMPLIANCE", Days=3)
    s3.copy_object(Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": "log"})
    assert s3.head_object(Bucket=BUCKET, Key="copy")["ObjectLockMode"] == "COMPLIANCE"


def test_the_default_can_go_but_not_the_lock(s3: Any) -> None:
    lock_by_default(s3, Mode="GOVERNANCE", Years=1)
    lock_by_default(s3)
    found = s3.get_object_lock_configuration(Bucket=BUCKET)["ObjectLockConfiguration"]
    assert found == {"ObjectLockEnabled": "Enabled"}
    for wrong in ({"Mode": "GOVERNANCE"}, {"Mode": "SOME", "Days": 1}):
        with pytest.raises(ClientError, match="MalformedXML"):
            lock_by_default(s3, **wrong)
    with pytest.raises(ClientError, match="MalformedXML"):
        s3.put_object_lock_configuration(
            Bucket=BUCKET, ObjectLockConfiguration={"ObjectLockEnabled": "Disabled"}
        )


@pytest.mark.mends("s3:PutBucketVersioning")
def test_versioning_stays_on(s3: Any) -> None:
    versioning = {"Bucket": BUCKET, "VersioningConfiguration": {"Status": "Suspended"}}
    with refused(
        "InvalidBucketState",
        "An Object Lock configuration is present on this bucket, so the versioning state cannot be"
        " changed.",
    ):
        s3.put_bucket_versioning(**versioning)
    versioning["VersioningConfiguration"] = {"Status": "Enabled"}
    s3.put_bucket_versioning(**versioning)


@pytest.mark.mends("s3:PutObject")
def test_half_a_lock_is_none(s3: Any) -> None:
    both = "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied"
    with refused("InvalidArgument", both):
        put(s3, ObjectLockMode="COMPLIANCE")
    with refused("InvalidArgument", both):
        put(s3, ObjectLockRetainUntilDate=in_days(1))
    with refused("InvalidArgument", "Unknown wormMode directive."):
        put_locked(s3, "SOME")
    with refused("InvalidArgument", "The retain until date must be in the future!"):
        put_locked(s3, "COMPLIANCE", -1)


@pytest.mark.mends("s3:DeleteObjectVersion")
def test_a_locked_version_stays(s3: Any) -> None:
    version = put_locked(s3, "GOVERNANCE")
    of_version = {"Bucket": BUCKET, "Key": "log", "VersionId": version}
    for options in ({}, {"BypassGovernanceRetention": False}):
        with by_lock():
            s3.delete_object(**of_version, **options)
    batch = {"Objects": [{"Key": "log", "VersionId": version}]}
    (error,) = s3.delete_objects(Bucket=BUCKET, Delete=batch)["Errors"]
    assert error["Message"] == "Access Denied because object protected by object lock."
    s3.delete_object(Bucket=BUCKET, Key="log")  # a marker hides it, and no more
    assert s3.get_object(**of_version)["Body"].read() == b"x"
    s3.delete_object(**of_version, BypassGovernanceRetention=True)
    with pytest.raises(ClientError, match="NoSuch"):
        s3.get_object(**of_version)
