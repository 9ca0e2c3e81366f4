"""Bucket policies through boto3: who is refused what, and in which words."""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.aws import EmbeddedAWS

    Clients = Callable[[str], Any]

ACCOUNT = "444444444444"
OTHER = "555555555555"
BUCKET = "archive"
ARN = f"arn:aws:s3:::{BUCKET}"


@pytest.fixture
def enforced(aws: EmbeddedAWS) -> Iterator[None]:
    with aws.bucket_policies_enforced():
        yield


@pytest.fixture
def s3(client: Clients) -> Any:
    made = client("s3")
    made.create_bucket(
        Bucket=BUCKET,
        ObjectLockEnabledForBucket=True,
        CreateBucketConfiguration={"LocationConstraint": "eu-west-1"},
    )
    made.put_object(Bucket=BUCKET, Key="log", Body=b"x")
    return made


def deny(*actions: str, **elements: Any) -> dict[str, Any]:
    both = [ARN, f"{ARN}/*"]
    statement = {"Effect": "Deny", "Principal": "*", "Action": list(actions), "Resource": both}
    return {**statement, **elements}


def guard(s3: Any, *statements: dict[str, Any]) -> None:
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))


@pytest.mark.mends("s3:PutBucketPolicy")
def test_a_conditional_denial_leaves_other_requests_alone(s3: Any) -> None:
    insecure = deny("s3:*", Condition={"Bool": {"aws:SecureTransport": "false"}})
    guard(s3, insecure)
    s3.put_object(Bucket=BUCKET, Key="state", Body=b"{}")
    guard(s3, insecure, deny("s3:GetObject"))
    with pytest.raises(ClientError) as refusal:
        s3.get_object(Bucket=BUCKET, Key="state")
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/OrganizationAccountAccessRole/operator"
    assert refusal.value.response["Error"] == {
        "Code": "AccessDenied",
        "Message": f"User: {session} is not authorized to perform: s3:GetObject on resource:"
        f' "{ARN}/state" with an explicit deny in a resource-based policy',
    }
    s3.put_object(Bucket=BUCKET, Key="state", Body=b"{}")


@pytest.mark.usefixtures("enforced")
def test_only_an_administrator_changes_the_bucket(aws: EmbeddedAWS, s3: Any) -> None:
    administrator = f"arn:aws:iam::{ACCOUNT}:role/OrganizationAccountAccessRole"
    others = {"ArnNotLike": {"aws:PrincipalArn": administrator}}
    changes = (
        "s3:PutBucketPolicy",
        "s3:DeleteBucketPolicy",
        "s3:PutBucketObjectLockConfiguration",
        "s3:PutLifecycleConfiguration",
        "s3:PutEncryptionConfiguration",
        "s3:PutBucketVersioning",
        "s3:DeleteBucket",
    )
    guard(s3, deny(*changes, Condition=others))
    other = aws.session(ACCOUNT, role="payments-deploy").client("s3")
    rule = {"Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
    by_s3 = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    attempts: list[tuple[str, dict[str, Any]]] = [
        ("delete_bucket_policy", {}),
        ("delete_bucket", {}),
        ("put_bucket_policy", {"Policy": "{}"}),
        ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Enabled"}}),
        (
            "put_object_lock_configuration",
            {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}},
        ),
        ("put_bucket_lifecycle_configuration", {"LifecycleConfiguration": {"Rules": [rule]}}),
        ("delete_bucket_lifecycle", {}),
        ("put_bucket_encryption", {"ServerSideEncryptionConfiguration": {"Rules": [by_s3]}}),
        ("delete_bucket_encryption", {}),
    ]
    for name, arguments in attempts:
        with pytest.raises(ClientError, match="explicit deny"):
            getattr(other, name)(Bucket=BUCKET, **arguments)
    other.get_bucket_policy(Bucket=BUCKET)
    s3.delete_bucket_policy(Bucket=BUCKET)


@pytest.mark.usefixtures("enforced")
def test_versions_and_bypasses_have_their_own_names(s3: Any) -> None:
    of_version = {
        "Bucket": BUCKET,
        "Key": "log",
        "VersionId": s3.head_object(Bucket=BUCKET, Key="log")["VersionId"],
    }
    guard(s3, deny("s3:DeleteObjectVersion"))
    with pytest.raises(ClientError, match="s3:DeleteObjectVersion"):
        s3.delete_object(**of_version)
    batch = {"Objects": [{"Key": "log", "VersionId": of_version["VersionId"]}]}
    (error,) = s3.delete_objects(Bucket=BUCKET, Delete=batch)["Errors"]
    assert error["Code"] == "AccessDenied"
    guard(s3, deny("s3:BypassGovernanceRetention"))
    with pytest.raises(ClientError, match="s3:BypassGovernanceRetention"):
        s3.delete_object(**of_version, BypassGovernanceRetention=True)
    s3.delete_object(**of_version)


@pytest.mark.usefixtures("enforced")
def test_shorter_locks_can_be_denied(s3: Any) -> None:
    shorter = {"NumericLessThan": {"s3:object-lock-remaining-retention-days": "10"}}
    guard(s3, deny("s3:PutObjectRetention", "s3:PutObject", Condition=shorter))
    for days in (5, 11):
        until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days)
        lock = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until}
        retention = {"Mode": "COMPLIANCE", "RetainUntilDate": until}
        if days < 10:
            with pytest.raises(ClientError, match="explicit deny"):
                s3.put_object(Bucket=BUCKET, Key="log", Body=b"x", **lock)
            with pytest.raises(ClientError, match="explicit deny"):
                s3.put_object_retention(Bucket=BUCKET, Key="log", Retention=retention)
        else:
            s3.put_object(Bucket=BUCKET, Key="log", Body=b"x", **lock)
            s3.put_object_retention(Bucket=BUCKET, Key="log", Retention=retention)


@pytest.mark.usefixtures("enforced")
def test_another_account_needs_to_be_allowed(aws: EmbeddedAWS, s3: Any) -> None:
    other = aws.client("s3", OTHER)
    with pytest.raises(ClientError, match="because no resource-based policy allows"):
        other.get_object(Bucket=BUCKET, Key="log")
    allow = {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Resource": f"{ARN}/*"}
    guard(s3, {**allow, "Action": "s3:GetObject"})
    assert other.get_object(Bucket=BUCKET, Key="log")["Body"].read() == b"x"
    with pytest.raises(ClientError, match="because no resource-based policy allows"):
        other.put_object(Bucket=BUCKET, Key="log", Body=b"y")


def test_otherwise_only_objects_are_guarded_without_conditions(aws: EmbeddedAWS, s3: Any) -> None:
    everybody = {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/nobody"}}
    guard(s3, deny("s3:*", Condition=everybody), deny("s3:DeleteObject", "s3:PutBucketPolicy"))
    s3.get_object(Bucket=BUCKET, Key="log")
    with pytest.raises(ClientError, match="explicit deny"):
        s3.delete_object(Bucket=BUCKET, Key="log")
    aws.client("s3", OTHER).get_object(Bucket=BUCKET, Key="log")
    s3.delete_bucket_policy(Bucket=BUCKET)
