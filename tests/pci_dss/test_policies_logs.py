"""How long logs stay, where they go, what is masked in them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.testing import pci

from .judging import reasons, undecided, verdict_on_first

GROUP = "aws_cloudwatch_log_group.pay"
NAME = "/aws/lambda/pay"
POLICY = "aws_cloudwatch_log_account_policy.all"
FILTER = "aws_cloudwatch_log_subscription_filter.pay"
PROTECTION = "aws_cloudwatch_log_data_protection_policy.pay"
STREAM = "aws_kinesis_firehose_delivery_stream.archive"
NO_POLICY = "no subscription sends all of its events"
ARCHIVE = "arn:aws:logs:eu-west-1:222222222222:destination:payments-logs"


@pci("10.5.1")
@pytest.mark.parametrize(
    ("days", "words"),
    [
        (365, ""),
        (3653, ""),
        (0, ""),
        (None, ""),
        (364, "events of production are kept for 364 days"),
        (90, "events of production are kept for 90 days"),
        (1, "events are kept for 1 days"),
    ],
)
def test_logs_are_kept_for_twelve_months(days: int | None, words: str) -> None:
    assert reasons("PCI_14", {GROUP: {"name": NAME, "retention_in_days": days}}) == words


@pci("10.5.1")
@pytest.mark.parametrize(("days", "words"), [(90, ""), (60, "events are kept for 60 days")])
def test_what_holds_no_real_card_is_kept_for_three_months(days: int, words: str) -> None:
    group = {"retention_in_days": days, "tags_all": {"environment": "dev"}}
    assert reasons("PCI_14", {GROUP: group}) == words


@pci("10.5.1")
def test_days_that_are_not_known_are_not_evaluated() -> None:
    unknown = {GROUP: {"retention_in_days": True}}
    assert "retention_in_days isn't known" in undecided("PCI_14", {GROUP: {}}, unknown=unknown)


def account_policy(pattern: str | None = "", criteria: str | None = None) -> dict[str, Any]:
    document = {"DestinationArn": ARCHIVE, "FilterPattern": pattern}
    return {
        "policy_type": "SUBSCRIPTION_FILTER_POLICY",
        "policy_document": json.dumps(document),
        "selection_criteria": criteria,
    }


def subscription(**changes: Any) -> dict[str, Any]:
    return {"log_group_name": NAME, "filter_pattern": "", "destination_arn": ARCHIVE, **changes}


@pci("10.3.3")
@pytest.mark.parametrize(
    ("beside", "words"),
    [
        ({POLICY: account_policy()}, ""),
        ({POLICY: account_policy(None)}, ""),
        ({POLICY: account_policy(criteria='LogGroupName NOT IN ["/other"]')}, ""),
        ({POLICY: account_policy(criteria='LogGroupNamePrefix NOT IN ["/aws/ecs"]')}, ""),
        ({FILTER: subscription()}, ""),
        ({FILTER: subscription(filter_pattern=" ")}, ""),
        ({}, NO_POLICY),
        ({POLICY: account_policy("ERROR")}, NO_POLICY),
        ({POLICY: account_policy(criteria=f'LogGroupName NOT IN ["{NAME}"]')}, NO_POLICY),
        ({POLICY: account_policy(criteria='LogGroupNamePrefix NOT IN ["/aws/"]')}, NO_POLICY),
        ({POLICY: {**account_policy(), "policy_type": "FIELD_INDEX_POLICY"}}, NO_POLICY),
        ({FILTER: subscription(filter_pattern="?ERROR")}, NO_POLICY),
        ({FILTER: subscription(log_group_name="/aws/lambda/other")}, NO_POLICY),
    ],
)
def test_every_group_is_sent_whole(beside: dict[str, Any], words: str) -> None:
    assert reasons("PCI_15", {GROUP: {"name": NAME}, **beside}) == words


def test_a_group_whose_name_is_not_known_is_sent_unless_some_are_left_out() -> None:
    unknown = {GROUP: {"name": True}}
    assert not reasons("PCI_15", {GROUP: {}, POLICY: account_policy()}, unknown=unknown)
    leaving_out = account_policy(criteria='LogGroupName NOT IN ["/other"]')
    found = undecided("PCI_15", {GROUP: {}, POLICY: leaving_out}, unknown=unknown)
    assert "name isn't known" in found
    references = {FILTER: {"log_group_name": [f"{GROUP}.name", GROUP]}}
    both: Any = {GROUP: {"name": True}, FILTER: {"log_group_name": True}}
    plan = {GROUP: {}, FILTER: {"filter_pattern": ""}}
    assert not reasons("PCI_15", plan, unknown=both, references=references)


@pytest.mark.parametrize("policy", ["PCI_15", "PCI_16"])
def test_a_subscription_or_mask_that_is_not_known_is_not_evaluated(policy: str) -> None:
    kind = "SUBSCRIPTION_FILTER_POLICY" if policy == "PCI_15" else "DATA_PROTECTION_POLICY"
    plan = {GROUP: {"name": NAME}, POLICY: {"policy_type": kind}}
    found = undecided(policy, plan, unknown={POLICY: {"policy_document": True}})
    assert "policy_document isn't known" in found


def test_criteria_that_nobody_understands_are_not_evaluated() -> None:
    plan = {GROUP: {"name": NAME}, POLICY: account_policy(criteria="LogGroupName LIKE 'a'")}
    assert "isn't understood" in undecided("PCI_15", plan)


@pytest.mark.parametrize("policy", ["PCI_15", "PCI_16"])
@pytest.mark.parametrize("destination", ["extended_s3_configuration", "splunk_configuration"])
def test_what_a_delivery_stream_tells_of_itself_is_no_concern(
    policy: str, destination: str
) -> None:
    options = [{"enabled": True, "log_group_name": NAME}]
    stream = {STREAM: {destination: [{"cloudwatch_logging_options": options}]}}
    assert verdict_on_first(policy, {GROUP: {"name": NAME}, **stream}) is None
    assert verdict_on_first(policy, {GROUP: {"name": "/aws/lambda/b"}, **stream}) is not None


def masking(
    *, audited: Any = ("CreditCardNumber",), masked: Any = ("CreditCardNumber",)
) -> dict[str, Any]:
    def identifiers(names: Any) -> list[str]:
        return [f"arn:aws:dataprotection::aws:data-identifier/{name}" for name in names]

    statements = [
        {"DataIdentifier": identifiers(audited), "Operation": {"Audit": {}}},
        {
            "DataIdentifier": identifiers(masked),
            "Operation": {"Deidentify": {"MaskConfig": {}}},
        },
    ]
    if masked is None:
        statements.pop()
    document = json.dumps({"Name": "cards", "Version": "2021-06-01", "Statement": statements})
    return {"policy_type": "DATA_PROTECTION_POLICY", "policy_document": document}


AUDIT_ONLY = json.dumps(
    {
        "Statement": [
            {
                "DataIdentifier": ["arn:aws:dataprotection::aws:data-identifier/CreditCardNumber"],
                "Operation": {"Audit": {"FindingsDestination": {}}},
            }
        ]
    }
)


@pci("3.4.1")
@pytest.mark.parametrize("address", [POLICY, PROTECTION])
@pytest.mark.parametrize(
    ("values", "words"),
    [
        (masking(), ""),
        (masking(audited=("CreditCardNumber", "Name"), masked=("Name", "CreditCardNumber")), ""),
        ({"policy_document": AUDIT_ONLY}, "it masks nothing"),
        ({"policy_document": "{}"}, "it masks nothing"),
        (masking(audited=("Name",), masked=("Name",)), "it doesn't mask CreditCardNumber"),
        (masking(audited=("CreditCardNumber", "Name")), "name different identifiers"),
    ],
)
def test_card_numbers_are_found_and_masked(
    address: str, values: dict[str, Any], words: str
) -> None:
    policy = {"policy_type": "DATA_PROTECTION_POLICY", **values}
    found = reasons("PCI_16", {address: policy})
    assert words in found
    assert bool(words) == bool(found)


@pci("3.4.1")
@pytest.mark.parametrize(
    ("beside", "masked"),
    [
        ({POLICY: masking()}, True),
        ({PROTECTION: {**masking(), "log_group_name": NAME}}, True),
        ({PROTECTION: {**masking(), "log_group_name": "/other"}}, False),
        ({POLICY: {**masking(), "policy_document": AUDIT_ONLY}}, False),
        ({POLICY: account_policy()}, False),
        ({}, False),
    ],
)
def test_every_group_is_masked(beside: dict[str, Any], masked: bool) -> None:
    words = "" if masked else "no data protection policy masks card numbers in it"
    assert reasons("PCI_16", {GROUP: {"name": NAME}, **beside}) == words


def test_other_policies_of_the_account_are_no_concern_of_masking() -> None:
    assert verdict_on_first("PCI_16", {POLICY: account_policy()}) is None
