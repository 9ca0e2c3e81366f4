"""modules/org-logging/forwarding: an account's logs on their way to the archive."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing import pci, rejects

if TYPE_CHECKING:
    from harness.testing import PlannedRoot, Planner

MODULE = "modules/org-logging/forwarding"
DESTINATION = "arn:aws:logs:eu-west-1:222222222222:destination:payments-logs-nonproduction"
GOOD: dict[str, Any] = {"name": "payments-dev", "destination_arn": DESTINATION}

REFUSED: dict[str, tuple[str, Any, str]] = {
    "capital_name": ("name", "Payments", "lower-case letters"),
    "no_destination": (
        "destination_arn",
        "arn:aws:firehose:eu-west-1:222222222222:deliverystream/logs",
        "Give a log destination by its ARN",
    ),
    "pattern": ("excluded_log_group_names", ["/aws/lambda/*"], "there are no patterns"),
    "too_many": (
        "excluded_log_group_names",
        [f"/{number:0>500}" for number in range(50)],
        "25 KB of excluded names",
    ),
    "cards_in_clear": ("detected_identifiers", ["EmailAddress"], "PCI DSS 3.4.1"),
    "odd_days": ("findings_days", 100, "CloudWatch Logs keeps events for"),
    "never_silent": ("silent_after_hours", 0, "after 1 to 24 hours"),
    "key_gone_tomorrow": ("key_deletion_window_days", 1, "7 to 30 days"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_invalid_input_is_refused(plan: Planner, case: str) -> None:
    variable, value, words = REFUSED[case]
    with rejects(variable=variable, match=re.escape(words)):
        plan(MODULE, {**GOOD, variable: value})


@pytest.fixture
def planned(plan: Planner) -> PlannedRoot:
    return plan(MODULE, GOOD)


SUBSCRIPTION = "aws_cloudwatch_log_account_policy.subscription"


@pci("10.3.3")
def test_every_group_is_sent(planned: PlannedRoot) -> None:
    policy = planned.one(SUBSCRIPTION)
    policy.expect(policy_type="SUBSCRIPTION_FILTER_POLICY", scope="ALL", selection_criteria=None)
    document = policy.json("policy_document")
    assert document["DestinationArn"] == DESTINATION
    assert document["FilterPattern"] == "", "every event"
    assert document["RoleArn"].endswith(":role/payments-dev-log-forwarding"), "PrincipalOrgID"
    trust = planned.one("aws_iam_role.forwarding").json("assume_role_policy")["Statement"][0]
    assert trust["Principal"] == {"Service": "logs.eu-west-1.amazonaws.com"}
    assert "aws:SourceAccount" in trust["Condition"]["StringEquals"]


def test_groups_on_the_way_are_left_out(plan: Planner) -> None:
    groups = ["/aws/kinesisfirehose/logs", "/aws/ecs/router"]
    planned = plan(MODULE, {**GOOD, "excluded_log_group_names": groups})
    criteria = planned.one(SUBSCRIPTION)["selection_criteria"]
    operator, _, listed = criteria.partition(" [")
    assert operator == "LogGroupName NOT IN"
    assert json.loads(f"[{listed}") == sorted(groups)


@pci("3.4.1")
def test_card_numbers_are_found_and_masked_alike(planned: PlannedRoot) -> None:
    policy = planned.one("aws_cloudwatch_log_account_policy.card_numbers")
    policy.expect(policy_type="DATA_PROTECTION_POLICY", scope="ALL")
    detect, mask = policy.json("policy_document")["Statement"]
    card_number = "arn:aws:dataprotection::aws:data-identifier/CreditCardNumber"
    assert detect["DataIdentifier"] == mask["DataIdentifier"] == [card_number]
    findings = planned.one("aws_cloudwatch_log_group.findings")["name"]
    assert detect["Operation"] == {
        "Audit": {"FindingsDestination": {"CloudWatchLogs": {"LogGroup": findings}}}
    }
    assert mask["Operation"] == {"Deidentify": {"MaskConfig": {}}}
    assert findings.startswith("/aws/vendedlogs/"), "CloudWatch Logs writes findings nowhere else"


@pci("12.10.1")
def test_a_finding_sounds_an_alarm(planned: PlannedRoot) -> None:
    counted = planned.one("aws_cloudwatch_log_metric_filter.findings")
    counted.expect(pattern="", log_group_name="/aws/vendedlogs/payments-dev-card-numbers")
    (metric,) = counted["metric_transformation"]
    planned.one("aws_cloudwatch_metric_alarm.card_numbers").expect(
        namespace=metric["namespace"], metric_name=metric["name"], threshold=0
    )


@pci("10.7.2")
@pytest.mark.parametrize(
    ("alarm", "expression", "missing"),
    [
        ("errors", 'SELECT SUM(DeliveryErrors) FROM "AWS/Logs"', "notBreaching"),
        ("silent", 'SELECT SUM(ForwardedLogEvents) FROM "AWS/Logs"', "breaching"),
        ("throttled", 'SELECT SUM(DeliveryThrottling) FROM "AWS/Logs"', "notBreaching"),
    ],
)
def test_alarms_notice_logs_that_are_not_sent(
    planned: PlannedRoot, alarm: str, expression: str, missing: str
) -> None:
    planned.one(f'aws_cloudwatch_metric_alarm.sending["{alarm}"]').expect(
        treat_missing_data=missing,
        metric_query=[{"expression": expression, "return_data": True}],
    )


@pci("3.7.4")
def test_key_of_the_findings_rotates(planned: PlannedRoot) -> None:
    planned.one("aws_kms_key.findings").expect(enable_key_rotation=True)
