"""Stands in for the organization and its log archive where an environment is applied alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.aws import EmbeddedAWS

ORGANIZATION = Path(__file__).resolve().parents[2] / "environments" / "organization.json"
_MANAGEMENT, _ARCHIVE = "management", "log-archive"


def known_organization() -> dict[str, Any]:
    """Return what environments/organization.json says: domain, region and accounts by name."""
    document: dict[str, Any] = json.loads(ORGANIZATION.read_text(encoding="utf-8"))
    return document


def found_organization(aws: EmbeddedAWS, accounts: Mapping[str, str]) -> str:
    """Make an organization of these accounts, and return its id.

    Args:
        aws: made with `account_ids`, so that the accounts get theirs.
        accounts: ids by name, the management account's among them.
    """
    organizations = aws.client("organizations", accounts[_MANAGEMENT])
    organization = organizations.create_organization(FeatureSet="ALL")["Organization"]
    for name in sorted(accounts.keys() - {_MANAGEMENT}):
        organizations.create_account(AccountName=name, Email=f"{name}@payments.example")
    return str(organization["Id"])


def make_log_destination(aws: EmbeddedAWS, archive_id: str, organization_id: str) -> str:
    """Make the destination of non-production logs in the archive's account, and return its ARN.

    Nothing is locked there: what is tested with it isn't the archive.
    """
    iam, s3 = aws.client("iam", archive_id), aws.client("s3", archive_id)
    firehose, logs = aws.client("firehose", archive_id), aws.client("logs", archive_id)
    name = "payments-logs-nonproduction"
    bucket = f"{name}-{archive_id}"
    s3.create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name}
    )
    writer = _role(
        iam,
        f"{name}-stream",
        "firehose.amazonaws.com",
        ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListBucket"],
        [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
    )
    stream = firehose.create_delivery_stream(
        DeliveryStreamName=name,
        ExtendedS3DestinationConfiguration={
            "BucketARN": f"arn:aws:s3:::{bucket}",
            "RoleARN": writer,
            "Prefix": "cloudwatch/",
            "ErrorOutputPrefix": "errors/",
        },
    )["DeliveryStreamARN"]
    sender = _role(
        iam,
        f"{name}-destination",
        "logs.amazonaws.com",
        ["firehose:PutRecord", "firehose:PutRecordBatch"],
        [stream],
    )
    destination = logs.put_destination(destinationName=name, targetArn=stream, roleArn=sender)
    arn = str(destination["destination"]["arn"])
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["logs:PutAccountPolicy", "logs:PutSubscriptionFilter"],
        "Resource": arn,
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": organization_id}},
    }
    logs.put_destination_policy(destinationName=name, accessPolicy=_policy(statement))
    return arn


def _role(iam: Any, name: str, service: str, actions: list[str], resources: list[str]) -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))["Role"]
    grant = {"Effect": "Allow", "Action": actions, "Resource": resources}
    iam.put_role_policy(RoleName=name, PolicyName="write", PolicyDocument=_policy(grant))
    return str(role["Arn"])


def _policy(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
