"""modules/organization: guardrails by unit, who is exempt, and the way past them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from moto.events.models import EventPattern

from harness.testing import pci

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.testing import AppliedRoot, PlannedRoot
    from harness.testing.examples import ExamplePlanner

MODULE = "modules/organization"
PAGE = Path(__file__).resolve().parents[2] / MODULE / "README.md"
DEPLOY_ROLES = "arn:aws:iam::*:role/payments-deploy"
BY_OTHERS = {"ArnNotLike": {"aws:PrincipalArn": DEPLOY_ROLES}}
LOG_BUCKETS = "arn:aws:s3:::payments-*logs-*"
TOPIC = "arn:aws:sns:eu-west-1:111111111111:payments-security"
USER = "arn:aws:iam::111111111111:user/break-glass-1"


@pytest.fixture
def planned(plan_example: ExamplePlanner) -> PlannedRoot:
    return plan_example("modules/organization/README.md")


def attached(planned: PlannedRoot) -> Iterator[tuple[str, str]]:
    """Yield the name of each policy with a unit that it is attached to."""
    for resource in planned.all("aws_organizations_policy_attachment"):
        found = re.search(r'\["([^"/]+)/(\w+)"\]', resource.address)
        assert found
        yield found[1], found[2]


def guardrail(name: str) -> str:
    return f'module.organization.aws_organizations_policy.guardrail["{name}"]'


def statements(planned: PlannedRoot, name: str) -> dict[str, Any]:
    """The statements of a policy by their ids."""
    policy = planned.one(guardrail(name))
    return {statement["Sid"]: statement for statement in policy.json("content")["Statement"]}


def units_of(planned: PlannedRoot, name: str) -> set[str]:
    return {unit for policy, unit in attached(planned) if policy == name}


def denies(statement: Mapping[str, Any]) -> set[str]:
    assert statement["Effect"] == "Deny"
    return set(statement["Action"])


NOBODY = {
    "LogGroupDeletion": {"logs:DeleteLogGroup", "logs:DeleteLogStream"},
    "LogSubscriptionDeletion": {"logs:DeleteAccountPolicy", "logs:DeleteSubscriptionFilter"},
    "LogMaskingDeletion": {"logs:DeleteDataProtectionPolicy"},
    "LogDeliveryDeletion": {
        "firehose:DeleteDeliveryStream",
        "firehose:StopDeliveryStreamEncryption",
        "logs:DeleteDestination",
    },
    "FlowLogDeletion": {"ec2:DeleteFlowLogs"},
    "KeyDeletion": {"kms:DisableKey", "kms:ScheduleKeyDeletion"},
}


@pci("10.3.2")
@pytest.mark.parametrize("sid", NOBODY)
def test_logs_and_keys_are_not_deleted(planned: PlannedRoot, sid: str) -> None:
    everyone = statements(planned, "payments-log-deletion")
    assert set(everyone) == set(NOBODY)
    assert units_of(planned, "payments-log-deletion") == {
        "Archive", "Infrastructure", "Production",
    }  # fmt: skip
    assert denies(everyone[sid]) == NOBODY[sid]
    assert everyone[sid]["Resource"] == "*"
    assert "Condition" not in everyone[sid], "nobody is exempt in production and the archive"

    others = statements(planned, "payments-log-deletion-nonproduction")
    assert units_of(planned, "payments-log-deletion-nonproduction") == {"NonProduction"}
    assert others[f"{sid}ByOthers"] == {
        **everyone[sid],
        "Sid": f"{sid}ByOthers",
        "Condition": BY_OTHERS,
    }


SETTINGS = {
    "LogRetention": {"logs:PutRetentionPolicy"},
    "LogSubscriptions": {"logs:PutAccountPolicy", "logs:PutSubscriptionFilter"},
    "LogMasking": {"logs:PutDataProtectionPolicy"},
    "LogDelivery": {
        "firehose:UpdateDestination",
        "logs:PutDestination",
        "logs:PutDestinationPolicy",
    },
    "KeyPolicies": {"kms:PutKeyPolicy", "kms:RevokeGrant"},
}


@pci("10.3.3", "10.5.1")
@pytest.mark.parametrize("sid", SETTINGS)
def test_settings_of_logs_are_the_deploy_roles(planned: PlannedRoot, sid: str) -> None:
    settings = statements(planned, "payments-log-settings")
    assert units_of(planned, "payments-log-settings") == {"Root"}
    assert denies(settings[sid]) == SETTINGS[sid]
    assert settings[sid]["Resource"] == "*"
    assert settings[sid]["Condition"] == BY_OTHERS


@pci("10.3.3")
def test_roles_by_which_logs_travel_are_the_deploy_roles(planned: PlannedRoot) -> None:
    settings = statements(planned, "payments-log-settings")
    assert set(settings) == {*SETTINGS, "LogRoles", "MaskedData"}
    roles = settings["LogRoles"]
    assert {"iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:PutRolePolicy"} <= denies(roles)
    named = ("log*", "*-flow-logs", "*-log-forwarding")
    assert roles["Resource"] == [f"arn:aws:iam::*:role/payments-{name}" for name in named]
    assert roles["Condition"] == BY_OTHERS


@pci("3.4.1")
def test_masked_data_stays_masked(planned: PlannedRoot) -> None:
    assert statements(planned, "payments-log-settings")["MaskedData"] == {
        "Sid": "MaskedData",
        "Effect": "Deny",
        "Action": ["logs:Unmask"],
        "Resource": "*",
    }


LOCKED = {
    "LogObjectDeletion": {"s3:DeleteObject", "s3:DeleteObjectVersion"},
    "LogObjectRetention": {"s3:BypassGovernanceRetention", "s3:PutObjectRetention"},
    "LogBucketDeletion": {"s3:DeleteBucket", "s3:DeleteBucketPolicy"},
}
BUCKET_SETTINGS = {
    "LogBucketLock": {"s3:PutBucketObjectLockConfiguration"},
    "LogBucketLifecycle": {"s3:PutLifecycleConfiguration"},
    "LogBucketAccess": {
        "s3:PutBucketAcl",
        "s3:PutBucketLogging",
        "s3:PutBucketOwnershipControls",
        "s3:PutBucketPolicy",
        "s3:PutBucketPublicAccessBlock",
    },
    "LogBucketEncryption": {"s3:PutEncryptionConfiguration"},
    "LogBucketVersioning": {"s3:PutBucketVersioning"},
}


@pci("10.3.2")
@pytest.mark.parametrize("sid", [*LOCKED, *BUCKET_SETTINGS])
def test_archive_stays_locked(planned: PlannedRoot, sid: str) -> None:
    archive = statements(planned, "payments-log-archive")
    assert set(archive) == {*LOCKED, *BUCKET_SETTINGS}
    assert units_of(planned, "payments-log-archive") == {"Archive"}
    assert denies(archive[sid]) == {**LOCKED, **BUCKET_SETTINGS}[sid]
    assert archive[sid]["Resource"] == LOG_BUCKETS
    assert archive[sid].get("Condition") == (BY_OTHERS if sid in BUCKET_SETTINGS else None)


@pci("10.2.1")
def test_accounts_stay_under_the_trail(planned: PlannedRoot) -> None:
    accounts = statements(planned, "payments-accounts")
    assert units_of(planned, "payments-accounts") == {"Root"}
    assert denies(accounts["LeaveOrganization"]) == {"organizations:LeaveOrganization"}
    assert denies(accounts["Trail"]) == {
        "cloudtrail:DeleteTrail",
        "cloudtrail:PutEventSelectors",
        "cloudtrail:StopLogging",
        "cloudtrail:UpdateTrail",
    }
    assert {"guardduty:DeleteDetector", "guardduty:UpdateDetector"} <= denies(accounts["GuardDuty"])
    assert "config:StopConfigurationRecorder" in denies(accounts["Config"])
    for sid in ("Config", "GuardDuty", "LeaveOrganization", "Trail"):
        assert accounts[sid]["Resource"] == "*"
        assert "Condition" not in accounts[sid]
    elsewhere = accounts["OtherRegions"]
    assert elsewhere["Condition"] == {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1"]}}
    of_a_region = ("cloudtrail:", "ec2:", "kms:", "lambda:", "logs:", "s3:Put", "s3:Delete")
    assert not [action for action in elsewhere["NotAction"] if action.startswith(of_a_region)]


@pci("7.2.5")
def test_nobody_changes_who_is_exempt(planned: PlannedRoot) -> None:
    deploy_role = statements(planned, "payments-accounts")["DeployRole"]
    assert denies(deploy_role) == {"iam:DeleteRole", "iam:UpdateAssumeRolePolicy"}
    assert deploy_role["Resource"] == DEPLOY_ROLES
    assert "Condition" not in deploy_role


@pci("8.2.2")
def test_root_users_can_do_nothing(planned: PlannedRoot) -> None:
    root_user = statements(planned, "payments-accounts")["RootUser"]
    assert denies(root_user) == {"*"}
    assert root_user["Condition"] == {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}}


@pci("6.5.1")
def test_code_is_the_deploy_roles(planned: PlannedRoot) -> None:
    (code,) = statements(planned, "payments-function-code").values()
    assert units_of(planned, "payments-function-code") == {"Workloads"}
    assert code["Sid"] == "FunctionCode"
    assert code["Condition"] == BY_OTHERS
    assert {
        "lambda:CreateFunction",
        "lambda:PublishVersion",
        "lambda:UpdateAlias",
        "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
    } <= denies(code)


@pci("7.2.5")
def test_archive_is_open_to_the_organization_alone(applied_organization: AppliedRoot) -> None:
    organization = applied_organization.one("aws_organizations_organization")
    policy = applied_organization.one(guardrail("payments-log-perimeter"))
    policy.expect(type="RESOURCE_CONTROL_POLICY")
    outsiders, services = policy.json("content")["Statement"]
    for statement in (outsiders, services):
        assert denies(statement) == {"kms:*", "s3:*"}
        assert (statement["Principal"], statement["Resource"]) == ("*", "*")
    assert (outsiders["Sid"], services["Sid"]) == ("OutsidePrincipals", "ServicesForOutsiders")
    assert outsiders["Condition"] == {
        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": organization["id"]},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    }
    assert services["Condition"] == {
        "StringNotEqualsIfExists": {"aws:SourceOrgID": organization["id"]},
        "Null": {"aws:SourceAccount": "false"},
        "Bool": {"aws:PrincipalIsAWSService": "true"},
    }


def test_second_plan_of_the_example_is_empty(applied_organization: AppliedRoot) -> None:
    applied_organization.assert_idempotent()


def test_page_tells_every_statement(planned: PlannedRoot) -> None:
    page = PAGE.read_text(encoding="utf-8")
    names = {name for name, _ in attached(planned)}
    known = names - {"payments-log-deletion-nonproduction", "payments-log-perimeter"}
    for name in known:
        untold = {sid for sid in statements(planned, name) if f"`{sid}`" not in page}
        assert not untold, f"{name}: evidence refers to statements, so the page lists them"


def test_example_gives_guardduty_its_administrator(planned: PlannedRoot) -> None:
    planned.expect_counts(
        exhaustive=False,
        aws_guardduty_organization_admin_account=1,
        aws_cloudtrail_organization_delegated_admin_account=0,
        aws_organizations_delegated_administrator=0,
    )
    trusted = ["cloudtrail.amazonaws.com", "guardduty.amazonaws.com"]
    planned.one("aws_organizations_organization").expect(aws_service_access_principals=trusted)


@pci("8.4.1")
def test_break_glass_is_for_named_people_with_mfa(planned: PlannedRoot) -> None:
    role = planned.one("aws_iam_role").expect(
        name="payments-break-glass", max_session_duration=3600
    )
    (trust,) = role.json("assume_role_policy")["Statement"]
    assert trust["Principal"] == {"AWS": [USER]}
    assert trust["Action"] == "sts:AssumeRole"
    assert trust["Condition"] == {
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "NumericLessThanEquals": {"aws:MultiFactorAuthAge": "3600"},
        "StringEquals": {
            "aws:RequestedRegion": "eu-west-1",
            "sts:RoleSessionName": "${aws:username}",
        },
    }


@pci("7.2.5")
def test_break_glass_lifts_guardrails_and_nothing_else(applied_organization: AppliedRoot) -> None:
    policy = applied_organization.one("aws_iam_role_policy").json("policy")
    allowed = {statement["Sid"]: statement for statement in policy["Statement"]}
    assert set(allowed) == {"SeeOrganization", "LiftGuardrails", "EnterMemberAccounts"}
    assert allowed["SeeOrganization"]["Action"] == [
        "organizations:Describe*",
        "organizations:List*",
    ]
    assert allowed["LiftGuardrails"]["Action"] == [
        "organizations:AttachPolicy",
        "organizations:DetachPolicy",
        "organizations:UpdatePolicy",
    ]
    entered = allowed["EnterMemberAccounts"]
    assert entered["Resource"] == [
        "arn:aws:iam::*:role/OrganizationAccountAccessRole",
        "arn:aws:iam::*:role/payments-breakglass",
    ]
    organization = applied_organization.one("aws_organizations_organization")
    assert entered["Condition"] == {"StringEquals": {"aws:ResourceOrgID": organization["id"]}}


def used(role_arn: str, **more: Any) -> dict[str, Any]:
    """What EventBridge hears of somebody who becomes a role."""
    call = {"eventName": "AssumeRole", "requestParameters": {"roleArn": role_arn}, **more}
    return {"source": "aws.sts", "detail-type": "AWS API Call via CloudTrail", "detail": call}


@pci("10.2.1.2")
def test_every_use_of_break_glass_raises_an_alarm(applied_organization: AppliedRoot) -> None:
    arn = applied_organization.one("aws_iam_role")["arn"]
    rule = applied_organization.one("aws_cloudwatch_event_rule").expect(
        state="ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    )
    applied_organization.one("aws_cloudwatch_event_target").expect(rule=rule["name"], arn=TOPIC)

    heard: Any = EventPattern.load(rule["event_pattern"]).matches_event
    assert heard(used(arn))
    refused = f"User: {USER} is not authorized to perform: sts:AssumeRole on resource: {arn}"
    assert heard(used("", requestParameters=None, errorMessage=refused))
    assert not heard(used(arn.replace("break-glass", "deploy")))
    assert not heard(used("", requestParameters=None, errorMessage="not on that resource"))


def test_policies_are_within_awss_limit(applied_organization: AppliedRoot) -> None:
    sizes = {
        resource["name"]: len(resource["content"])
        for resource in applied_organization.resources.values()
        if resource.type == "aws_organizations_policy"
    }
    assert len(sizes) == 7
    assert max(sizes.values()) <= 5120, sizes
