"""What a plan changes is told without values, and in words that all environments share."""

from __future__ import annotations

import json

import pytest

from promoting.documents import change, plan
from promotion.plan_document import SENSITIVE, UNKNOWN, changes, counts

ACCOUNTS = {"integration": "666666666666", "production": "777777777777"}


def test_a_summary_counts_and_names_and_tells_no_value() -> None:
    document = plan(
        change("aws_s3_bucket.new", None, {"bucket": "hunter2"}),
        change(
            "aws_ssm_parameter.settings",
            {"value": "hunter1", "tier": "Standard"},
            {"value": "hunter2", "tier": "Advanced"},
            sensitive={"value": True},
        ),
        change("aws_sqs_queue.old", {"name": "hunter2"}, None),
        change("data.aws_region.current.x", None, {"name": "hunter2"}, mode="data"),
        change("aws_sns_topic.same", {"name": "hunter2"}, {"name": "hunter2"}),
    )
    found = changes(document, "production", ACCOUNTS["production"])
    assert str(counts(found)) == "+1 ~1 -1"
    assert [str(item) for item in found] == [
        "+ aws_s3_bucket.new",
        "- aws_sqs_queue.old",
        "~ aws_ssm_parameter.settings: tier, value",
    ]
    assert found[2].attributes["value"] == SENSITIVE
    assert "hunter" not in json.dumps([item.as_document() for item in found])


def test_a_replacement_adds_and_destroys() -> None:
    item = change("aws_sqs_queue.jobs", {"name": "a"}, {"name": "b"})
    item["change"]["actions"] = ["delete", "create"]
    found = changes(plan(item), "production", ACCOUNTS["production"])
    assert str(counts(found)) == "+1 ~0 -1"


@pytest.mark.parametrize("environment", sorted(ACCOUNTS))
def test_environments_change_alike_whatever_they_are_called(environment: str) -> None:
    """Names, account and ids that AWS made are the environment's; what is done with them isn't."""
    account, made = ACCOUNTS[environment], f"key-{environment[::-1]}-0a1b2c3d"
    policy = {
        "Statement": [
            {"Resource": f"arn:aws:kms:eu-west-1:{account}:key/{made}", "Effect": "Allow"},
            {"Resource": "$context.integration.status", "Effect": "Deny"},
        ]
    }
    after = {"name": f"payments-{environment}-x", "policy": json.dumps(policy), "rules": [1, 2]}
    document = plan(
        change(f'aws_a.b["x.{environment}.payments.example"]', {"name": "x"}, after),
        aws_kms_key__data=made,
    )
    [found] = changes(document, environment, account)
    reference = {**after, "name": "payments-<environment>-x", "rules": [2, 1]}
    reference["policy"] = (
        json.dumps(policy).replace(account, "<account>").replace(made, "{aws_kms_key.data.id}")
    )
    [expected] = changes(
        plan(change('aws_a.b["x.<environment>.payments.example"]', {"name": "x"}, reference)),
        "nowhere",
        "000000000000",
    )
    assert found == expected


def test_another_value_is_another_fingerprint() -> None:
    def fingerprint(port: int) -> str:
        rule = {"ingress": [{"from_port": port}]}
        [found] = changes(plan(change("aws_a.b", {"ingress": []}, rule)), "production", "1")
        return found.attributes["ingress.from_port"]

    assert fingerprint(22) != fingerprint(443)


def test_what_is_known_later_is_called_so() -> None:
    item = change("aws_a.b", {"x": 1}, {"x": 1}, unknown={"arn": True, "y": [{"id": True}]})
    [found] = changes(plan(item), "production", "1")
    assert found.attributes["arn"] == UNKNOWN
