"""What happens to log events that can't be delivered, and how delivery is told about."""

from __future__ import annotations

import base64
import datetime
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from harness.aws.log_delivery import worker
from harness.aws.log_delivery.streams import WaitingRecords

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.testing.log_archive import Archive

ERRORS = "/aws/kinesisfirehose/archive"


@pytest.fixture
def shipping(archive: Archive) -> Archive:
    """The archive, with an account that sends everything and a stream that logs its errors."""
    logs = archive.client("logs")
    logs.create_log_group(logGroupName=ERRORS)
    logs.create_log_stream(logGroupName=ERRORS, logStreamName="S3Delivery")
    update(
        archive,
        CloudWatchLoggingOptions={
            "Enabled": True,
            "LogGroupName": ERRORS,
            "LogStreamName": "S3Delivery",
        },
    )
    archive.subscribe_account()
    archive.sender("logs").create_log_group(logGroupName="/service")
    return archive


def update(archive: Archive, **changes: Any) -> None:
    firehose = archive.client("firehose")
    described = firehose.describe_delivery_stream(DeliveryStreamName="archive")
    firehose.update_destination(
        DeliveryStreamName="archive",
        CurrentDeliveryStreamVersionId=described["DeliveryStreamDescription"]["VersionId"],
        DestinationId="destinationId-000000000001",
        ExtendedS3DestinationUpdate=changes,
    )


def measured(archive: Archive, account_id: str, name: str) -> list[float]:
    """Return sum and number of a metric's values, over all its dimensions."""
    cloudwatch = archive.client_of(account_id, "cloudwatch")
    now = datetime.datetime.now(datetime.UTC)
    found = [0.0, 0.0]
    for metric in cloudwatch.list_metrics(MetricName=name)["Metrics"]:
        for point in cloudwatch.get_metric_statistics(
            **metric,
            StartTime=now - datetime.timedelta(hours=1),
            EndTime=now + datetime.timedelta(hours=1),
            Period=60,
            Statistics=["Sum", "SampleCount"],
        )["Datapoints"]:
            found = [found[0] + point["Sum"], found[1] + point["SampleCount"]]
    return found


def errors(archive: Archive) -> list[str]:
    events = archive.client("logs").filter_log_events(logGroupName=ERRORS)["events"]
    return [json.loads(event["message"])["errorCode"] for event in events]


def lose_role(archive: Archive) -> Callable[[], object]:
    iam, name = archive.client("iam"), {"RoleName": "stream", "PolicyName": "s3-PutObject"}
    document = iam.get_role_policy(**name)["PolicyDocument"]
    iam.delete_role_policy(**name)
    return lambda: iam.put_role_policy(**name, PolicyDocument=json.dumps(document))


def lose_trust(archive: Archive) -> Callable[[], object]:
    iam = archive.client("iam")
    document = iam.get_role(RoleName="stream")["Role"]["AssumeRolePolicyDocument"]
    condition = {"StringEquals": {"aws:SourceAccount": "999999999999"}}
    other = {**document, "Statement": [{**document["Statement"][0], "Condition": condition}]}
    iam.update_assume_role_policy(RoleName="stream", PolicyDocument=json.dumps(other))
    return lambda: iam.update_assume_role_policy(
        RoleName="stream", PolicyDocument=json.dumps(document)
    )


def lose_key_grant(archive: Archive) -> Callable[[], object]:
    kms = archive.client("kms")
    name = {"KeyId": archive.key_arn, "PolicyName": "default"}
    document = kms.get_key_policy(**name)["Policy"]
    bucket_key = {"kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{archive.bucket}"}
    refusal = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "kms:GenerateDataKey",
        "Resource": "*",
        "Condition": {"StringEquals": bucket_key},
    }
    denying = json.loads(document)
    denying["Statement"].append(refusal)
    kms.put_key_policy(**name, Policy=json.dumps(denying))
    return lambda: kms.put_key_policy(**name, Policy=document)


def lose_key(archive: Archive) -> Callable[[], object]:
    kms = archive.client("kms")
    kms.disable_key(KeyId=archive.key_arn)
    return lambda: kms.enable_key(KeyId=archive.key_arn)


def lose_bucket_policy(archive: Archive) -> Callable[[], object]:
    s3 = archive.client("s3")
    refusal = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{archive.bucket}/cloudwatch/*",
        "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}},
    }
    s3.put_bucket_policy(Bucket=archive.bucket, Policy=json.dumps({"Statement": [refusal]}))
    return lambda: s3.delete_bucket_policy(Bucket=archive.bucket)


@pytest.mark.parametrize(
    ("lose", "code"),
    [
        (lose_role, "S3.AccessDenied"),
        (lose_trust, "S3.AccessDenied"),
        (lose_bucket_policy, "S3.AccessDenied"),
        (lose_key, "S3.KMS.KeyDisabled"),
        (lose_key_grant, "S3.KMS.AccessDeniedException"),
    ],
)
def test_what_cant_be_written_waits_until_it_can(
    shipping: Archive, lose: Callable[[Archive], Callable[[], object]], code: str
) -> None:
    restore = lose(shipping)
    shipping.put_events("/service", "first")
    assert shipping.keys() == []
    assert set(errors(shipping)) == {code}
    successes, attempts = measured(shipping, shipping.account_id, "DeliveryToS3.Success")
    assert successes == 0 < attempts

    restore()
    shipping.put_events("/service", "second", stream="two")
    found = [event["message"] for each in shipping.messages() for event in each["logEvents"]]
    assert found == ["first", "second"]
    assert measured(shipping, shipping.account_id, "DeliveryToS3.Success")[0] == 1
    assert measured(shipping, shipping.account_id, "IncomingRecords")[0] == 2
    assert measured(shipping, shipping.account_id, "DeliveryToS3.Records")[0] == 2


def test_what_failed_is_tried_again_unasked(
    shipping: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "RETRY", 0.1)
    restore = lose_role(shipping)
    shipping.put_events("/service", "first")
    assert shipping.keys() == []
    restore()
    assert arrives(shipping)


def test_a_bucket_that_is_gone_is_named(shipping: Archive) -> None:
    update(shipping, BucketARN="arn:aws:s3:::absent-logs")
    shipping.put_events("/service", "first")
    assert shipping.keys() == []
    assert set(errors(shipping)) == {"S3.NoSuchBucket"}


def test_a_destination_that_no_longer_allows_it_gets_nothing(shipping: Archive) -> None:
    shipping.client("logs").put_destination_policy(
        destinationName="archive", accessPolicy=json.dumps({"Statement": []})
    )
    shipping.put_events("/service", "first")
    assert shipping.keys() == []
    assert measured(shipping, shipping.sender_id, "DeliveryErrors")[0] == 1
    assert measured(shipping, shipping.sender_id, "ForwardedLogEvents")[0] == 0


def test_what_isnt_compressed_goes_to_the_error_prefix(shipping: Archive) -> None:
    update(shipping, ProcessingConfiguration={"Enabled": False})
    firehose = shipping.client("firehose")
    configuration = shipping.stream_configuration()
    restore = lose_role(shipping)  # so that nothing is written meanwhile
    firehose.put_record(DeliveryStreamName="archive", Record={"Data": b"plain"})
    update(shipping, ProcessingConfiguration=configuration["ProcessingConfiguration"])
    restore()
    (key,) = shipping.keys()
    assert key.startswith("errors/decompression-failed/")
    (text,) = shipping.texts()
    failed = json.loads(text)
    assert base64.b64decode(failed["rawData"]) == b"plain"
    failures = measured(shipping, shipping.account_id, "OutputDecompressedRecords.Failed")
    assert failures[0] == 1
    assert "gzip" in failed["errorMessage"]


def test_a_stream_whose_own_key_is_gone_holds_what_it_has(shipping: Archive) -> None:
    firehose, kms = shipping.client("firehose"), shipping.client("kms")
    own = kms.create_key()["KeyMetadata"]["Arn"]
    firehose.start_delivery_stream_encryption(
        DeliveryStreamName="archive",
        DeliveryStreamEncryptionConfigurationInput={
            "KeyARN": own,
            "KeyType": "CUSTOMER_MANAGED_CMK",
        },
    )
    kms.disable_key(KeyId=own)
    shipping.put_events("/service", "first")
    assert shipping.keys() == []
    assert measured(shipping, shipping.account_id, "KMSKeyDisabled")[0] >= 1
    kms.enable_key(KeyId=own)
    assert len(shipping.keys()) == 1


def test_writers_dont_wait_for_delivery(shipping: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, delivers = threading.Event(), WaitingRecords.deliver

    def deliver_later(waiting: WaitingRecords, turn: Any) -> None:
        go_on.wait(20)
        delivers(waiting, turn)

    monkeypatch.setattr(WaitingRecords, "deliver", deliver_later)
    for number in range(3):
        shipping.put_events("/service", f"event {number}")
        time.sleep(0.5)  # so that the worker is at it
    s3 = shipping.client("s3")
    assert s3.list_objects_v2(Bucket=shipping.bucket)["KeyCount"] == 0
    go_on.set()
    found = [event["message"] for each in shipping.messages() for event in each["logEvents"]]
    assert sorted(found) == ["event 0", "event 1", "event 2"]


def arrives(archive: Archive) -> bool:
    """Whether an object comes into the bucket by itself."""
    s3 = archive.client("s3")
    for _ in range(200):
        if s3.list_objects_v2(Bucket=archive.bucket)["KeyCount"]:
            return True
        time.sleep(0.1)
    return False


def test_events_arrive_without_anyone_waiting(shipping: Archive) -> None:
    shipping.put_events("/service", "first")
    assert arrives(shipping)


def test_a_stream_can_put_only_the_messages_down(shipping: Archive) -> None:
    extraction = {
        "Type": "CloudWatchLogProcessing",
        "Parameters": [{"ParameterName": "DataMessageExtraction", "ParameterValue": "true"}],
    }
    processing = shipping.stream_configuration()["ProcessingConfiguration"]
    processing["Processors"].append(extraction)
    update(shipping, ProcessingConfiguration=processing)
    shipping.put_events("/service", "first", "second")
    assert shipping.texts() == ["first\nsecond\n"]


def test_a_prefix_can_hold_who_sent_it(shipping: Archive) -> None:
    processing = shipping.stream_configuration()["ProcessingConfiguration"]
    query = {
        "MetadataExtractionQuery": "{account:.owner, group:.logGroup}",
        "JsonParsingEngine": "JQ-1.6",
    }
    parameters = [{"ParameterName": name, "ParameterValue": query[name]} for name in query]
    processing["Processors"].append({"Type": "MetadataExtraction", "Parameters": parameters})
    update(
        shipping,
        Prefix="!{partitionKeyFromQuery:account}!{partitionKeyFromQuery:group}/",
        ProcessingConfiguration=processing,
    )
    shipping.put_events("/service", "first")
    (key,) = shipping.keys()
    today = datetime.datetime.now(datetime.UTC).strftime("%Y/%m/%d/")
    assert key.startswith(f"{shipping.sender_id}/service/{today}")


def test_a_reset_forgets_what_wasnt_delivered(shipping: Archive) -> None:
    shipping.put_events("/service", "first")
    shipping.aws.reset()
    shipping.aws.deliver_logs()
    assert shipping.aws.client("s3", shipping.account_id).list_buckets()["Buckets"] == []
