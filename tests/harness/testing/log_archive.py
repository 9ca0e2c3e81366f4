"""A log archive for tests of what stands around it, as small as can be."""

from __future__ import annotations

import contextlib
import datetime
import gzip
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.aws import EmbeddedAWS

_HOUR = datetime.timedelta(hours=1)


@dataclass
class Archive:
    """A log archive as small as can be, in an organization of three accounts.

    Logs of the organization go through a destination and a delivery stream into a locked bucket.
    """

    aws: EmbeddedAWS
    account_id: str
    sender_id: str
    organization_id: str
    key_arn: str
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    bucket = "archive-logs"
    destination_arn = ""
    stream_arn = ""
    role_arn = ""

    def client(self, service: str) -> Any:
        """Make a client in the archive account."""
        return self.client_of(self.account_id, service)

    def sender(self, service: str) -> Any:
        """Make a client in the account that sends."""
        return self.client_of(self.sender_id, service)

    def manager(self, service: str) -> Any:
        """Make a client in the management account."""
        return self.client_of(self.aws.management_account, service)

    def client_of(self, account_id: str, service: str) -> Any:
        """Make a client in an account, the same one each time."""
        if (account_id, service) not in self._clients:
            self._clients[account_id, service] = self.aws.client(service, account_id)
        return self._clients[account_id, service]

    def keys(self) -> list[str]:
        """List the bucket's objects, after everything was delivered that can be."""
        self.aws.deliver_logs()
        found = self.client("s3").list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return [each["Key"] for each in found]

    def texts(self) -> list[str]:
        """Read the bucket's objects, which are compressed."""
        s3 = self.client("s3")
        bodies = [s3.get_object(Bucket=self.bucket, Key=key)["Body"].read() for key in self.keys()]
        return [gzip.decompress(body).decode() for body in bodies]

    def messages(self) -> list[Any]:
        """Read what CloudWatch Logs sent, from a stream that decompresses and adds newlines."""
        return [json.loads(line) for text in self.texts() for line in text.splitlines()]

    def stream_configuration(self, **changes: Any) -> dict[str, Any]:
        """Configure the delivery stream."""
        processors = [
            {
                "Type": "Decompression",
                "Parameters": [{"ParameterName": "CompressionFormat", "ParameterValue": "GZIP"}],
            },
            {"Type": "AppendDelimiterToRecord", "Parameters": []},
        ]
        return {
            "RoleARN": f"arn:aws:iam::{self.account_id}:role/stream",
            "BucketARN": f"arn:aws:s3:::{self.bucket}",
            "Prefix": "cloudwatch/!{timestamp:yyyy/MM/dd}/",
            "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
            "CompressionFormat": "GZIP",
            "ProcessingConfiguration": {"Enabled": True, "Processors": processors},
            **changes,
        }

    def role(self, account_id: str, name: str, service: str, *allowed: tuple[str, str]) -> str:
        """Make a role of a service that may do some things with some resources."""
        iam = self.client_of(account_id, "iam")
        trust = _policy(Principal={"Service": service}, Action="sts:AssumeRole")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        for action, resource in allowed:
            document = _policy(Action=action, Resource=resource)
            iam.put_role_policy(
                RoleName=name, PolicyName=action.replace(":", "-"), PolicyDocument=document
            )
        return str(arn)

    def put_events(self, group: str, *messages: str, stream: str = "one") -> None:
        """Write log events in the account that sends."""
        logs = self.sender("logs")
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_stream(logGroupName=group, logStreamName=stream)
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": message} for message in messages]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    def subscribe_account(self, **changes: Any) -> None:
        """Send all log groups of the account on."""
        document = {
            "DestinationArn": self.destination_arn,
            "RoleArn": self.role_arn,
            "FilterPattern": "",
            **changes.pop("document", {}),
        }
        self.sender("logs").put_account_policy(
            policyName="ship",
            policyType="SUBSCRIPTION_FILTER_POLICY",
            policyDocument=json.dumps(document),
            **changes,
        )

    @property
    def trail_arn(self) -> str:
        """The trail that the bucket and the key let in."""
        return f"arn:aws:cloudtrail:eu-west-1:{self.aws.management_account}:trail/organization"

    @property
    def trail(self) -> dict[str, Any]:
        """How the trail is made."""
        return {
            "Name": "organization",
            "S3BucketName": self.bucket,
            "KmsKeyId": self.key_arn,
            "IsOrganizationTrail": True,
            "IsMultiRegionTrail": True,
            "EnableLogFileValidation": True,
        }

    def let_trail_in(self) -> None:
        """Let CloudTrail write to the bucket with the key, for the one trail."""
        self.allow_on_bucket(self.aws.management_account, self.organization_id)
        self.allow_on_key()

    def judged_by_awscli(self, account_id: str) -> tuple[bool, str]:
        """Have ``aws cloudtrail validate-logs`` judge an account's last hour; with what it says."""
        start = datetime.datetime.now(datetime.UTC) - _HOUR
        done = subprocess.run(  # noqa: S603 - its arguments are ours
            [
                *(sys.executable, "-m", "awscli", "cloudtrail", "validate-logs", "--verbose"),
                *("--trail-arn", self.trail_arn, "--account-id", account_id),
                *("--region", self.aws.region, "--start-time", start.isoformat()),
                *("--end-time", (start + 2 * _HOUR).isoformat()),
            ],
            env={**os.environ, **self.aws.environment(self.account_id)},
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        if "Results requested" not in said:
            raise RuntimeError(f"the validator judged nothing: {said}")
        return done.returncode == 0 and "INVALID" not in said, said

    def allow_on_bucket(self, *folders: str) -> None:
        """Set the bucket's policy."""
        bucket, source = f"arn:aws:s3:::{self.bucket}", {"aws:SourceArn": self.trail_arn}
        service = {"Principal": {"Service": "cloudtrail.amazonaws.com"}, "Effect": "Allow"}
        objects = [f"{bucket}/AWSLogs/{folder}/*" for folder in folders]
        only = {"Condition": {"StringEquals": source}}
        statements = [
            {**service, "Action": "s3:GetBucketAcl", "Resource": bucket, **only},
            {**service, "Action": "s3:PutObject", "Resource": objects, **only},
        ]
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.client("s3").put_bucket_policy(Bucket=self.bucket, Policy=policy)

    def allow_on_key(self) -> None:
        """Add CloudTrail to the key's policy."""
        kms, name = self.client("kms"), {"KeyId": self.key_arn, "PolicyName": "default"}
        document = json.loads(kms.get_key_policy(**name)["Policy"])
        context = {"kms:EncryptionContext:aws:cloudtrail:arn": self.trail_arn}
        document["Statement"].append(
            {
                "Effect": "Allow",
                "Principal": {"Service": "cloudtrail.amazonaws.com"},
                "Action": "kms:GenerateDataKey*",
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:SourceArn": self.trail_arn, **context}},
            }
        )
        kms.put_key_policy(**name, Policy=json.dumps(document))


def _policy(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def make_archive(aws: EmbeddedAWS) -> Archive:
    """Found an organization, and make its archive and an account that sends."""
    management = aws.client("organizations", aws.management_account)
    organization = management.create_organization(FeatureSet="ALL")["Organization"]
    management.enable_aws_service_access(ServicePrincipal="cloudtrail.amazonaws.com")
    account_id, sender_id = (
        management.create_account(AccountName=name, Email=f"{name}@example.com")[
            "CreateAccountStatus"
        ]["AccountId"]
        for name in ("archive", "dev")
    )
    key = aws.client("kms", account_id).create_key()["KeyMetadata"]["Arn"]
    made = Archive(aws, account_id, sender_id, organization["Id"], key)
    _make_bucket(made)
    _make_stream(made)
    return made


def _make_bucket(archive: Archive) -> None:
    s3 = archive.client("s3")
    s3.create_bucket(
        Bucket=archive.bucket,
        ObjectLockEnabledForBucket=True,
        CreateBucketConfiguration={"LocationConstraint": "eu-west-1"},
    )
    lock = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 3}}
    s3.put_object_lock_configuration(
        Bucket=archive.bucket,
        ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": lock},
    )
    by_key = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": archive.key_arn}
    s3.put_bucket_encryption(
        Bucket=archive.bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": by_key, "BucketKeyEnabled": True}]
        },
    )


def _make_stream(archive: Archive) -> None:
    account_id = archive.account_id
    archive.role(
        account_id,
        "stream",
        "firehose.amazonaws.com",
        ("s3:PutObject", f"arn:aws:s3:::{archive.bucket}/*"),
        ("kms:GenerateDataKey", archive.key_arn),
    )
    archive.stream_arn = archive.client("firehose").create_delivery_stream(
        DeliveryStreamName="archive",
        ExtendedS3DestinationConfiguration=archive.stream_configuration(),
    )["DeliveryStreamARN"]
    writes = archive.role(
        account_id, "logs", "logs.amazonaws.com", ("firehose:PutRecord*", archive.stream_arn)
    )
    logs = archive.client("logs")
    archive.destination_arn = logs.put_destination(
        destinationName="archive", targetArn=archive.stream_arn, roleArn=writes
    )["destination"]["arn"]
    logs.put_destination_policy(
        destinationName="archive",
        accessPolicy=_policy(
            Principal="*",
            Action=["logs:PutSubscriptionFilter", "logs:PutAccountPolicy"],
            Resource=archive.destination_arn,
            Condition={"StringEquals": {"aws:PrincipalOrgID": archive.organization_id}},
        ),
    )
    archive.role_arn = archive.role(
        archive.sender_id, "ship", "logs.eu-west-1.amazonaws.com", ("logs:PutLogEvents", "*")
    )
