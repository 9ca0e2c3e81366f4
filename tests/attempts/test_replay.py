"""A recorded apply and destroy, asked about under guardrails: here of a log group and a key."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from attempts.organization import ACCOUNTS
from harness.attempts.replay import Done, UnknownResourceError, done_by, replay
from harness.iam import Level, Policy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attempts.conftest import Made

DEV = ACCOUNTS["dev"]
ROLE = "payments-deploy"


@pytest.fixture(scope="module")
def done(made: Made) -> Sequence[Done]:
    """What a small apply and destroy by the deploy role did."""
    session: Any = made.deployed.enter(DEV, ROLE)
    since = made.log.mark()
    logs, kms, iam, s3 = map(session.client, ("logs", "kms", "iam", "s3"))
    logs.create_log_group(logGroupName="/aws/lambda/one")
    logs.put_retention_policy(logGroupName="/aws/lambda/one", retentionInDays=90)
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    iam.create_role(RoleName="payments-dev-one", AssumeRolePolicyDocument="{}")
    s3.list_buckets()
    made.deployed.enter(DEV, "OrganizationAccountAccessRole").client("logs").describe_log_groups()
    kms.schedule_key_deletion(KeyId=key_id)
    logs.delete_log_group(logGroupName="/aws/lambda/one")
    iam.delete_role(RoleName="payments-dev-one")
    return done_by(made.log.select(since=since), ROLE)


def test_calls_become_permissions_on_resources(done: Sequence[Done]) -> None:
    assert [(each.action, each.resource) for each in done if each.action[:3] in ("iam", "s3:")] == [
        ("iam:CreateRole", f"arn:aws:iam::{DEV}:role/payments-dev-one"),
        ("iam:DeleteRole", f"arn:aws:iam::{DEV}:role/payments-dev-one"),
        ("s3:ListBuckets", "arn:aws:s3:::"),
    ]
    assert {"logs:CreateLogGroup", "logs:DeleteLogGroup", "kms:ScheduleKeyDeletion"} <= {
        each.action for each in done
    }
    assert "logs:DescribeLogGroups" not in {each.action for each in done}


def test_the_deploy_roles_work_passes_and_others_destruction_does_not(
    made: Made, done: Sequence[Done]
) -> None:
    replayed = replay(done, made.deployed.snapshot.organization, DEV)
    assert replayed.failures == []
    assert replayed.destructive == ["kms:ScheduleKeyDeletion", "logs:DeleteLogGroup"]


def test_a_log_that_forgot_is_a_failure(made: Made, done: Sequence[Done]) -> None:
    kept = [each for each in done if each.action != "logs:CreateLogGroup"]
    (failure,) = replay(kept, made.deployed.snapshot.organization, DEV).failures
    assert failure == "nothing of an apply was recorded: the call log is too short"


def test_a_guardrail_that_is_in_the_way_is_named(made: Made, done: Sequence[Done]) -> None:
    in_production = replay(done, made.deployed.snapshot.organization, ACCOUNTS["production"])
    assert [each.partition(" on ")[0] for each in in_production.failures] == [
        f"{ROLE}: kms:ScheduleKeyDeletion",
        f"{ROLE}: logs:DeleteLogGroup",
    ]
    assert all("statement Deletions" in each for each in in_production.failures)


def test_what_others_may_destroy_too_is_named(made: Made, done: Sequence[Done]) -> None:
    open_to_all = made.deployed.snapshot.without("guard-NonProduction", "DeletionsByOthers")
    replayed = replay(done, open_to_all.organization, DEV)
    assert replayed.failures == [
        "others may do it too: kms:ScheduleKeyDeletion",
        "others may do it too: logs:DeleteLogGroup",
    ]


def test_a_guardrail_about_resources_that_no_call_tells_is_an_error(
    made: Made, done: Sequence[Done]
) -> None:
    organization = made.deployed.snapshot.organization
    member = organization.members[DEV]
    key = {"Sid": "Key", "Effect": "Deny", "Action": "kms:*", "Resource": "arn:aws:kms:*:*:key/1"}
    level = Level("unit X", Policy({"Statement": [key]}, name="keys").statements)
    narrow = replace(member, service_control=(*member.service_control, level))
    organization = replace(organization, members={**organization.members, DEV: narrow})
    with pytest.raises(UnknownResourceError, match="keys, statement Key, is about certain"):
        replay(done, organization, DEV)
