"""modules/org-logging/trail: the organization's trail, and alarms on tampering with logging."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from harness.aws.filter_patterns import selector
from harness.testing import Options, pci, rejects

if TYPE_CHECKING:
    from harness.testing import PlannedRoot, Planner

MODULE = "modules/org-logging/trail"
MANAGEMENT = "111111111111"
IN_MANAGEMENT = Options(account_id=MANAGEMENT)
KEY = "arn:aws:kms:eu-west-1:222222222222:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ARCHIVE: dict[str, Any] = {
    "bucket_name": "logs-production",
    "bucket_names": ["logs-nonproduction", "logs-production"],
    "kms_key_arn": KEY,
}
GOOD: dict[str, Any] = {"name": "payments-organization", "archive": ARCHIVE}
OBJECTS = {"resource_type": "AWS::S3::Object"}

REFUSED: dict[str, tuple[str, Any, str]] = {
    "capital_name": ("name", "Payments", "lower-case letters"),
    "key_by_alias": (
        "archive",
        {**ARCHIVE, "kms_key_arn": "alias/payments-log-archive"},
        "Give the key by its ARN",
    ),
    "own_bucket_forgotten": (
        "archive",
        {**ARCHIVE, "bucket_names": ["logs-nonproduction"]},
        "The trail's own bucket is one of the archive's",
    ),
    "no_objects": (
        "data_events",
        {"functions": {"resource_type": "AWS::Lambda::Function"}},
        "PCI DSS 10.2.1 wants access to stored data logged",
    ),
    "unknown_type": (
        "data_events",
        {"objects": OBJECTS, "tables": {"resource_type": "dynamodb"}},
        "as CloudTrail does",
    ),
    "the_archives_own": (
        "data_events",
        {"objects": {**OBJECTS, "arn_prefixes": ["arn:aws:s3:::logs-production/AWSLogs/"]}},
        "The archive's own buckets can't be meant",
    ),
    "source_by_name": ("network_activity_sources", ["kms"], "by their event source"),
    "short_copy": ("watched_days", 30, "three months are to be at hand"),
    "emergency_role_by_arn": (
        "emergency_role_names",
        ["arn:aws:iam::777777777777:role/payments-breakglass"],
        "Name emergency roles without path or ARN",
    ),
    "role_by_arn": (
        "exempt_role_names",
        ["arn:aws:iam::111111111111:role/payments-deploy"],
        "without path or ARN",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_invalid_input_is_refused(plan: Planner, case: str) -> None:
    variable, value, words = REFUSED[case]
    with rejects(variable=variable, match=re.escape(words)):
        plan(MODULE, {**GOOD, variable: value}, options=IN_MANAGEMENT)


@pytest.fixture
def planned(plan: Planner) -> PlannedRoot:
    return plan(
        MODULE,
        {
            **GOOD,
            "exempt_role_names": ["payments-deploy"],
            "network_activity_sources": ["kms.amazonaws.com"],
        },
        options=IN_MANAGEMENT,
    )


def selectors(planned: PlannedRoot) -> dict[str, dict[str, Any]]:
    """What each event selector asks of each field, by its name."""
    return {
        selector["name"]: {
            field["field"]: {
                operator: sorted(values)
                for operator, values in field.items()
                if operator != "field" and values
            }
            for field in selector["field_selector"]
        }
        for selector in planned.one("aws_cloudtrail.organization")["advanced_event_selector"]
    }


@pci("10.2.1")
def test_every_account_and_region_is_logged(planned: PlannedRoot) -> None:
    planned.one("aws_cloudtrail.organization").expect(
        is_organization_trail=True,
        is_multi_region_trail=True,
        include_global_service_events=True,
        enable_logging=True,
        s3_bucket_name="logs-production",
    )
    found = selectors(planned)
    assert found["management"] == {"eventCategory": {"equals": ["Management"]}}
    types = {
        fields["resources.type"]["equals"][0]
        for fields in found.values()
        if "resources.type" in fields
    }
    assert types == {"AWS::DynamoDB::Table", "AWS::Lambda::Function", "AWS::S3::Object"}
    assert found["network-kms"]["eventSource"] == {"equals": ["kms.amazonaws.com"]}


@pci("10.2.1")
def test_the_archives_own_objects_make_no_events(planned: PlannedRoot) -> None:
    assert selectors(planned)["data-objects"]["resources.ARN"] == {
        "not_starts_with": ["arn:aws:s3:::logs-nonproduction/", "arn:aws:s3:::logs-production/"]
    }


def test_data_events_of_some_resources_can_be_meant(plan: Planner) -> None:
    tables = "arn:aws:dynamodb:eu-west-1:777777777777:table/payments-"
    events = {
        "objects": OBJECTS,
        "tables": {
            "resource_type": "AWS::DynamoDB::Table",
            "arn_prefixes": [tables],
            "writes_only": True,
        },
    }
    planned = plan(MODULE, {**GOOD, "data_events": events}, options=IN_MANAGEMENT)
    found = selectors(planned)["data-tables"]
    assert found["resources.ARN"] == {"starts_with": [tables]}
    assert found["readOnly"] == {"equals": ["false"]}


@pci("10.3.4")
def test_files_are_validated_and_encrypted(planned: PlannedRoot) -> None:
    planned.one("aws_cloudtrail.organization").expect(
        enable_log_file_validation=True, kms_key_id=KEY
    )


def test_copy_is_written_by_this_trail_only(planned: PlannedRoot) -> None:
    (statement,) = planned.one("aws_iam_role.trail").json("assume_role_policy")["Statement"]
    assert statement["Condition"]["StringEquals"] == {
        "aws:SourceAccount": MANAGEMENT,
        "aws:SourceArn": f"arn:aws:cloudtrail:eu-west-1:{MANAGEMENT}:trail/payments-organization",
    }
    planned.one("aws_cloudwatch_log_group.trail").expect(retention_in_days=90)
    planned.one("aws_kms_key.watched_copy").expect(enable_key_rotation=True)


TAMPERING = {
    "archive": ["DeleteBucketPolicy", "PutBucketObjectLockConfiguration", "DeleteDestination"],
    "forwarding": ["DeleteSubscriptionFilter", "DeleteAccountPolicy", "DeleteLogGroup"],
    "keys": ["DisableKey", "ScheduleKeyDeletion"],
    "trail": ["StopLogging", "DeleteTrail", "PutEventSelectors", "UpdateTrail"],
}


@pci("10.3.2")
@pytest.mark.parametrize("what", TAMPERING)
def test_tampering_in_any_account_sounds_an_alarm(planned: PlannedRoot, what: str) -> None:
    found = planned.one(f'aws_cloudwatch_log_metric_filter.tampering["{what}"]')
    pattern = found["pattern"]
    for event in TAMPERING[what]:
        assert f'($.eventName = "{event}")' in pattern
    role = "$.userIdentity.sessionContext.sessionIssuer.userName"
    exempt = f'&& (({role} NOT EXISTS) || ({role} != "payments-deploy")) }}'
    assert pattern.endswith(exempt), "also the root user, who has no role, is noticed"
    assert "errorCode" not in pattern, "refused attempts count"
    assert len(pattern) <= 1024, "CloudWatch Logs' limit"
    alarm = planned.one(f'aws_cloudwatch_metric_alarm.tampering["{what}"]')
    (metric,) = found["metric_transformation"]
    alarm.expect(
        namespace=metric["namespace"],
        metric_name=metric["name"],
        threshold=0,
        comparison_operator="GreaterThanThreshold",
    )


@pci("10.3.2")
def test_a_change_of_the_guardrails_sounds_an_alarm_by_whomever(planned: PlannedRoot) -> None:
    pattern = planned.one('aws_cloudwatch_log_metric_filter.tampering["guardrails"]')["pattern"]
    for event in ("DetachPolicy", "UpdatePolicy", "DisablePolicyType", "MoveAccount"):
        assert f'($.eventName = "{event}")' in pattern
    # IAM has events of the same names.
    assert pattern.endswith(' && ($.eventSource = "organizations.amazonaws.com") }')
    planned.one('aws_cloudwatch_metric_alarm.tampering["guardrails"]').expect(threshold=0)


@pci("7.2.5")
def test_whoever_becomes_an_emergency_role_anywhere_sounds_an_alarm(plan: Planner) -> None:
    values = {**GOOD, "emergency_role_names": ["payments-breakglass"]}
    planned = plan(MODULE, values, options=IN_MANAGEMENT)
    pattern = planned.one("aws_cloudwatch_log_metric_filter.emergency")["pattern"]
    is_alarming = selector(pattern)
    role = "arn:aws:iam::777777777777:role/payments-breakglass"
    used = {"eventName": "AssumeRole", "requestParameters": {"roleArn": role}}
    refused = {
        "eventName": "AssumeRole",
        "requestParameters": None,
        "errorMessage": f"User: eve is not authorized to perform: sts:AssumeRole on {role}",
    }
    other = {"eventName": "AssumeRole", "requestParameters": {"roleArn": f"{role}s"}}
    assert [is_alarming(json.dumps(event)) for event in (used, refused, other)] == [
        True,
        True,
        False,
    ]
    planned.one("aws_cloudwatch_metric_alarm.emergency").expect(threshold=0)


@pci("10.7.2")
def test_a_silent_trail_sounds_an_alarm(planned: PlannedRoot) -> None:
    planned.one("aws_cloudwatch_metric_alarm.silent").expect(
        metric_name="IncomingLogEvents",
        dimensions={"LogGroupName": "/aws/cloudtrail/payments-organization"},
        treat_missing_data="breaching",
    )


@pci("10.7.2")
def test_an_existing_trail_gets_the_alarms_only(plan: Planner) -> None:
    planned = plan(MODULE, {**GOOD, "existing_log_group_name": "theirs"}, options=IN_MANAGEMENT)
    planned.expect_counts(
        exhaustive=True, aws_cloudwatch_log_metric_filter=5, aws_cloudwatch_metric_alarm=6
    )
    for found in planned.all("aws_cloudwatch_log_metric_filter"):
        found.expect(log_group_name="theirs")
    planned.expect_outputs(arn=None, log_group_name="theirs")
