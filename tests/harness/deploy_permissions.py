"""Which permissions a role would have needed on AWS for the calls that it made here.

The embedded AWS enforces no identity policy, so what a role did is compared with what it may.
Resources and conditions are others' matter; this finds actions that are missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.iam.entities import read_role

if TYPE_CHECKING:
    from harness.aws import Call, EmbeddedAWS

# Where a call's name isn't its permission's.
SERVICES = {"monitoring": "cloudwatch"}
PERMISSIONS = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:DeleteBucketLifecycle": "s3:PutLifecycleConfiguration",
    "s3:DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:GetBucketReplication": "s3:GetReplicationConfiguration",
    "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjects": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "s3:PutObjectLockConfiguration": "s3:PutBucketObjectLockConfiguration",
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
}
NEEDS_NONE = {"sts:GetCallerIdentity"}


def permission_of(call: Call) -> str:
    """Give the IAM action of a call; API Gateway's management has the HTTP methods instead."""
    service = SERVICES.get(call.service, call.service)
    action = call.method if service == "apigateway" else call.action
    return PERMISSIONS.get(f"{service}:{action}", f"{service}:{action}")


def permissions_used(aws: EmbeddedAWS, account_id: str, role: str) -> set[str]:
    """Give the permissions that the calls of a role needed."""
    session = f":{account_id}:assumed-role/{role}/"
    return {permission_of(call) for call in aws.calls if session in call.principal_arn}


def permissions_lacked(aws: EmbeddedAWS, account_id: str, role: str) -> set[str]:
    """Give the permissions that a role needed and that none of its policies allows."""
    allowing = [
        statement
        for statement in read_role(aws.client("iam", account_id), role).statements
        if statement.allows
    ]
    return {
        permission
        for permission in permissions_used(aws, account_id, role) - NEEDS_NONE
        if not any(statement.concerns(permission) for statement in allowing)
    }
