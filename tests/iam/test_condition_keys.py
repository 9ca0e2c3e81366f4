"""Condition keys that follow from who asks, from the resource's owner, or are given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.iam import Member, Organization, Permissions, Policy, Snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping

HOME, OTHER = "444444444444", "222222222222"
CLERK = f"arn:aws:iam::{HOME}:role/clerk"
QUEUE = f"arn:aws:sqs:eu-west-1:{HOME}:jobs"
SERVICE = "cloudtrail.amazonaws.com"
ORGANIZATION = Organization(
    "o-a1b2c3d4e5",
    "111111111111",
    {HOME: Member("o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/")},
)
GIVEN: Mapping[str, str | list[str]] = {
    "aws:MultiFactorAuthPresent": "true",
    "aws:RequestTag/team": "red",
    "aws:ResourceTag/team": "red",
    "aws:SourceAccount": HOME,
    "aws:SourceArn": f"arn:aws:cloudtrail:eu-west-1:{HOME}:trail/payments",
    "aws:SourceOrgID": "o-a1b2c3d4e5",
    "aws:TagKeys": ["team", "stage"],
    "kms:ViaService": "sqs.eu-west-1.amazonaws.com",
}


def holds(operator: str, key: str, wanted: str | list[str], who: str) -> bool:
    """Whether a queue's policy with this condition lets somebody send."""
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "sqs:SendMessage",
        "Resource": "*",
        "Condition": {operator: {key: wanted}},
    }
    policy = Policy(
        {"Version": "2012-10-17", "Statement": statement}, resource_based=True
    ).statements
    clerk = Permissions((), None, {"team": "red"})
    snapshot = Snapshot(ORGANIZATION, {CLERK: clerk}, {QUEUE: policy})
    return snapshot.decide(who, "sqs:SendMessage", QUEUE, HOME, conditions=GIVEN).allowed


@pytest.mark.parametrize(
    ("operator", "key", "wanted", "wrong"),
    [
        ("StringEquals", "aws:PrincipalTag/team", "red", "blue"),
        ("StringEquals", "aws:PrincipalAccount", HOME, OTHER),
        ("StringEquals", "aws:PrincipalOrgID", "o-a1b2c3d4e5", "o-other00000"),
        ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-a1b2c3d4e5/r-ab12/*", "o-x/*"),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/clerk", "arn:aws:iam::*:role/boss"),
        ("StringEquals", "aws:PrincipalType", "AssumedRole", "User"),
        ("Bool", "aws:PrincipalIsAWSService", "false", "true"),
        ("StringEquals", "aws:ResourceAccount", HOME, OTHER),
        ("StringEquals", "aws:ResourceOrgID", "o-a1b2c3d4e5", "o-other00000"),
        ("StringEquals", "aws:RequestedRegion", "eu-west-1", "us-east-1"),
        ("Bool", "aws:SecureTransport", "true", "false"),
        ("Bool", "aws:ViaAWSService", "false", "true"),
        ("Bool", "aws:MultiFactorAuthPresent", "true", "false"),
        ("StringEquals", "aws:RequestTag/team", "${aws:PrincipalTag/team}", "blue"),
        ("StringEquals", "aws:ResourceTag/team", "${aws:RequestTag/team}", "blue"),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["team", "stage"], ["team"]),
        ("StringEquals", "kms:ViaService", "sqs.eu-west-1.amazonaws.com", "s3.amazonaws.com"),
    ],
)
def test_a_role_has_its_keys(
    operator: str, key: str, wanted: str | list[str], wrong: str | list[str]
) -> None:
    assert holds(operator, key, wanted, CLERK)
    assert not holds(operator, key, wrong, CLERK)


@pytest.mark.parametrize(
    ("operator", "key", "wanted", "wrong"),
    [
        ("Bool", "aws:PrincipalIsAWSService", "true", "false"),
        ("StringEquals", "aws:PrincipalServiceName", SERVICE, "config.amazonaws.com"),
        ("StringEquals", "aws:SourceAccount", HOME, OTHER),
        ("ArnLike", "aws:SourceArn", "arn:aws:cloudtrail:*:*:trail/*", "arn:aws:s3:::*"),
        ("StringEquals", "aws:SourceOrgID", "o-a1b2c3d4e5", "o-other00000"),
        ("Null", "aws:PrincipalOrgID", "true", "false"),
    ],
)
def test_a_service_has_its_keys(operator: str, key: str, wanted: str, wrong: str) -> None:
    assert holds(operator, key, wanted, SERVICE)
    assert not holds(operator, key, wrong, SERVICE)
