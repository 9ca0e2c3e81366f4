"""IAM, KMS, CloudWatch Logs and S3 through boto3, where moto alone fails."""

from __future__ import annotations

import contextlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from moto.iam.models import iam_backends
from moto.s3.models import S3Backend

if TYPE_CHECKING:
    from collections.abc import Callable

    Clients = Callable[[str], Any]

PUSH_LOGS = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"


@pytest.fixture
def bucket(client: Clients) -> str:
    configuration = {"LocationConstraint": "eu-west-1"}
    client("s3").create_bucket(Bucket="state", CreateBucketConfiguration=configuration)
    return "state"


@pytest.mark.mends("iam:AttachRolePolicy")
def test_policies_of_aws_can_be_attached(client: Clients) -> None:
    iam = client("iam")
    iam.create_role(RoleName="logs", AssumeRolePolicyDocument="{}")
    iam.attach_role_policy(RoleName="logs", PolicyArn=PUSH_LOGS)
    attached = iam.list_attached_role_policies(RoleName="logs")["AttachedPolicies"]
    assert [each["PolicyArn"] for each in attached] == [PUSH_LOGS]
    assert iam.list_policies(Scope="Local")["Policies"] == []
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.attach_role_policy(RoleName="logs", PolicyArn=PUSH_LOGS.replace("Push", "Pull"))


@pytest.mark.mends("iam:CreateRole")
def test_a_role_that_comes_meanwhile_breaks_nothing(client: Clients) -> None:
    iam = client("iam")
    iam.create_role(RoleName="first", AssumeRolePolicyDocument="{}")
    looking = iter(iam_backends["444444444444"]["aws"].get_roles())
    next(looking)
    iam.create_role(RoleName="second", AssumeRolePolicyDocument="{}")
    assert list(looking) == []


@pytest.mark.mends("kms:EnableKeyRotation")
def test_a_key_rotates_after_its_own_period(client: Clients) -> None:
    kms = client("kms")
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=key_id, RotationPeriodInDays=90)
    assert kms.get_key_rotation_status(KeyId=key_id)["RotationPeriodInDays"] == 90
    kms.enable_key_rotation(KeyId=key_id)
    assert kms.get_key_rotation_status(KeyId=key_id)["RotationPeriodInDays"] == 365
    kms.disable_key_rotation(KeyId=key_id)
    assert "RotationPeriodInDays" not in kms.get_key_rotation_status(KeyId=key_id)


@pytest.mark.mends("kms:GetPublicKey")
def test_a_public_key_tells_what_it_is_of(client: Clients) -> None:
    kms = client("kms")
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    assert kms.get_public_key(KeyId=key)["KeySpec"] == "ECC_NIST_P256"


@pytest.mark.mends("kms:DisableKey")
def test_a_key_can_be_disabled_by_its_arn(client: Clients) -> None:
    kms = client("kms")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    kms.disable_key(KeyId=arn)
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "Disabled"
    kms.enable_key(KeyId=arn)
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["Enabled"]


@pytest.mark.mends("logs:CreateLogGroup")
def test_a_log_group_keeps_its_class(client: Clients) -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName="/archive", logGroupClass="INFREQUENT_ACCESS")
    logs.create_log_group(logGroupName="/service")
    classes = {
        g["logGroupName"]: g["logGroupClass"] for g in logs.describe_log_groups()["logGroups"]
    }
    assert classes == {"/archive": "INFREQUENT_ACCESS", "/service": "STANDARD"}


@pytest.mark.mends("logs:PutDataProtectionPolicy")
def test_a_log_group_keeps_its_data_protection_policy(client: Clients) -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName="/service")
    logs.put_data_protection_policy(logGroupIdentifier="/service", policyDocument='{"Name":"x"}')
    arn = logs.describe_log_groups()["logGroups"][0]["arn"]
    found = logs.get_data_protection_policy(logGroupIdentifier=arn)
    assert found["policyDocument"] == '{"Name":"x"}'
    logs.delete_data_protection_policy(logGroupIdentifier="/service")
    assert "policyDocument" not in logs.get_data_protection_policy(logGroupIdentifier="/service")
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.get_data_protection_policy(logGroupIdentifier="/absent")


@pytest.mark.mends("s3:PutBucketLifecycleConfiguration")
def test_lifecycle_rules_come_back_as_given(client: Clients, bucket: str) -> None:
    s3 = client("s3")
    rule = {
        "ID": "old-versions",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 90, "NewerNoncurrentVersions": 10},
    }
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
    found = s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    assert found["Rules"] == [rule]
    assert found["TransitionDefaultMinimumObjectSize"] == "all_storage_classes_128K"
    s3.delete_bucket_lifecycle(Bucket=bucket)
    with pytest.raises(ClientError, match="NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket=bucket)


@pytest.mark.mends("s3:PutBucketLogging")
def test_access_logs_keep_the_format_of_their_keys(client: Clients, bucket: str) -> None:
    s3 = client("s3")
    logging = {"Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject"}
    resource = {"Resource": f"arn:aws:s3:::{bucket}/*"}
    nobody = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", **resource}
    statements = [nobody, {"Effect": "Allow", **resource, **logging}]
    policy = {"Version": "2012-10-17", "Statement": statements}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    by_event = {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}}
    for key_format in ({"TargetObjectKeyFormat": by_event}, {}):
        enabled = {"TargetBucket": bucket, "TargetPrefix": "reads/", **key_format}
        s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": enabled})
        assert s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"] == enabled
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=bucket)


@pytest.mark.mends("sqs:SetQueueAttributes")
def test_a_queue_keeps_its_policy_when_something_else_changes(client: Clients) -> None:
    sqs = client("sqs")
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*"}]}
    attributes = {"Policy": json.dumps(policy)}
    url = sqs.create_queue(QueueName="dead-letters", Attributes=attributes)["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"MessageRetentionPeriod": "600"})
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert json.loads(found["Policy"]) == policy
    assert found["MessageRetentionPeriod"] == "600"
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    left = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert "Policy" not in left


def test_one_of_two_conditional_writers_wins(
    client: Clients, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3 = client("s3")
    meeting = threading.Barrier(2, timeout=0.3)
    check = S3Backend.get_object

    def check_together(*args: Any, **options: Any) -> Any:
        found = check(*args, **options)
        with contextlib.suppress(threading.BrokenBarrierError):
            meeting.wait()
        return found

    monkeypatch.setattr(S3Backend, "get_object", check_together)

    def takes(_: int) -> bool:
        try:
            s3.put_object(Bucket=bucket, Key="lock", Body=b"mine", IfNoneMatch="*")
        except ClientError as refusal:
            if refusal.response["Error"]["Code"] != "PreconditionFailed":
                raise
            return False
        return True

    with ThreadPoolExecutor(2) as writers:
        assert sum(writers.map(takes, range(2))) == 1
