"""Logs of dev and of the trail in the archive: they arrive, are locked, and stay."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from harness.known_organization import known_organization
from harness.monitored import statistics
from harness.testing import pci
from log_archive.sender import GROUP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.aws import EmbeddedAWS
    from harness.terraform import Root
    from log_archive.sender import Archived, Sender

ACCOUNTS: dict[str, str] = known_organization()["accounts"]


@pytest.fixture(scope="module")
def archived(sender: Sender) -> Archived:
    found = sender.find(sender.emit())
    assert found, "the event didn't arrive"
    return found


@pci("3.5.1", "10.3.1", "10.3.2", "10.3.3", "10.5.1")
def test_an_event_arrives_locked_and_encrypted(sender: Sender) -> None:
    assert sender.shortfalls() == []


@pci("10.2.2")
def test_a_line_says_whose_log_it_is(sender: Sender, archived: Archived) -> None:
    (line,) = archived.lines
    assert line["owner"] == sender.account_id
    assert line["logGroup"] == "/aws/lambda/payments-dev-probe"
    assert archived.key.startswith(datetime.now(UTC).strftime("cloudwatch/%Y/%m/%d/"))
    assert archived.key.endswith(".gz")


def is_refused(attempt: Callable[..., Any], **arguments: Any) -> bool:
    """Whether AWS forbids it."""
    with pytest.raises(ClientError) as refused:
        attempt(**arguments)
    return bool(refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403)


@pytest.fixture
def without_bucket_policy(sender: Sender) -> Iterator[None]:
    """The lock alone: what holds when the account's root user has removed the policy."""
    policy = sender.s3.get_bucket_policy(Bucket=sender.bucket)["Policy"]
    sender.administrators_s3.delete_bucket_policy(Bucket=sender.bucket)
    yield
    sender.administrators_s3.put_bucket_policy(Bucket=sender.bucket, Policy=policy)


@pci("10.3.2")
def test_policy_refuses_every_delete(sender: Sender, archived: Archived) -> None:
    place = {"Bucket": sender.bucket, "Key": archived.key}
    for version in ({}, {"VersionId": archived.version}):
        assert is_refused(sender.s3.delete_object, **place, **version)
    assert sender.s3.head_object(**place)["VersionId"] == archived.version


@pci("10.3.2")
def test_nobody_else_than_the_administrator_changes_a_bucket(sender: Sender) -> None:
    bucket = {"Bucket": sender.bucket}
    assert is_refused(sender.s3.delete_bucket_policy, **bucket)
    assert is_refused(sender.s3.put_bucket_policy, **bucket, Policy="{}")
    unlocked = {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}
    assert is_refused(sender.s3.put_object_lock_configuration, **bucket, **unlocked)


@pci("10.3.2")
def test_nobody_plants_a_log(sender: Sender) -> None:
    planted = {"Bucket": sender.bucket, "Key": "cloudwatch/planted.gz", "Body": b"nothing"}
    assert is_refused(sender.s3.put_object, **planted)


@pci("10.3.2")
@pytest.mark.usefixtures("without_bucket_policy")
def test_lock_refuses_what_the_policy_would(sender: Sender, archived: Archived) -> None:
    place = {"Bucket": sender.bucket, "Key": archived.key, "VersionId": archived.version}
    sooner = {"Mode": "GOVERNANCE", "RetainUntilDate": datetime.now(UTC) + timedelta(days=1)}
    assert is_refused(sender.s3.delete_object, **place)
    assert is_refused(sender.s3.put_object_retention, **place, Retention=sooner)


@pci("10.3.1")
def test_only_senders_of_a_bucket_send_there(sender: Sender) -> None:
    assert sender.refusal_of("999999999999").startswith("AccessDeniedException")
    sender.destination_arn = sender.destination_arn.replace("nonproduction", "production")
    try:
        refused = sender.refusal_of(ACCOUNTS["dev"])
    finally:
        sender.destination_arn = sender.destination_arn.replace("production", "nonproduction")
    assert "Could not deliver test message" in refused, "dev may not send to production's bucket"


@pci("10.2.1", "10.3.2", "10.3.4")
def test_trail_writes_locked_files_and_digests(
    aws: EmbeddedAWS, sender: Sender, archive: Root, trail: Root, organization_id: str
) -> None:
    assert trail.outputs()["arn"]
    aws.client("sqs", ACCOUNTS["dev"]).create_queue(QueueName="orders")
    aws.deliver_trails(digests=True)
    bucket = archive.outputs()["buckets"]["production"]["name"]
    folders = {"/".join(key.split("/")[:4]) for key in sender.keys("AWSLogs/", bucket)}
    dev = f"AWSLogs/{organization_id}/{ACCOUNTS['dev']}"
    assert {f"{dev}/CloudTrail", f"{dev}/CloudTrail-Digest"} <= folders
    for key in sender.keys(f"{dev}/", bucket):
        head = sender.s3.head_object(Bucket=bucket, Key=key)
        assert head["ObjectLockMode"] == "COMPLIANCE"
        assert head["ObjectLockRetainUntilDate"] > datetime.now(UTC) + timedelta(days=364)
        assert head["SSEKMSKeyId"] == sender.key_arn


@pci("10.3.2", "10.7.2")
@pytest.mark.usefixtures("trail")
def test_tampering_in_dev_is_counted_in_the_account_of_the_trail(sender: Sender) -> None:
    cloudwatch = sender.aws.client("cloudwatch", ACCOUNTS["management"])
    counted = ("OrgLogging/payments-organization", "Tampering-forwarding")
    sender.aws.deliver_trails()
    before = statistics(cloudwatch, *counted).get("Sum", 0)
    sender.logs.put_retention_policy(logGroupName=GROUP, retentionInDays=1)
    sender.logs.delete_retention_policy(logGroupName=GROUP)
    sender.aws.deliver_trails()
    assert statistics(cloudwatch, *counted)["Sum"] == before + 1
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=["payments-organization-forwarding"])[
        "MetricAlarms"
    ]
    assert (alarm["Namespace"], alarm["MetricName"]) == counted


def without_lock(sender: Sender) -> Callable[[], object]:
    before = sender.s3.get_object_lock_configuration(Bucket=sender.bucket)
    configuration = before["ObjectLockConfiguration"]
    sender.administrators_s3.put_object_lock_configuration(
        Bucket=sender.bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"}
    )
    return lambda: sender.administrators_s3.put_object_lock_configuration(
        Bucket=sender.bucket, ObjectLockConfiguration=configuration
    )


def with_a_shorter_lock(sender: Sender) -> Callable[[], object]:
    mend = without_lock(sender)
    rule: Any = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    sender.administrators_s3.put_object_lock_configuration(
        Bucket=sender.bucket,
        ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule},
    )
    return mend


def with_a_destination_for_all(sender: Sender) -> Callable[[], object]:
    logs = sender.aws.client("logs", sender.archive_id)
    (found,) = logs.describe_destinations(
        DestinationNamePrefix=sender.destination_arn.rpartition(":")[2]
    )["destinations"]
    policy = json.loads(found["accessPolicy"])
    del policy["Statement"][0]["Condition"]
    put = {"destinationName": found["destinationName"], "forceUpdate": True}
    logs.put_destination_policy(**put, accessPolicy=json.dumps(policy))
    return lambda: logs.put_destination_policy(**put, accessPolicy=found["accessPolicy"])


def without_subscription(sender: Sender) -> Callable[[], object]:
    kind = {"policyType": "SUBSCRIPTION_FILTER_POLICY"}
    (found,) = sender.logs.describe_account_policies(**kind)["accountPolicies"]
    sender.logs.delete_account_policy(policyName=found["policyName"], **kind)
    kept = {name: found[name] for name in ("policyName", "policyDocument", "scope")}
    return lambda: sender.logs.put_account_policy(**kept, **kind)


def without_key_grant(sender: Sender) -> Callable[[], object]:
    kms = sender.aws.client("kms", sender.archive_id)
    key = {"KeyId": sender.key_arn, "PolicyName": "default"}
    before = kms.get_key_policy(**key)["Policy"]
    policy = json.loads(before)
    policy["Statement"] = [each for each in policy["Statement"] if each["Sid"] != "WriteLogs"]
    kms.put_key_policy(**key, Policy=json.dumps(policy))
    return lambda: kms.put_key_policy(**key, Policy=before)


REMOVALS: dict[str, tuple[Callable[[Sender], Callable[[], object]], str]] = {
    "lock": (without_lock, "PCI DSS 10.3.2"),
    "retention": (with_a_shorter_lock, "PCI DSS 10.5.1"),
    "destination_policy": (with_a_destination_for_all, "PCI DSS 10.3.1"),
    "subscription": (without_subscription, "PCI DSS 10.3.3"),
    "key_grant": (without_key_grant, "PCI DSS 10.3.3"),
}


@pytest.mark.parametrize("what", REMOVALS)
def test_a_removal_is_noticed_and_names_its_requirement(sender: Sender, what: str) -> None:
    remove, requirement = REMOVALS[what]
    mend = remove(sender)
    try:
        shortfalls = sender.shortfalls()
    finally:
        mend()
    assert [each.partition(":")[0] for each in shortfalls] == [requirement], shortfalls
    assert sender.shortfalls() == []
