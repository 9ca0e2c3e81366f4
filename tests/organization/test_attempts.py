"""The table of attempts under the real guardrails, deploy roles and policies of the archive.

The archive's policies come from a plan: its locks are tried where it is applied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.attempts import ATTEMPTS, PEOPLE, evaluate
from harness.attempts.collect import permissions_of, trusts
from harness.attempts.targets import OUTSIDE, Deployed, Stored, targets_of
from harness.iam import Policy, Snapshot, read_organization
from harness.testing import Options, pci
from organization.conftest import ACCOUNTS, IN_MANAGEMENT, ORGANIZATION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.aws import EmbeddedAWS
    from harness.iam import Statement, Verdict
    from harness.testing import Applies, PlannedRoot, Planner

    Row = tuple[str, str, str]

REGION = ORGANIZATION["region"]
ARCHIVE = ACCOUNTS["log-archive"]
NAME = "payments-logs-production"
KEY = f"arn:aws:kms:{REGION}:{ARCHIVE}:key/archive"


POLICIES = {
    f"arn:aws:s3:::{NAME}-{ARCHIVE}": ('aws_s3_bucket_policy.archive["production"]', "policy"),
    f"arn:aws:logs:{REGION}:{ARCHIVE}:destination:{NAME}": (
        'aws_cloudwatch_log_destination_policy.archive["production"]',
        "access_policy",
    ),
    KEY: ("aws_kms_key.archive", "policy"),
}
"""Where the plan has the policies of bucket, destination and key."""


def _archive_policies(planned: PlannedRoot) -> Mapping[str, Sequence[Statement]]:
    return {
        arn: Policy(planned.one(address).json(name), resource_based=True, name=address).statements
        for arn, (address, name) in POLICIES.items()
    }


@pytest.fixture(scope="session")
def deployed(applied: Applies, plan: Planner, aws: EmbeddedAWS) -> Deployed:
    management = applied("environments/management", options=IN_MANAGEMENT)
    for name in ("dev", "log-archive"):
        options = Options(account_id=ACCOUNTS[name])
        applied("environments/bootstrap", environment=name, options=options)
    organization = read_organization(management.client("organizations"))
    archive = plan(
        "modules/org-logging/archive",
        name="payments",
        organization_id=organization.id,
        administrator_role_arns=[f"arn:aws:iam::{ARCHIVE}:role/payments-deploy"],
        buckets={
            "production": {
                "lock_mode": "COMPLIANCE",
                "lock_days": 365,
                "acknowledgement": "nobody can delete a log for 365 days",
                "sender_account_ids": [ACCOUNTS["production"]],
            }
        },
        trail={
            "name": "payments-organization",
            "management_account_id": ACCOUNTS["management"],
            "bucket": "production",
        },
        options=Options(account_id=ARCHIVE),
    )
    accounts = {**ACCOUNTS, "outside": OUTSIDE}
    entities = {
        who.arn(accounts[who.account]): permissions_of(aws.session, accounts[who.account], who.role)
        for who in PEOPLE
    }
    stored = Stored(f"{NAME}-{ARCHIVE}", "cloudwatch/one.gz", "one", "COMPLIANCE")
    targets = targets_of(accounts, REGION, stored, archive_key=KEY, dev_key=None)
    resources = {**_archive_policies(archive), **trusts(entities)}
    snapshot = Snapshot(organization, entities, resources)
    return Deployed(REGION, accounts, aws.session, snapshot, targets, stored)


def rows(deployed: Deployed, snapshot: Snapshot) -> dict[Row, Verdict]:
    """The verdict of every row of the table, by action, target and principal."""
    return {
        (attempt.action, attempt.target, str(who)): verdict
        for attempt, who, verdict in evaluate(deployed, snapshot)
    }


# The policies let the archive's deploy role do it, and S3 refuses while there is a lock: seen
# where the archive is applied.
LEFT_TO_S3 = ("s3:PutBucketVersioning", "archive bucket", "payments-deploy of log-archive")


@pci("10.3.2", "10.5.1")
def test_everything_is_refused_but_what_the_table_allows(deployed: Deployed) -> None:
    allowed = {row for row, verdict in rows(deployed, deployed.snapshot).items() if verdict.allowed}
    assert allowed - {LEFT_TO_S3} == {
        (attempt.action, attempt.target, str(who))
        for attempt in ATTEMPTS
        for who in attempt.possible
    }


STANDING_ALONE = (
    "payments-accounts/Config",
    "payments-accounts/DeployRole",
    "payments-accounts/GuardDuty",
    "payments-accounts/LeaveOrganization",
    "payments-accounts/OtherRegions",
    "payments-accounts/RootUser",
    "payments-function-code/FunctionCode",
    "payments-log-deletion-nonproduction/FlowLogDeletionByOthers",
    "payments-log-deletion-nonproduction/KeyDeletionByOthers",
    "payments-log-deletion-nonproduction/LogGroupDeletionByOthers",
    "payments-log-deletion-nonproduction/LogMaskingDeletionByOthers",
    "payments-log-deletion-nonproduction/LogSubscriptionDeletionByOthers",
    "payments-log-deletion/FlowLogDeletion",
    "payments-log-deletion/KeyDeletion",
    "payments-log-deletion/LogDeliveryDeletion",
    "payments-log-deletion/LogGroupDeletion",
    "payments-log-deletion/LogMaskingDeletion",
    "payments-log-deletion/LogSubscriptionDeletion",
    "payments-log-settings/KeyPolicies",
    "payments-log-settings/LogDelivery",
    "payments-log-settings/LogMasking",
    "payments-log-settings/LogRetention",
    "payments-log-settings/LogRoles",
    "payments-log-settings/LogSubscriptions",
    "payments-log-settings/MaskedData",
)
"""Statements without which somebody may do what the table refuses, by policy and Sid."""
BACKED = (
    "payments-accounts/Trail",
    "payments-log-archive/LogBucketAccess",
    "payments-log-archive/LogBucketDeletion",
    "payments-log-archive/LogBucketEncryption",
    "payments-log-archive/LogBucketLifecycle",
    "payments-log-archive/LogBucketLock",
    "payments-log-archive/LogBucketVersioning",
    "payments-log-archive/LogObjectDeletion",
    "payments-log-archive/LogObjectRetention",
    "payments-log-deletion-nonproduction/LogDeliveryDeletionByOthers",
    "payments-log-perimeter/OutsidePrincipals",
    "payments-log-perimeter/ServicesForOutsiders",
)
"""Statements whose rows the resource's own policy refuses too."""


@pci("10.3.2")
@pytest.mark.parametrize("statement", [*STANDING_ALONE, *BACKED])
def test_a_removed_statement_flips_exactly_its_rows(deployed: Deployed, statement: str) -> None:
    policy, _, sid = statement.partition("/")
    before = rows(deployed, deployed.snapshot)
    after = rows(deployed, deployed.snapshot.without(policy, sid))
    own = {
        row
        for row, verdict in before.items()
        if verdict.statement and (verdict.statement.policy, verdict.statement.sid) == (policy, sid)
    }
    assert own, "the table has no row for it"
    assert {row for row in before if before[row] != after[row]} == own
    freed = {row for row in own if after[row].allowed}
    assert bool(freed) is (statement in STANDING_ALONE)


def test_every_statement_has_its_rows(deployed: Deployed) -> None:
    named = {f"{policy}/{sid}" for policy, sid in deployed.snapshot.control_statements()}
    assert named == {*STANDING_ALONE, *BACKED}
