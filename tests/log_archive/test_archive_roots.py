"""environments/log-archive and environments/trail, applied by the roles that bootstrap made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.deploy_permissions import permissions_lacked, permissions_used
from harness.iam.entities import read_role
from harness.known_organization import known_organization
from harness.testing import Options, pci, rejects

if TYPE_CHECKING:
    from harness.aws import EmbeddedAWS
    from harness.terraform import Root
    from harness.testing import Planner

ACCOUNTS: dict[str, str] = known_organization()["accounts"]
ROLE = "payments-deploy"
REFUSED_TO_MEMBERS = {"organizations:ListAccounts"}


def test_second_plans_are_empty(archive: Root, trail: Root, forwarding: Root) -> None:
    for root in (archive, trail, forwarding):
        assert root.plan().is_empty, root.directory


@pci("10.3.2")
@pytest.mark.usefixtures("organization_id")
def test_production_is_locked_for_good_only_when_that_is_acknowledged(plan: Planner) -> None:
    in_archive = Options(account_id=ACCOUNTS["log-archive"])
    with rejects(variable="buckets", match="nobody can delete a log for 365 days"):
        plan("environments/log-archive", options=in_archive)


@pci("10.7.2")
@pytest.mark.usefixtures("organization_id")
def test_somebody_hears_when_logs_do_not_arrive(plan: Planner) -> None:
    in_archive = Options(account_id=ACCOUNTS["log-archive"])
    lock = {"mode": "GOVERNANCE", "days": 1}
    planned = plan("environments/log-archive", production_lock=lock, options=in_archive)
    topic = f"arn:aws:sns:eu-west-1:{ACCOUNTS['management']}:payments-security"
    alarms = planned.all("aws_cloudwatch_metric_alarm")
    assert len(alarms) >= 10
    for alarm in alarms:
        alarm.expect(alarm_actions=[topic])


def test_names_are_those_that_other_roots_compute(archive: Root, trail: Root) -> None:
    outputs, archive_id = archive.outputs(), ACCOUNTS["log-archive"]
    for name in ("production", "nonproduction"):
        arn = f"arn:aws:logs:eu-west-1:{archive_id}:destination:payments-logs-{name}"
        assert outputs["destination_arns"][name] == arn
        assert outputs["buckets"][name]["name"] == f"payments-logs-{name}-{archive_id}"
    assert trail.outputs()["arn"].endswith(f":{ACCOUNTS['management']}:trail/payments-organization")


@pci("7.2.5")
@pytest.mark.parametrize("account", ["log-archive", "management"])
def test_deploy_role_may_do_what_applying_needs(
    aws: EmbeddedAWS, archive: Root, trail: Root, account: str
) -> None:
    assert archive
    assert trail
    assert len(permissions_used(aws, ACCOUNTS[account], ROLE)) > 20, "the log forgot the apply"
    lacked = permissions_lacked(aws, ACCOUNTS[account], ROLE)
    assert lacked <= REFUSED_TO_MEMBERS, "the provider goes on without"


KEPT = {
    "log-archive": (
        "firehose:DeleteDeliveryStream",
        "kms:Decrypt",
        "kms:DisableKey",
        "kms:ScheduleKeyDeletion",
        "logs:DeleteDestination",
        "logs:DeleteLogGroup",
        "s3:BypassGovernanceRetention",
        "s3:DeleteBucket",
        "s3:DeleteBucketPolicy",
        "s3:DeleteObjectVersion",
        "s3:PutObjectRetention",
    ),
    "management": (
        "cloudtrail:DeleteTrail",
        "cloudtrail:StopLogging",
        "kms:DisableKey",
        "kms:ScheduleKeyDeletion",
        "logs:DeleteLogGroup",
        "organizations:CloseAccount",
        "organizations:DeleteOrganization",
        "organizations:LeaveOrganization",
        "organizations:RemoveAccountFromOrganization",
    ),
}


@pci("7.2.5", "10.3.2")
@pytest.mark.usefixtures("bootstrapped")
@pytest.mark.parametrize(
    ("account", "action"), [(account, each) for account, kept in KEPT.items() for each in kept]
)
def test_deploy_role_destroys_nothing_that_is_kept(
    aws: EmbeddedAWS, account: str, action: str
) -> None:
    """But the state: it keeps that in a bucket of the account, under a key of its own."""
    statements = read_role(aws.client("iam", ACCOUNTS[account]), ROLE).statements
    of_state = ("payments-terraform-state", ":key/")
    granted = [
        resource
        for statement in statements
        if statement.allows and statement.concerns(action)
        for resource in statement.resources
        if action != "kms:Decrypt" or not any(part in resource for part in of_state)
    ]
    assert granted == []
