"""CloudTrail's log files and digests: what was called, where it lies, and who vouches for it."""

from __future__ import annotations

import datetime
import gzip
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from harness.testing.log_archive import Archive


@pytest.fixture
def trail(archive: Archive) -> Archive:
    """The archive, with the organization's trail logging into it."""
    archive.let_trail_in()
    trails = archive.manager("cloudtrail")
    trails.create_trail(**archive.trail)
    trails.start_logging(Name="organization")
    return archive


def select(archive: Archive, *selectors: dict[str, Any]) -> None:
    archive.manager("cloudtrail").put_event_selectors(
        TrailName="organization", AdvancedEventSelectors=list(selectors)
    )


def fields(**wanted: Any) -> dict[str, Any]:
    """Make an advanced selector; a field's value is its operators."""
    named = {name.replace("__", "."): operators for name, operators in wanted.items()}
    return {"FieldSelectors": [{"Field": name, **each} for name, each in named.items()]}


def objects(archive: Archive, part: str) -> dict[str, Any]:
    """Read the log files or digests in the bucket."""
    s3 = archive.client("s3")
    found = s3.list_objects_v2(Bucket=archive.bucket, Prefix="AWSLogs/").get("Contents", [])
    keys = [each["Key"] for each in found if f"/{part}/" in each["Key"]]
    bodies = {key: s3.get_object(Bucket=archive.bucket, Key=key)["Body"].read() for key in keys}
    return {key: json.loads(gzip.decompress(body)) for key, body in bodies.items()}


def events(archive: Archive) -> list[dict[str, Any]]:
    archive.aws.deliver_trails()
    files = objects(archive, "CloudTrail").values()
    return [event for file in files for event in file["Records"]]


def names(archive: Archive) -> set[str]:
    return {event["eventName"] for event in events(archive)}


def test_calls_of_every_account_are_logged(trail: Archive) -> None:
    trail.sender("sqs").create_queue(QueueName="orders")
    with pytest.raises(ClientError):
        trail.sender("kms").describe_key(KeyId="alias/absent")
    found = {event["eventName"]: event for event in events(trail)}
    made = found["CreateQueue"]
    assert made["recipientAccountId"] == trail.sender_id
    assert made["awsRegion"] == "eu-west-1"
    assert made["eventSource"] == "sqs.amazonaws.com"
    assert made["userIdentity"]["type"] == "AssumedRole"
    issuer = made["userIdentity"]["sessionContext"]["sessionIssuer"]
    assert issuer["userName"] == "OrganizationAccountAccessRole"
    assert not made["readOnly"]
    assert "errorCode" not in made
    assert found["DescribeKey"]["errorCode"] == "NotFoundException"
    assert found["DescribeKey"]["readOnly"]
    assert found["AssumeRole"]["userIdentity"]["type"] == "IAMUser"

    day = datetime.datetime.now(datetime.UTC).strftime("%Y/%m/%d")
    folder = f"AWSLogs/{trail.organization_id}/{trail.sender_id}/CloudTrail/eu-west-1/{day}/"
    name = rf"{trail.sender_id}_CloudTrail_eu-west-1_\d{{8}}T\d{{4}}Z_\w{{16}}\.json\.gz"
    assert any(re.fullmatch(re.escape(folder) + name, key) for key in objects(trail, "CloudTrail"))


def test_an_event_is_delivered_once(trail: Archive) -> None:
    trail.sender("sqs").create_queue(QueueName="orders")
    for _ in range(2):
        found = [event["eventName"] for event in events(trail)]
        assert found.count("CreateQueue") == 1


def test_accounts_outside_the_organization_arent_logged(trail: Archive) -> None:
    trail.client_of("999999999999", "sqs").create_queue(QueueName="orders")
    assert "999999999999" not in {event["recipientAccountId"] for event in events(trail)}


def test_nothing_is_logged_while_logging_is_off(trail: Archive) -> None:
    trails, sqs = trail.manager("cloudtrail"), trail.sender("sqs")
    trails.stop_logging(Name="organization")
    sqs.create_queue(QueueName="meanwhile")
    trails.start_logging(Name="organization")
    sqs.list_queues()
    found = names(trail)
    assert {"StopLogging", "ListQueues"} <= found
    assert "CreateQueue" not in found


def use_data(archive: Archive) -> None:
    """Do something with data in the account that sends: read and write two buckets, a queue."""
    s3, sqs = archive.sender("s3"), archive.sender("sqs")
    for bucket in ("orders", "pictures"):
        s3.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        s3.put_object(Bucket=bucket, Key="one", Body=b"x")
        s3.get_object(Bucket=bucket, Key="one")
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")


def test_data_events_are_logged_when_selected(trail: Archive) -> None:
    use_data(trail)
    found = names(trail)
    assert "CreateBucket" in found
    assert not {"PutObject", "GetObject", "SendMessage"} & found

    select(
        trail,
        fields(eventCategory={"Equals": ["Management"]}, readOnly={"Equals": ["false"]}),
        fields(
            eventCategory={"Equals": ["Data"]},
            resources__type={"Equals": ["AWS::S3::Object"]},
            resources__ARN={"NotStartsWith": ["arn:aws:s3:::pictures/"]},
        ),
    )
    trail.aws.calls.clear()
    trail.sender("s3").list_buckets()
    for bucket in ("orders", "pictures"):
        trail.sender("s3").put_object(Bucket=bucket, Key="two", Body=b"x")
    data = [event for event in events(trail) if event["eventCategory"] == "Data"]
    assert [event["resources"] for event in data] == [
        [{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::orders/two"}]
    ]
    assert "ListBuckets" not in names(trail)


def test_basic_selectors_select_too(trail: Archive) -> None:
    resource = {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::orders/"]}
    trail.manager("cloudtrail").put_event_selectors(
        TrailName="organization",
        EventSelectors=[
            {
                "ReadWriteType": "WriteOnly",
                "IncludeManagementEvents": True,
                "ExcludeManagementEventSources": ["kms.amazonaws.com"],
                "DataResources": [resource],
            }
        ],
    )
    use_data(trail)
    trail.sender("kms").create_key()
    found = [event for event in events(trail) if event["recipientAccountId"] == trail.sender_id]
    assert sorted(event["eventName"] for event in found) == [
        *("CreateBucket", "CreateBucket", "CreateQueue", "PutObject")
    ]


def test_what_cant_be_delivered_waits(trail: Archive) -> None:
    trail.sender("sqs").create_queue(QueueName="orders")
    trail.client("kms").disable_key(KeyId=trail.key_arn)
    trail.aws.deliver_trails(digests=True)
    assert objects(trail, "CloudTrail") == objects(trail, "CloudTrail-Digest") == {}
    status = trail.manager("cloudtrail").get_trail_status(Name="organization")
    assert status["LatestDeliveryError"] == "KMS.KeyDisabled"
    trail.client("kms").enable_key(KeyId=trail.key_arn)
    assert "CreateQueue" in names(trail)


def test_events_reach_the_trails_log_group(trail: Archive) -> None:
    logs = trail.manager("logs")
    logs.create_log_group(logGroupName="/trail")
    group = f"arn:aws:logs:eu-west-1:{trail.aws.management_account}:log-group:/trail:*"
    role = trail.role(
        trail.aws.management_account,
        "trail",
        "cloudtrail.amazonaws.com",
        ("logs:PutLogEvents", group),
    )
    trail.manager("cloudtrail").update_trail(
        Name="organization", CloudWatchLogsLogGroupArn=group, CloudWatchLogsRoleArn=role
    )
    trail.sender("sqs").create_queue(QueueName="orders")
    trail.aws.deliver_trails()
    found = logs.filter_log_events(logGroupName="/trail", filterPattern="CreateQueue")["events"]
    assert [json.loads(each["message"])["eventName"] for each in found] == ["CreateQueue"]
    assert found[0]["logStreamName"] == f"{trail.sender_id}_CloudTrail_eu-west-1"


def test_awss_own_validator_accepts_the_digests(trail: Archive) -> None:
    for name in ("first", "second", "third"):
        trail.sender("sqs").create_queue(QueueName=name)
        trail.aws.deliver_trails(digests=True)
    accepted, said = trail.judged_by_awscli(trail.sender_id)
    assert accepted, said
    assert "3/3 digest files valid" in said
    assert "3/3 log files valid" in said
    accepted, said = trail.judged_by_awscli(trail.aws.management_account)
    assert accepted, said
    assert "3/3 digest files valid" in said


def test_digests_begin_anew_after_a_stop(trail: Archive) -> None:
    trails = trail.manager("cloudtrail")
    for _ in range(2):
        trail.aws.deliver_trails(digests=True)
    trails.stop_logging(Name="organization")
    trail.aws.deliver_trails(digests=True)
    trails.start_logging(Name="organization")
    trail.aws.deliver_trails(digests=True)
    chain = [
        digest["previousDigestS3Object"]
        for key, digest in sorted(objects(trail, "CloudTrail-Digest").items())
        if digest["awsAccountId"] == trail.aws.management_account and "eu-west-1" in key
    ]
    assert len(chain) == 3
    assert chain[0] is None
    assert chain[1] is not None
    assert chain[2] is None
