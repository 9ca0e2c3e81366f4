"""Ways of logs as evidence: a function's and a trail's, to a bucket that is locked or isn't."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from evidence_graphs.documents import ARCHIVE, REGION, Values, root, rows
from harness.testing import pci
from pci_dss.evidence.model import Row, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

PAY, GROUP, TRAIL = (
    "aws_lambda_function.pay",
    "aws_cloudwatch_log_group.pay",
    "aws_cloudtrail.shop",
)
LOGGED, SHIPPED = "GRAPH_LOGGED", "GRAPH_LOG_PATHS"
DESTINATION = f"arn:aws:logs:{REGION}:{ARCHIVE}:destination:logs"
SHOP: Values = {
    PAY: {"function_name": "pay"},
    GROUP: {"name": "/aws/lambda/pay"},
    TRAIL: {"name": "shop", "s3_bucket_name": "kept-logs"},
    "aws_cloudwatch_log_account_policy.ship": {
        "policy_type": "SUBSCRIPTION_FILTER_POLICY",
        "policy_document": json.dumps({"DestinationArn": DESTINATION, "FilterPattern": ""}),
    },
}
KEPT: Values = {
    "aws_cloudwatch_log_destination.logs": {"name": "logs", "target_arn": "arn:of:stream"},
    "aws_cloudwatch_log_destination_policy.logs": {"destination_name": "logs"},
    "aws_kinesis_firehose_delivery_stream.logs": {
        "arn": "arn:of:stream",
        "extended_s3_configuration": [
            {
                "bucket_arn": "arn:of:bucket",
                "cloudwatch_logging_options": [{"log_group_name": "/delivery"}],
            }
        ],
    },
    "aws_cloudwatch_log_group.delivery": {"name": "/delivery"},
    "aws_s3_bucket.logs": {"bucket": "kept-logs", "arn": "arn:of:bucket", "id": "kept-logs"},
    "aws_s3_bucket_object_lock_configuration.logs": {
        "bucket": "kept-logs",
        "rule": [{"default_retention": [{"mode": "COMPLIANCE", "days": 365}]}],
    },
}
KEPT_BY = "environments/log-archive"


def found(
    check: str,
    changed: Mapping[str, Mapping[str, Any]] | None = None,
    unknown: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    archive: str = KEPT_BY,
) -> dict[str, Row]:
    """Give a check's rows; attributes of resources are changed in both roots by their kinds."""
    shop, kept = deepcopy(SHOP), deepcopy(KEPT)
    for values in (shop, kept):
        for address in values:
            kind = address.partition(".")[0].removeprefix("aws_")
            values[address] |= (changed or {}).get(kind, {})
    roots = (root(shop, unknown), root(kept, account_id=ARCHIVE, name=KEPT_BY))
    return rows(*roots, check=check, archive=archive)


@pci("10.2.1", "10.3.2", "10.3.3")
def test_every_way_to_a_locked_bucket_passes_and_is_told() -> None:
    logged, shipped = found(LOGGED), found(SHIPPED)
    assert {address: row.status for address, row in logged.items()} == {
        PAY: Status.PASS,
        TRAIL: Status.PASS,
    }
    assert {address: row.status for address, row in shipped.items()} == {
        PAY: Status.PASS,
        GROUP: Status.PASS,
        TRAIL: Status.PASS,
    }
    assert shipped[PAY].evaluated[f"{PAY}: output"] == [
        GROUP,
        "aws_cloudwatch_log_account_policy.ship",
        "aws_cloudwatch_log_destination.logs",
        "aws_kinesis_firehose_delivery_stream.logs",
        "aws_s3_bucket.logs",
        "locked: COMPLIANCE 365 days",
    ]
    assert shipped[TRAIL].evaluated[f"{TRAIL}: events"][0] == "aws_s3_bucket.logs"


def test_errors_of_the_delivery_arent_shipped_by_it() -> None:
    assert "aws_cloudwatch_log_group.delivery" not in found(SHIPPED)
    others = found(SHIPPED, {"kinesis_firehose_delivery_stream": {"extended_s3_configuration": []}})
    assert others["aws_cloudwatch_log_group.delivery"].status is Status.FAIL


@pci("10.2.1")
def test_what_logs_into_no_group_of_ours_is_found() -> None:
    changed = {"cloudwatch_log_group": {"name": "/another"}}
    row = found(LOGGED, changed)[PAY]
    assert row.status is Status.FAIL
    assert row.reasons == ("output: no log group /aws/lambda/pay stands in the plan",)
    assert PAY not in found(SHIPPED, changed)  # there is no way to follow


ORPHANS: dict[str, tuple[str, dict[str, dict[str, Any]], str]] = {
    "errors_only": (
        PAY,
        {
            "cloudwatch_log_account_policy": {
                "policy_document": json.dumps(
                    {"DestinationArn": DESTINATION, "FilterPattern": "ERROR"}
                )
            }
        },
        "no subscription ships all",
    ),
    "excluded": (
        GROUP,
        {
            "cloudwatch_log_account_policy": {
                "selection_criteria": 'LogGroupName NOT IN ["/aws/lambda/pay"]'
            }
        },
        "no subscription ships all",
    ),
    "unlocked": (PAY, {"s3_bucket_object_lock_configuration": {"rule": []}}, "aren't locked"),
    "unlocked_trail": (
        TRAIL,
        {"s3_bucket_object_lock_configuration": {"rule": []}},
        "aren't locked",
    ),
    "trail_of_another_bucket": (
        TRAIL,
        {"cloudtrail": {"s3_bucket_name": "somewhere"}},
        "the log archive makes no such bucket",
    ),
}


@pci("10.3.2", "10.3.3")
@pytest.mark.parametrize("name", ORPHANS)
def test_a_way_that_ends_early_is_found(name: str) -> None:
    address, changed, words = ORPHANS[name]
    row = found(SHIPPED, changed)[address]
    assert row.status is Status.FAIL
    assert words in row.reasons[0]


UNKNOWN: dict[str, tuple[str, str, dict[str, dict[str, Any]], dict[str, dict[str, Any]]]] = {
    "a_groups_name": (
        LOGGED,
        PAY,
        {"cloudwatch_log_group": {"name": None}},
        {GROUP: {"name": True}},
    ),
    "a_subscription": (
        SHIPPED,
        PAY,
        {"cloudwatch_log_account_policy": {"policy_document": None}},
        {"aws_cloudwatch_log_account_policy.ship": {"policy_document": True}},
    ),
    "a_trails_bucket": (
        SHIPPED,
        TRAIL,
        {"cloudtrail": {"s3_bucket_name": None}},
        {TRAIL: {"s3_bucket_name": True}},
    ),
}


@pci("10.2.1", "10.3.3")
@pytest.mark.parametrize("name", UNKNOWN)
def test_a_way_that_isnt_told_is_not_evaluated(name: str) -> None:
    check, address, changed, unknown = UNKNOWN[name]
    assert found(check, changed, unknown)[address].status is Status.NOT_EVALUATED


def test_without_the_archives_root_no_end_is_told() -> None:
    row = found(SHIPPED, archive="environments/elsewhere")[PAY]
    assert row.status is Status.NOT_EVALUATED
    assert row.reasons == ("the log archive's root wasn't looked at",)
