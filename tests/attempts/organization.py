"""An organization with an archive and a workload, made by hand in seconds."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.aws import EmbeddedAWS

NAME = "payments-logs-production"
ACCOUNTS = {
    "management": "111111111111",
    "log-archive": "222222222222",
    "dev": "444444444444",
    "production": "777777777777",
}
REGION = "eu-west-1"
UNITS = {"log-archive": "Archive", "dev": "NonProduction", "production": "Production"}
DEPLOY_ROLES = "arn:aws:iam::*:role/payments-deploy"
OTHERS: dict[str, Any] = {"Condition": {"ArnNotLike": {"aws:PrincipalArn": DEPLOY_ROLES}}}
LOGS = f"arn:aws:s3:::{NAME}-*"


def denies(sid: str, *actions: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    """A statement of a control policy."""
    return {"Sid": sid, "Effect": "Deny", "Action": list(actions), "Resource": resource, **more}


SETTINGS = (
    "iam:DeleteRolePolicy",
    "iam:PutRolePolicy",
    "kms:PutKeyPolicy",
    "lambda:UpdateFunctionCode",
    "firehose:UpdateDestination",
    "logs:PutAccountPolicy",
    "logs:PutDataProtectionPolicy",
    "logs:PutDestinationPolicy",
    "logs:PutRetentionPolicy",
    "logs:PutSubscriptionFilter",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketPolicy",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
)
DELETIONS = (
    "ec2:DeleteFlowLogs",
    "firehose:DeleteDeliveryStream",
    "kms:ScheduleKeyDeletion",
    "logs:DeleteAccountPolicy",
    "logs:DeleteDataProtectionPolicy",
    "logs:DeleteDestination",
    "logs:DeleteLogGroup",
    "logs:DeleteSubscriptionFilter",
)
# By unit; kept short, and not what modules/organization says.
GUARDRAILS: Mapping[str, tuple[dict[str, Any], ...]] = {
    "Root": (
        denies("Settings", *SETTINGS, **OTHERS),
        denies(
            "Nobody",
            "cloudtrail:*",
            "config:Stop*",
            "guardduty:Delete*",
            "iam:UpdateAssumeRolePolicy",
            "kms:DisableKey",
            "logs:Unmask",
            "organizations:LeaveOrganization",
        ),
        denies(
            "Elsewhere",
            "*",
            Condition={"StringNotEquals": {"aws:RequestedRegion": [REGION, "us-east-1"]}},
        ),
        denies(
            "RootUser",
            "*",
            Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}},
        ),
    ),
    "NonProduction": (denies("DeletionsByOthers", *DELETIONS, **OTHERS),),
    "Production": (denies("Deletions", *DELETIONS),),
    "Archive": (
        denies("Deletions", *DELETIONS),
        denies(
            "Locks",
            "s3:BypassGovernanceRetention",
            "s3:DeleteBucketPolicy",
            "s3:DeleteObject*",
            "s3:PutBucketVersioning",
            "s3:PutObjectRetention",
            resource=LOGS,
        ),
    ),
}


def build(aws: EmbeddedAWS) -> None:
    """Make the organization, its guardrails, the archive with one log, and dev's key."""
    _Organization(aws).build()
    build_archive(aws)
    _key(aws, "dev", "payments-dev-operations")


class _Organization:
    def __init__(self, aws: EmbeddedAWS) -> None:
        self.client: Any = aws.client("organizations", ACCOUNTS["management"])
        self.client.create_organization(FeatureSet="ALL")
        self.units: dict[str, str] = {"Root": self.client.list_roots()["Roots"][0]["Id"]}

    def build(self) -> None:
        for kind in ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"):
            self.client.enable_policy_type(RootId=self.units["Root"], PolicyType=kind)
        for name, unit in UNITS.items():
            made = self.client.create_organizational_unit(ParentId=self.units["Root"], Name=unit)
            self.units[unit] = made["OrganizationalUnit"]["Id"]
            self.client.create_account(Email=f"{name}@payments.example", AccountName=name)
            self.client.move_account(
                AccountId=ACCOUNTS[name],
                SourceParentId=self.units["Root"],
                DestinationParentId=self.units[unit],
            )
        for unit, statements in GUARDRAILS.items():
            self._attach(f"guard-{unit}", "SERVICE_CONTROL_POLICY", unit, *statements)
        organization_id = self.client.describe_organization()["Organization"]["Id"]
        outsiders = {
            "StringNotEqualsIfExists": {
                "aws:PrincipalOrgID": organization_id,
                "aws:SourceOrgID": organization_id,
            }
        }
        perimeter = denies("Outsiders", "kms:*", "s3:*", Principal="*", Condition=outsiders)
        self._attach("perimeter", "RESOURCE_CONTROL_POLICY", "Archive", perimeter)

    def _attach(self, name: str, kind: str, unit: str, *statements: dict[str, Any]) -> None:
        content = json.dumps({"Version": "2012-10-17", "Statement": statements})
        made = self.client.create_policy(Name=name, Description=name, Type=kind, Content=content)
        policy_id = made["Policy"]["PolicySummary"]["Id"]
        self.client.attach_policy(PolicyId=policy_id, TargetId=self.units[unit])


def build_archive(aws: EmbeddedAWS) -> None:
    """Make the archive's bucket with one locked log, its key, destination and stream."""
    account = ACCOUNTS["log-archive"]
    s3: Any = aws.client("s3", account)
    bucket = f"{NAME}-{account}"
    where = {"LocationConstraint": REGION}
    s3.create_bucket(
        Bucket=bucket, CreateBucketConfiguration=where, ObjectLockEnabledForBucket=True
    )
    insecure = denies(
        "RefuseInsecureTransport",
        "s3:*",
        Principal="*",
        Condition={"Bool": {"aws:SecureTransport": "false"}},
    )
    insecure["Resource"] = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    changes = (
        "s3:DeleteBucketPolicy",
        "s3:PutBucketObjectLockConfiguration",
        "s3:PutBucketPolicy",
        "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
    )
    others = denies("RefuseOtherAdministrators", *changes, Principal="*", **OTHERS)
    others["Resource"] = f"arn:aws:s3:::{bucket}"
    policy = {"Version": "2012-10-17", "Statement": [insecure, others]}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    s3.put_object(
        Bucket=bucket,
        Key="cloudwatch/one.gz",
        Body=b"",
        ObjectLockMode="COMPLIANCE",
        ObjectLockRetainUntilDate=datetime.now(UTC) + timedelta(days=365),
    )
    _key(aws, "log-archive", "payments-log-archive")
    _destination(aws, account, bucket)


def _key(aws: EmbeddedAWS, account: str, alias: str) -> None:
    kms: Any = aws.client("kms", ACCOUNTS[account])
    root = {"AWS": f"arn:aws:iam::{ACCOUNTS[account]}:root"}
    allows = {"Sid": "Account", "Effect": "Allow", "Principal": root, "Action": "kms:*"}
    policy = {"Version": "2012-10-17", "Statement": [{**allows, "Resource": "*"}]}
    key_id = kms.create_key(Policy=json.dumps(policy))["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=f"alias/{alias}", TargetKeyId=key_id)


def _destination(aws: EmbeddedAWS, account: str, bucket: str) -> None:
    iam: Any = aws.client("iam", account)
    roles = dict(_roles(iam))
    stream = aws.client("firehose", account).create_delivery_stream(
        DeliveryStreamName=NAME,
        ExtendedS3DestinationConfiguration={
            "RoleARN": roles["stream"],
            "BucketARN": f"arn:aws:s3:::{bucket}",
        },
    )["DeliveryStreamARN"]
    logs: Any = aws.client("logs", account)
    made = logs.put_destination(
        destinationName=NAME, targetArn=stream, roleArn=roles["destination"]
    )["destination"]
    organization = aws.client("organizations", ACCOUNTS["management"])
    organization_id = organization.describe_organization()["Organization"]["Id"]
    statement = {
        "Sid": "LetOrganizationSend",
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["logs:PutAccountPolicy", "logs:PutSubscriptionFilter"],
        "Resource": made["arn"],
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": organization_id}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    logs.put_destination_policy(destinationName=NAME, accessPolicy=document)


def _roles(iam: Any) -> Iterator[tuple[str, str]]:
    for name, service in (("stream", "firehose"), ("destination", "logs")):
        trusts = {
            "Effect": "Allow",
            "Principal": {"Service": f"{service}.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [trusts]})
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
        everything = {"Effect": "Allow", "Action": ["firehose:*", "s3:*"], "Resource": "*"}
        iam.put_role_policy(
            RoleName=name,
            PolicyName="all",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [everything]}),
        )
        yield name, made["Role"]["Arn"]
