"""Which traffic is logged, what is told of it, and where that goes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.testing import pci
from pci_dss.policy import Result, Verdict

from .documents import planned, verdicts

FLOW_LOG, GROUP = "aws_flow_log.network", "aws_cloudwatch_log_group.flow"
GROUP_ARN = "arn:aws:logs:eu-west-1:111111111111:log-group:flow"
BUCKET_ARN = "arn:aws:s3:::archive"
FIELDS = ("srcaddr", "dstaddr", "dstport", "protocol", "start", "action")
SENT = {
    "aws_cloudwatch_log_account_policy.archive": {
        "policy_type": "SUBSCRIPTION_FILTER_POLICY",
        "policy_document": json.dumps({"DestinationArn": "arn:x", "FilterPattern": ""}),
    }
}
TO_GROUP = {"log_destination_type": "cloud-watch-logs", "log_destination": GROUP_ARN}
TO_BUCKET = {"log_destination_type": "s3", "log_destination": f"{BUCKET_ARN}/flow/"}

pytestmark = pci("10.2.1")


def judge(
    values: dict[str, Any],
    beside: dict[str, dict[str, Any]] | None = None,
    unknown: dict[str, Any] | None = None,
    references: dict[str, list[str]] | None = None,
) -> Verdict:
    """Judge a flow log of a VPC, beside its group."""
    everything: dict[str, dict[str, Any]] = {
        FLOW_LOG: {"traffic_type": "ALL", **TO_GROUP, **values},
        GROUP: {"arn": GROUP_ARN, "name": "flow"},
        **(SENT if beside is None else beside),
    }
    resources = planned(
        everything,
        unknown={FLOW_LOG: unknown or {}},
        references={FLOW_LOG: references or {}},
    )
    return verdicts("PCI_27", resources)[FLOW_LOG]


def fields(*names: str) -> str:
    return " ".join(f"${{{name}}}" for name in names)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"log_format": fields(*FIELDS)},
        {
            "log_format": fields(
                "pkt-srcaddr", "pkt-dstaddr", "dstport", "protocol", "end", "action"
            )
        },
        {"log_destination": None, "log_destination_type": None, "log_group_name": "flow"},
    ],
)
def test_all_traffic_reaches_the_archive(values: dict[str, Any]) -> None:
    assert judge(values).result == Result.PASS


@pytest.mark.parametrize("traffic", ["ACCEPT", "REJECT", None])
def test_no_traffic_is_left_out(traffic: str | None) -> None:
    found = judge({"traffic_type": traffic})
    assert found.result == Result.FAIL
    assert found.reasons == (f"it logs {traffic or 'no'} traffic only",)


@pytest.mark.parametrize(
    ("missing", "what"),
    [
        ("srcaddr", "from where"),
        ("dstaddr", "to where"),
        ("dstport", "to which port"),
        ("protocol", "by which protocol"),
        ("start", "when"),
        ("action", "whether it was accepted"),
    ],
)
def test_records_tell_what_happened(missing: str, what: str) -> None:
    found = judge({"log_format": fields(*(each for each in FIELDS if each != missing))})
    assert found.reasons == (f"records don't tell {what}",)


def test_records_do_not_stay_in_their_group() -> None:
    found = judge({}, beside={})
    assert found.result == Result.FAIL
    assert found.reasons == (f"{GROUP}: no subscription sends all of its events",)
    other = {"aws_cloudwatch_log_subscription_filter.a": {"log_group_name": "of-another"}}
    assert judge({}, beside=other).result == Result.FAIL


def test_a_bucket_of_the_plan_is_judged_by_itself() -> None:
    bucket = {"aws_s3_bucket.archive": {"bucket": "archive", "arn": BUCKET_ARN}}
    assert judge(TO_BUCKET, beside=bucket).result == Result.PASS
    assert judge({**TO_BUCKET, "traffic_type": "REJECT"}, beside=bucket).result == Result.FAIL
    elsewhere = {"aws_s3_bucket.archive": {"bucket": "another"}}
    assert judge(TO_BUCKET, beside=elsewhere).result == Result.NOT_EVALUATED


def test_transit_gateways_log_all_there_is() -> None:
    values = {"traffic_type": None, "transit_gateway_id": "tgw-1", "log_format": fields("version")}
    assert judge(values).result == Result.PASS


def test_a_plan_before_the_apply_tells_the_group_by_reference() -> None:
    unknown = {"log_destination": True, "log_format": True}
    references = {"log_destination": [f"{GROUP}.arn", GROUP]}
    assert judge({"log_destination": None}, None, unknown, references).result == Result.PASS
    assert judge({"log_destination": None}, {}, unknown, references).result == Result.FAIL


@pytest.mark.parametrize("name", ["traffic_type", "log_format", "log_destination"])
def test_what_is_not_known_is_not_decided(name: str) -> None:
    found = judge({name: None}, None, {name: True}, {name: ["local.of_the_plan"]})
    assert found.result == Result.NOT_EVALUATED
    elsewhere = judge({"log_destination": "arn:aws:logs:eu-west-1:222222222222:log-group:other"})
    assert elsewhere.result == Result.NOT_EVALUATED
