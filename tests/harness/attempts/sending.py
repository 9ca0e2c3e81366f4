"""Attempts that the embedded AWS refuses as AWS does, so that they can be sent."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.attempts.targets import Deployed


def delete_version(session: Any, deployed: Deployed, *, bypass: bool = False) -> None:
    """Delete the locked version itself, not merely hide it."""
    stored = deployed.stored
    options = {"BypassGovernanceRetention": True} if bypass else {}
    session.client("s3").delete_object(
        Bucket=stored.bucket, Key=stored.key, VersionId=stored.version, **options
    )


def bypass_lock(session: Any, deployed: Deployed) -> None:
    """Delete it with the header that GOVERNANCE yields to."""
    delete_version(session, deployed, bypass=True)


def shorten_retention(session: Any, deployed: Deployed) -> None:
    """End its lock tomorrow."""
    stored = deployed.stored
    session.client("s3").put_object_retention(
        Bucket=stored.bucket,
        Key=stored.key,
        VersionId=stored.version,
        Retention={
            "Mode": stored.mode,
            "RetainUntilDate": datetime.now(UTC) + timedelta(days=1),
        },
    )


def suspend_versioning(session: Any, deployed: Deployed) -> None:
    """Have the next write of a key replace what is there."""
    session.client("s3").put_bucket_versioning(
        Bucket=deployed.stored.bucket, VersioningConfiguration={"Status": "Suspended"}
    )


def change_lock(session: Any, deployed: Deployed) -> None:
    """Lock what is written from now on for a day."""
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    session.client("s3").put_object_lock_configuration(
        Bucket=deployed.stored.bucket,
        ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule},
    )


def change_lifecycle(session: Any, deployed: Deployed) -> None:
    """Have everything expire after a day."""
    rule = {"ID": "soon", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}}
    session.client("s3").put_bucket_lifecycle_configuration(
        Bucket=deployed.stored.bucket, LifecycleConfiguration={"Rules": [rule]}
    )


def change_policy(session: Any, deployed: Deployed) -> None:
    """Replace the bucket's policy by one that refuses nothing."""
    allows = {
        "Effect": "Allow",
        "Principal": {"AWS": deployed.accounts["log-archive"]},
        "Action": "s3:GetObject",
        "Resource": f"{deployed.targets['archive bucket'].arn}/*",
    }
    session.client("s3").put_bucket_policy(
        Bucket=deployed.stored.bucket,
        Policy=json.dumps({"Version": "2012-10-17", "Statement": [allows]}),
    )


def remove_policy(session: Any, deployed: Deployed) -> None:
    """Take the bucket's policy away."""
    session.client("s3").delete_bucket_policy(Bucket=deployed.stored.bucket)


def change_encryption(session: Any, deployed: Deployed) -> None:
    """Encrypt what is written from now on with a key that nobody guards."""
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    session.client("s3").put_bucket_encryption(
        Bucket=deployed.stored.bucket, ServerSideEncryptionConfiguration={"Rules": [rule]}
    )


def subscribe_destination(session: Any, deployed: Deployed) -> None:
    """Send a group's logs to the destination, with a role as AWS wants it."""
    iam, logs = session.client("iam"), session.client("logs", region_name=deployed.region)
    group = role = "outsiders-attempt"
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "logs.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
    made = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    logs.create_log_group(logGroupName=group)
    try:
        logs.put_subscription_filter(
            logGroupName=group,
            filterName="attempt",
            filterPattern="",
            destinationArn=deployed.targets["log destination"].arn,
            roleArn=made["Arn"],
        )
    finally:
        logs.delete_log_group(logGroupName=group)
        iam.delete_role(RoleName=role)
