"""Log events on their way from an account's groups into the bucket of another account."""

from __future__ import annotations

import datetime
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from harness.aws.log_delivery import prefixes

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.testing.log_archive import Archive

    Clients = Callable[[str], Any]

CARDS = "arn:aws:dataprotection::aws:data-identifier/CreditCardNumber"
STRANGER = "999999999999"


@pytest.fixture
def group(archive: Archive) -> str:
    archive.sender("logs").create_log_group(logGroupName="/service")
    return "/service"


def subscribe(archive: Archive, group: str, **changes: Any) -> None:
    archive.sender("logs").put_subscription_filter(
        **{
            "logGroupName": group,
            "filterName": "ship",
            "filterPattern": "",
            "destinationArn": archive.destination_arn,
            "roleArn": archive.role_arn,
            **changes,
        }
    )


@pytest.mark.mends("logs:PutSubscriptionFilter")
def test_a_group_sends_to_another_account(archive: Archive, group: str) -> None:
    subscribe(archive, group, filterPattern="paid", distribution="Random")
    (found,) = archive.sender("logs").describe_subscription_filters(logGroupName=group)[
        "subscriptionFilters"
    ]
    assert found["distribution"] == "Random"

    archive.put_events(group, "paid 1", "ignored", "paid 2")
    (message,) = archive.messages()
    assert {name: message[name] for name in message if name != "logEvents"} == {
        "messageType": "DATA_MESSAGE",
        "owner": archive.sender_id,
        "logGroup": group,
        "logStream": "one",
        "subscriptionFilters": ["ship"],
    }
    assert [event["message"] for event in message["logEvents"]] == ["paid 1", "paid 2"]
    assert all(len(event["id"]) == 56 for event in message["logEvents"])


def test_the_second_of_two_filters_can_be_changed(archive: Archive, group: str) -> None:
    for name in ("first", "second"):
        subscribe(archive, group, filterName=name)
    subscribe(archive, group, filterName="second", filterPattern="paid")
    logs = archive.sender("logs")
    found = logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
    assert [each["filterPattern"] for each in found] == ["", "paid"]
    with pytest.raises(logs.exceptions.LimitExceededException):
        subscribe(archive, group, filterName="third")


def test_an_account_outside_the_organization_is_refused(archive: Archive) -> None:
    role = archive.role(STRANGER, "ship", "logs.amazonaws.com", ("logs:PutLogEvents", "*"))
    logs = archive.client_of(STRANGER, "logs")
    logs.create_log_group(logGroupName="/service")
    sends_to = {"destinationArn": archive.destination_arn, "roleArn": role}
    with pytest.raises(logs.exceptions.ClientError) as refusal:
        logs.put_subscription_filter(
            logGroupName="/service", filterName="ship", filterPattern="", **sends_to
        )
    assert refusal.value.response["Error"] == {
        "Code": "AccessDeniedException",
        "Message": f"User with accountId: {STRANGER} is not authorized to perform:"
        f" logs:PutSubscriptionFilter on resource: {archive.destination_arn}",
    }


def test_a_destination_for_an_organization_needs_the_senders_role(
    archive: Archive, group: str
) -> None:
    logs = archive.sender("logs")
    with pytest.raises(logs.exceptions.InvalidParameterException, match="Role ARN is required"):
        logs.put_subscription_filter(
            logGroupName=group,
            filterName="ship",
            filterPattern="",
            destinationArn=archive.destination_arn,
        )
    stranger = archive.role(STRANGER, "ship", "logs.amazonaws.com")
    with pytest.raises(logs.exceptions.InvalidParameterException, match="Could not deliver"):
        subscribe(archive, group, roleArn=stranger)


def test_a_destination_elsewhere_doesnt_exist(archive: Archive, group: str) -> None:
    logs = archive.sender("logs")
    for wrong in (
        archive.destination_arn.replace("eu-west-1", "us-east-1"),
        archive.destination_arn + "s",
    ):
        with pytest.raises(logs.exceptions.InvalidParameterException, match="Could not deliver"):
            subscribe(archive, group, destinationArn=wrong)


@pytest.mark.mends("logs:PutDestination")
def test_a_destination_stands_before_a_stream_that_its_role_may_fill(archive: Archive) -> None:
    logs = archive.client("logs")
    unfit = archive.role(archive.account_id, "unfit", "logs.amazonaws.com")
    fit = f"arn:aws:iam::{archive.account_id}:role/logs"
    for stream, role in ((archive.stream_arn, unfit), (archive.stream_arn + "s", fit)):
        with pytest.raises(logs.exceptions.InvalidParameterException, match="ACTIVE state"):
            logs.put_destination(destinationName="other", targetArn=stream, roleArn=role)
    logs.put_destination(destinationName="other", targetArn=archive.stream_arn, roleArn=fit)


@pytest.mark.mends("logs:PutAccountPolicy")
def test_an_account_sends_all_groups_but_the_excluded(archive: Archive, group: str) -> None:
    archive.subscribe_account(selectionCriteria='LogGroupName NOT IN ["/quiet"]')
    logs = archive.sender("logs")
    logs.create_log_group(logGroupName="/quiet")
    archive.put_events("/quiet", "stays")
    archive.put_events(group, "goes")
    (message,) = archive.messages()
    assert message["policyLevel"] == "ACCOUNT_LEVEL_POLICY"
    assert message["logGroup"] == group
    assert message["subscriptionFilters"] == ["ship"]

    kind = {"policyType": "SUBSCRIPTION_FILTER_POLICY"}
    (policy,) = logs.describe_account_policies(**kind)["accountPolicies"]
    assert policy["accountId"] == archive.sender_id
    assert policy["selectionCriteria"] == 'LogGroupName NOT IN ["/quiet"]'
    with pytest.raises(logs.exceptions.LimitExceededException):
        logs.put_account_policy(policyName="second", policyDocument="{}", **kind)
    logs.delete_account_policy(policyName="ship", **kind)
    assert logs.describe_account_policies(**kind)["accountPolicies"] == []
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.delete_account_policy(policyName="ship", **kind)


@pytest.mark.parametrize(
    "criteria", ['LogGroupNamePrefix NOT IN ["/a"]', "LogGroupName NOT IN [1]", "nonsense"]
)
def test_an_account_policy_can_only_leave_groups_out_by_name(
    archive: Archive, criteria: str
) -> None:
    logs = archive.sender("logs")
    with pytest.raises(logs.exceptions.InvalidParameterException, match="NOT IN"):
        archive.subscribe_account(selectionCriteria=criteria)


def test_an_account_policy_is_refused_outside_the_organization(archive: Archive) -> None:
    role = archive.role(STRANGER, "ship", "logs.amazonaws.com", ("logs:PutLogEvents", "*"))
    archive.sender_id = STRANGER
    with pytest.raises(archive.sender("logs").exceptions.ClientError) as refusal:
        archive.subscribe_account(document={"RoleArn": role})
    assert "logs:PutAccountPolicy" in refusal.value.response["Error"]["Message"]


def test_data_protection_audits_what_it_masks(client: Clients) -> None:
    logs = client("logs")
    audit = {"DataIdentifier": [CARDS], "Operation": {"Audit": {"FindingsDestination": {}}}}
    mask = {"DataIdentifier": [CARDS], "Operation": {"Deidentify": {"MaskConfig": {}}}}

    def put(*statements: dict[str, Any]) -> None:
        logs.put_account_policy(
            policyName="cards",
            policyType="DATA_PROTECTION_POLICY",
            policyDocument=json.dumps({"Name": "cards", "Statement": statements}),
        )

    put(audit, mask)
    for statements in ((audit,), (audit, {**mask, "DataIdentifier": [CARDS, "x"]})):
        with pytest.raises(logs.exceptions.InvalidParameterException, match="same data"):
            put(*statements)


@pytest.mark.mends("firehose:PutRecordBatch")
def test_a_stream_writes_as_it_is_configured(archive: Archive) -> None:
    firehose = archive.client("firehose")
    firehose.create_delivery_stream(
        DeliveryStreamName="plain",
        ExtendedS3DestinationConfiguration=archive.stream_configuration(
            Prefix="plain/!{timestamp:yyyy'-'MM}/",
            FileExtension=".log.gz",
            ProcessingConfiguration={"Enabled": False},
        ),
    )
    answer = firehose.put_record(DeliveryStreamName="plain", Record={"Data": b"a line\n"})
    assert answer["RecordId"]
    (key,) = archive.keys()
    month = datetime.datetime.now(datetime.UTC).strftime("%Y-%m")
    assert key.startswith(f"plain/{month}/plain-1-")
    assert key.endswith(".log.gz")
    assert archive.texts() == ["a line\n"]
    head = archive.client("s3").head_object(Bucket=archive.bucket, Key=key)
    assert head["ServerSideEncryption"] == "aws:kms"
    assert head["SSEKMSKeyId"] == archive.key_arn
    assert head["ObjectLockMode"] == "GOVERNANCE"
    with pytest.raises(firehose.exceptions.InvalidSourceException):
        firehose.put_record(DeliveryStreamName="archive", Record={"Data": b"no gzip"})


@pytest.mark.mends("firehose:CreateDeliveryStream")
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Prefix": "!{timestamp:YYYYY}/"}, "the date YYYYY isn't known"),
        ({"Prefix": "!{partitionKeyFromQuery:account}/"}, "isn't known"),
        ({"Prefix": "!{firehose:error-output-type}/"}, "isn't known"),
        ({"ErrorOutputPrefix": ""}, "needs an error prefix"),
        ({"ErrorOutputPrefix": "errors/!{timestamp:yyyy}/"}, "must hold"),
        (
            {
                "ProcessingConfiguration": {
                    "Enabled": True,
                    "Processors": [{"Type": "Lambda", "Parameters": []}],
                }
            },
            "no Firehose processor Lambda",
        ),
    ],
)
def test_a_stream_is_refused_what_cant_be_carried_out(
    archive: Archive, changes: dict[str, Any], message: str
) -> None:
    firehose = archive.client("firehose")
    invalid = firehose.exceptions.InvalidArgumentException
    configuration = archive.stream_configuration(**changes)
    with pytest.raises(invalid, match=message):
        firehose.create_delivery_stream(
            DeliveryStreamName="other", ExtendedS3DestinationConfiguration=configuration
        )
    with pytest.raises(invalid, match=message):
        firehose.update_destination(
            DeliveryStreamName="archive",
            CurrentDeliveryStreamVersionId="1",
            DestinationId="destinationId-000000000001",
            ExtendedS3DestinationUpdate=changes,
        )


def test_a_prefix_is_filled_in_as_firehose_does() -> None:
    at = datetime.datetime(2026, 3, 4, 5, 6, 7, tzinfo=datetime.UTC)
    for prefix, expected in {
        "": "2026/03/04/05/",
        "logs/": "logs/2026/03/04/05/",
        "a=!{timestamp:yyyy}/b=!{timestamp:MM'-'dd'T'HH:mm:ss}/": "a=2026/b=03-04T05:06:07/",
    }.items():
        assert prefixes.evaluate(prefix, at) == expected
    random = prefixes.evaluate("!{firehose:random-string}/", at)
    assert re.fullmatch(r"\w{11}/2026/03/04/05/", random)
