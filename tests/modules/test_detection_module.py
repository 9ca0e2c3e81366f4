"""modules/detection: GuardDuty and Config, each only where it is asked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing import Options, pci, rejects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.aws import EmbeddedAWS
    from harness.testing import AppliedRoot, Applies, Planner

MODULE = "modules/detection"
ACCOUNT = "222222222222"
TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:payments-security"
DETECTOR = "0123456789abcdef0123456789abcdef"
BUCKET = f"payments-config-{ACCOUNT}"

REFUSED: dict[str, tuple[str, Any, str]] = {
    "capital_name": ("name", "Payments", "lower-case letters"),
    "no_detector": ("guardduty", {"detector_id": "detector"}, "32 hexadecimal digits"),
    "unknown_feature": (
        "guardduty",
        {"detector_id": DETECTOR, "features": ["EVERYTHING"]},
        "GuardDuty can watch EBS_MALWARE_PROTECTION",
    ),
    "severity_of_ten": ("least_severity", 10, "from 1 (all) to 9"),
    "no_bucket": ("recorder", {"bucket_name": "Config"}, "the name of the bucket"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_invalid_input_is_refused(plan: Planner, case: str) -> None:
    variable, value, words = REFUSED[case]
    with rejects(variable=variable, match=re.escape(words)):
        plan(MODULE, {"name": "payments", variable: value})


def test_nothing_is_on_by_itself(plan: Planner) -> None:
    plan(MODULE, name="payments", alarm_topic_arns=[TOPIC]).expect_counts(resources=0)


def test_parts_are_apart(plan: Planner) -> None:
    watching = plan(MODULE, name="payments", guardduty={"detector_id": DETECTOR})
    assert {resource.type.split("_")[1] for resource in watching.resources.values()} == {
        "cloudwatch",
        "guardduty",
    }
    recording = plan(MODULE, name="payments", recorder={"bucket_name": BUCKET})
    recording.expect_counts(
        aws_config_configuration_recorder=1,
        aws_config_configuration_recorder_status=1,
        aws_config_delivery_channel=1,
        aws_iam_service_linked_role=1,
    )


@pytest.fixture(scope="module")
def administrator(aws: EmbeddedAWS, applied: Applies) -> Iterator[AppliedRoot]:
    """Everything, in an account that GuardDuty made its administrator."""
    management, s3 = aws.client("guardduty", "111111111111"), aws.client("s3", ACCOUNT)
    management.enable_organization_admin_account(AdminAccountId=ACCOUNT)
    (detector,) = aws.client("guardduty", ACCOUNT).list_detectors()["DetectorIds"]
    configuration = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=configuration)
    root = applied(
        MODULE,
        name="payments",
        guardduty={"detector_id": detector},
        recorder={"bucket_name": BUCKET},
        aggregates_organization=True,
        alarm_topic_arns=[TOPIC],
        options=Options(account_id=ACCOUNT),
    )
    yield root
    root.destroy()
    s3.delete_bucket(Bucket=BUCKET)
    management.disable_organization_admin_account(AdminAccountId=ACCOUNT)


def test_second_plan_is_empty(administrator: AppliedRoot) -> None:
    administrator.assert_idempotent()


@pci("11.5.1")
def test_every_account_is_watched_and_findings_are_told(administrator: AppliedRoot) -> None:
    guardduty = administrator.client("guardduty")
    (detector,) = guardduty.list_detectors()["DetectorIds"]
    found = guardduty.describe_organization_configuration(DetectorId=detector)
    assert found["AutoEnableOrganizationMembers"] == "ALL"
    assert {feature["Name"]: feature["AutoEnable"] for feature in found["Features"]} == {
        "LAMBDA_NETWORK_LOGS": "ALL",
        "S3_DATA_EVENTS": "ALL",
    }
    rule = administrator.one("aws_cloudwatch_event_rule")
    assert rule.json("event_pattern") == {
        "source": ["aws.guardduty"],
        "detail-type": ["GuardDuty Finding"],
        "detail": {"severity": [{"numeric": [">=", 7]}]},
    }
    administrator.one("aws_cloudwatch_event_target").expect(rule=rule["name"], arn=TOPIC)


@pci("10.2.1")
def test_changes_are_recorded_for_the_archive(administrator: AppliedRoot) -> None:
    config = administrator.client("config")
    (status,) = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
    assert status["recording"]
    (recorder,) = config.describe_configuration_recorders()["ConfigurationRecorders"]
    assert recorder["recordingGroup"]["allSupported"]
    assert ":role/aws-service-role/config.amazonaws.com/" in recorder["roleARN"]
    (channel,) = config.describe_delivery_channels()["DeliveryChannels"]
    assert channel["s3BucketName"] == BUCKET


def test_records_of_all_accounts_are_gathered(administrator: AppliedRoot) -> None:
    administrator.one("aws_config_configuration_aggregator").expect(
        organization_aggregation_source=[
            {"all_regions": True, "role_arn": administrator.one("aws_iam_role")["arn"]}
        ]
    )
