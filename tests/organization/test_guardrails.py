"""What the guardrails of environments/management refuse to whom, as the policy engine evaluates it.

Nothing is sent: the embedded AWS enforces no policies of an organization.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from harness.iam import Permissions, Policy, Snapshot, read_organization
from harness.testing import pci
from organization.conftest import ACCOUNTS, IN_MANAGEMENT

if TYPE_CHECKING:
    from harness.iam import Verdict
    from harness.testing import Applies

EVERYTHING = Policy({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}).statements
OPEN_TO_ALL = Policy(
    {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}},
    resource_based=True,
).statements
ADMINISTRATOR, DEPLOY = "OrganizationAccountAccessRole", "payments-deploy"
OUTSIDE = "999999999999"
BUCKET = "arn:aws:s3:::payments-logs-production-222222222222"
ACCESS_LOGS = "arn:aws:s3:::payments-access-logs-222222222222"
KEY = "arn:aws:kms:eu-west-1:{account}:key/one"
STATE = "arn:aws:s3:::payments-terraform-state-222222222222"
OBJECT = f"{BUCKET}/cloudwatch/2026/11/23/00/one.gz"


@dataclass(frozen=True)
class Attempt:
    """Somebody's try in an account; `{account}` in the resource is its id."""

    account: str
    role: str
    action: str
    resource: str = "arn:aws:logs:eu-west-1:{account}:log-group:/aws/lambda/payments"
    region: str = "eu-west-1"


def role_arn(account: str, role: str) -> str:
    if role == "root":
        return f"arn:aws:iam::{account}:root"
    return f"arn:aws:iam::{account}:role/{role}"


@pytest.fixture(scope="session")
def snapshot(applied: Applies) -> Snapshot:
    management = applied("environments/management", options=IN_MANAGEMENT)
    organization = read_organization(management.client("organizations"))
    may_everything = Permissions(EVERYTHING, None, {})
    roles = (ADMINISTRATOR, DEPLOY, "payments-break-glass", "root")
    entities = {
        role_arn(account, role): may_everything
        for account in (*ACCOUNTS.values(), OUTSIDE)
        for role in roles
    }
    keys = [KEY.format(account=account) for account in ACCOUNTS.values()]
    resources = dict.fromkeys([BUCKET, *keys], OPEN_TO_ALL)
    return Snapshot(organization, entities, resources)


def decide(snapshot: Snapshot, attempt: Attempt) -> Verdict:
    account = ACCOUNTS[attempt.account]
    return snapshot.decide(
        role_arn(account, attempt.role),
        attempt.action,
        attempt.resource.format(account=account),
        account,
        conditions={"aws:RequestedRegion": attempt.region},
    )


DEPLOY_ROLE = "arn:aws:iam::{account}:role/payments-deploy"
STREAM = "arn:aws:firehose:eu-west-1:{account}:deliverystream/payments-logs-production"
STREAM_ROLE = "arn:aws:iam::{account}:role/payments-logs-production-stream"
FUNCTION = "arn:aws:lambda:eu-west-1:{account}:function:payments-dev-tokenizer"

REFUSED: dict[str, Attempt] = {
    "payments-accounts/LeaveOrganization": Attempt(
        "dev", ADMINISTRATOR, "organizations:LeaveOrganization", "*"
    ),
    "payments-accounts/RootUser": Attempt("production", "root", "s3:ListAllMyBuckets", "*"),
    "payments-accounts/OtherRegions": Attempt(
        "dev", DEPLOY, "logs:CreateLogGroup", region="us-east-1"
    ),
    "payments-accounts/DeployRole": Attempt(
        "dev", ADMINISTRATOR, "iam:UpdateAssumeRolePolicy", DEPLOY_ROLE
    ),
    "payments-accounts/Trail": Attempt("log-archive", DEPLOY, "cloudtrail:StopLogging"),
    "payments-accounts/GuardDuty": Attempt(
        "dev", ADMINISTRATOR, "guardduty:DisassociateFromAdministratorAccount"
    ),
    "payments-accounts/Config": Attempt("production", DEPLOY, "config:StopConfigurationRecorder"),
    "payments-log-settings/LogRetention": Attempt("dev", ADMINISTRATOR, "logs:PutRetentionPolicy"),
    "payments-log-settings/LogSubscriptions": Attempt(
        "production", ADMINISTRATOR, "logs:PutAccountPolicy"
    ),
    "payments-log-settings/LogMasking": Attempt(
        "production", ADMINISTRATOR, "logs:PutDataProtectionPolicy"
    ),
    "payments-log-settings/LogDelivery": Attempt(
        "log-archive", ADMINISTRATOR, "firehose:UpdateDestination", STREAM
    ),
    "payments-log-settings/LogRoles": Attempt(
        "log-archive", ADMINISTRATOR, "iam:DeleteRolePolicy", STREAM_ROLE
    ),
    "payments-log-settings/KeyPolicies": Attempt(
        "log-archive", ADMINISTRATOR, "kms:PutKeyPolicy", KEY
    ),
    "payments-log-settings/MaskedData": Attempt("production", DEPLOY, "logs:Unmask"),
    "payments-log-deletion/LogGroupDeletion": Attempt("production", DEPLOY, "logs:DeleteLogGroup"),
    "payments-log-deletion/LogSubscriptionDeletion": Attempt(
        "production", DEPLOY, "logs:DeleteAccountPolicy"
    ),
    "payments-log-deletion/LogMaskingDeletion": Attempt(
        "tooling", DEPLOY, "logs:DeleteDataProtectionPolicy"
    ),
    "payments-log-deletion/LogDeliveryDeletion": Attempt(
        "log-archive", DEPLOY, "logs:DeleteDestination"
    ),
    "payments-log-deletion/FlowLogDeletion": Attempt(
        "production", ADMINISTRATOR, "ec2:DeleteFlowLogs"
    ),
    "payments-log-deletion/KeyDeletion": Attempt(
        "log-archive", DEPLOY, "kms:ScheduleKeyDeletion", KEY
    ),
    "payments-log-deletion-nonproduction/LogGroupDeletionByOthers": Attempt(
        "dev", ADMINISTRATOR, "logs:DeleteLogStream"
    ),
    "payments-log-deletion-nonproduction/LogSubscriptionDeletionByOthers": Attempt(
        "qa", ADMINISTRATOR, "logs:DeleteSubscriptionFilter"
    ),
    "payments-log-deletion-nonproduction/LogMaskingDeletionByOthers": Attempt(
        "integration", ADMINISTRATOR, "logs:DeleteDataProtectionPolicy"
    ),
    "payments-log-deletion-nonproduction/LogDeliveryDeletionByOthers": Attempt(
        "dev", ADMINISTRATOR, "firehose:DeleteDeliveryStream", STREAM
    ),
    "payments-log-deletion-nonproduction/FlowLogDeletionByOthers": Attempt(
        "dev", ADMINISTRATOR, "ec2:DeleteFlowLogs"
    ),
    "payments-log-deletion-nonproduction/KeyDeletionByOthers": Attempt(
        "dev", ADMINISTRATOR, "kms:DisableKey", KEY
    ),
    "payments-log-archive/LogObjectDeletion": Attempt(
        "log-archive", DEPLOY, "s3:DeleteObjectVersion", OBJECT
    ),
    "payments-log-archive/LogObjectRetention": Attempt(
        "log-archive", DEPLOY, "s3:PutObjectRetention", OBJECT
    ),
    "payments-log-archive/LogBucketDeletion": Attempt(
        "log-archive", DEPLOY, "s3:DeleteBucketPolicy", BUCKET
    ),
    "payments-log-archive/LogBucketLock": Attempt(
        "log-archive", ADMINISTRATOR, "s3:PutBucketObjectLockConfiguration", BUCKET
    ),
    "payments-log-archive/LogBucketLifecycle": Attempt(
        "log-archive", ADMINISTRATOR, "s3:PutLifecycleConfiguration", ACCESS_LOGS
    ),
    "payments-log-archive/LogBucketAccess": Attempt(
        "log-archive", ADMINISTRATOR, "s3:PutBucketPolicy", BUCKET
    ),
    "payments-log-archive/LogBucketEncryption": Attempt(
        "log-archive", ADMINISTRATOR, "s3:PutEncryptionConfiguration", BUCKET
    ),
    "payments-log-archive/LogBucketVersioning": Attempt(
        "log-archive", ADMINISTRATOR, "s3:PutBucketVersioning", BUCKET
    ),
    "payments-function-code/FunctionCode": Attempt(
        "production", ADMINISTRATOR, "lambda:UpdateFunctionCode", FUNCTION
    ),
}
"""One attempt for each statement of a service control policy."""


@pci("10.3.2")
@pytest.mark.parametrize("statement", REFUSED)
def test_what_a_statement_protects_nothing_else_does(snapshot: Snapshot, statement: str) -> None:
    verdict = decide(snapshot, REFUSED[statement])
    assert verdict.statement is not None, verdict
    assert f"{verdict.statement.policy}/{verdict.statement.sid}" == statement

    policy, _, sid = statement.partition("/")
    without = snapshot.without(policy, sid)
    freed = {name for name, attempt in REFUSED.items() if decide(without, attempt).allowed}
    assert freed == {statement}, "taking a statement out frees what it protects, and no more"


def test_every_statement_has_its_attempt(snapshot: Snapshot) -> None:
    perimeter = "payments-log-perimeter"
    named = {f"{policy}/{sid}" for policy, sid in snapshot.control_statements()}
    assert named == {
        *REFUSED,
        f"{perimeter}/OutsidePrincipals",
        f"{perimeter}/ServicesForOutsiders",
    }


ALLOWED = {
    "dev_is_destroyed": Attempt("dev", DEPLOY, "logs:DeleteLogGroup"),
    "keys_of_dev_are_destroyed": Attempt("dev", DEPLOY, "kms:ScheduleKeyDeletion", KEY),
    "flow_logs_of_dev_are_destroyed": Attempt("dev", DEPLOY, "ec2:DeleteFlowLogs"),
    "retention_is_set": Attempt("production", DEPLOY, "logs:PutRetentionPolicy"),
    "logs_are_forwarded": Attempt("production", DEPLOY, "logs:PutAccountPolicy"),
    "a_release": Attempt("production", DEPLOY, "lambda:UpdateFunctionCode", FUNCTION),
    "archive_is_made": Attempt(
        "log-archive", DEPLOY, "s3:PutBucketObjectLockConfiguration", BUCKET
    ),
    "state_lock_is_released": Attempt(
        "log-archive", DEPLOY, "s3:DeleteObject", f"{STATE}/log-archive/terraform.tfstate.tflock"
    ),
    "a_name_is_published": Attempt(
        "dev",
        DEPLOY,
        "route53:ChangeResourceRecordSets",
        "arn:aws:route53:::hostedzone/Z1",
        region="us-east-1",
    ),
    "bootstrap_makes_the_deploy_role": Attempt("qa", ADMINISTRATOR, "iam:CreateRole", DEPLOY_ROLE),
    "bootstrap_gives_it_permissions": Attempt(
        "qa", ADMINISTRATOR, "iam:PutRolePolicy", DEPLOY_ROLE
    ),
    "bootstrap_makes_the_state_bucket": Attempt(
        "log-archive", ADMINISTRATOR, "s3:PutBucketVersioning", STATE
    ),
}


@pytest.mark.parametrize("case", ALLOWED)
def test_work_goes_on(snapshot: Snapshot, case: str) -> None:
    verdict = decide(snapshot, ALLOWED[case])
    assert verdict.allowed, verdict


@pytest.mark.parametrize("statement", REFUSED)
def test_the_management_account_is_bound_by_nothing(snapshot: Snapshot, statement: str) -> None:
    assert decide(snapshot, replace(REFUSED[statement], account="management")).allowed


def write(snapshot: Snapshot, who: str, **conditions: str) -> Verdict:
    keys = {"aws:RequestedRegion": "eu-west-1"}
    keys |= {name.replace("_", ":"): value for name, value in conditions.items()}
    archive = ACCOUNTS["log-archive"]
    return snapshot.decide(who, "s3:PutObject", OBJECT, archive, conditions=keys)


@pci("7.2.5")
def test_perimeter_lets_the_organization_in_and_nobody_else(snapshot: Snapshot) -> None:
    assert write(snapshot, role_arn(ACCOUNTS["dev"], DEPLOY)).allowed
    refused = write(snapshot, role_arn(OUTSIDE, DEPLOY))
    assert refused.statement is not None
    assert refused.statement.sid == "OutsidePrincipals"


@pci("7.2.5")
def test_perimeter_lets_services_act_for_the_organization_alone(snapshot: Snapshot) -> None:
    service, organization = "cloudtrail.amazonaws.com", snapshot.organization.id
    ours = {"aws_SourceAccount": ACCOUNTS["management"], "aws_SourceOrgID": organization}
    assert write(snapshot, service, **ours).allowed
    assert write(snapshot, service).allowed, "a service that acts for itself names no account"
    refused = write(snapshot, service, aws_SourceAccount=OUTSIDE, aws_SourceOrgID="o-another000")
    assert refused.statement is not None
    assert refused.statement.sid == "ServicesForOutsiders"
    assert not write(snapshot, service, aws_SourceAccount=OUTSIDE).allowed
