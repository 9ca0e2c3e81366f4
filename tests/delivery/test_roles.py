"""Who enters which account as whom, and what each role may there: decided by the policy engine."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from delivery.conftest import ACCOUNTS
from harness.iam import Permissions, Policy
from harness.testing import pci

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.aws import EmbeddedAWS
    from harness.iam import Snapshot
    from harness.terraform import Root

TOOLING, DEV, PRODUCTION = (ACCOUNTS[name] for name in ("tooling", "dev", "production"))
RELEASE: Mapping[str, str | Sequence[str]] = {
    "aws:RequestTag/release": "a" * 64,
    "aws:TagKeys": ["release"],
}
STATE = f"arn:aws:s3:::payments-terraform-state-{PRODUCTION}"


def project(name: str) -> str:
    return f"arn:aws:iam::{TOOLING}:role/payments-delivery-{name}"


def role(account: str, name: str) -> str:
    return f"arn:aws:iam::{account}:role/payments-{name}"


def enters(
    snapshot: Snapshot,
    who: str,
    account: str,
    name: str,
    tags: Mapping[str, str | Sequence[str]] | None = None,
) -> bool:
    given = RELEASE if tags is None else tags
    target = role(account, name)
    verdicts = [
        snapshot.decide(who, action, target, account, conditions=given).allowed
        for action in ("sts:AssumeRole", *(["sts:TagSession"] if given else []))
    ]
    return all(verdicts)


PROJECTS = (
    "verify",
    "build",
    "dev",
    "qa",
    "integration",
    "prod-plan",
    "prod-approve",
    "prod-deploy",
    "prod-shift",
    "record",
    "drift",
    "pipeline",
    "schedule",
)
MAY_ENTER = {
    (PRODUCTION, "plan"): {"prod-plan", "prod-shift", "record", "drift"},
    (PRODUCTION, "deploy"): {"prod-deploy", "prod-shift"},
    (PRODUCTION, "breakglass"): set(),
    (DEV, "plan"): {"dev", "record", "drift"},
    (DEV, "deploy"): {"dev"},
    (DEV, "breakglass"): set(),
    (TOOLING, "deploy"): set(),
}


@pci("6.5.3", "6.5.4", "7.2.5")
@pytest.mark.parametrize(("account", "name"), MAY_ENTER)
def test_only_the_projects_of_its_stage_become_a_role(
    snapshot: Snapshot, account: str, name: str
) -> None:
    entering = {each for each in PROJECTS if enters(snapshot, project(each), account, name)}
    assert entering == MAY_ENTER[account, name]


@pci("6.5.3", "7.2.5")
@pytest.mark.parametrize("name", ["dev", "qa", "integration", "production"])
def test_only_tests_call_as_merchants_and_never_in_production(
    snapshot: Snapshot, name: str
) -> None:
    merchant = f"arn:aws:iam::{ACCOUNTS[name]}:role/merchant-m_bakery"
    whole = {"AWS": f"arn:aws:iam::{TOOLING}:root"}
    trusting = Policy(
        {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": whole}]},
        resource_based=True,
    )
    trusted = replace(snapshot, resources={**snapshot.resources, merchant: trusting.statements})
    calling = {
        each
        for each in PROJECTS
        if trusted.decide(project(each), "sts:AssumeRole", merchant, ACCOUNTS[name]).allowed
    }
    assert calling == ({name} if name in ("qa", "integration") else set())


@pci("7.2.5")
def test_nobody_else_in_tooling_becomes_productions_deploy_role(snapshot: Snapshot) -> None:
    administrator = f"arn:aws:iam::{TOOLING}:role/payments-deploy"
    assert not enters(snapshot, administrator, PRODUCTION, "deploy")


@pci("6.5.1")
def test_a_change_of_production_tells_its_release(snapshot: Snapshot) -> None:
    deploy = project("prod-deploy")
    assert enters(snapshot, deploy, PRODUCTION, "deploy")
    untagged = snapshot.decide(deploy, "sts:AssumeRole", role(PRODUCTION, "deploy"), PRODUCTION)
    assert not untagged.allowed
    other = {"aws:RequestTag/team": "payments", "aws:TagKeys": ["team"]}
    assert not enters(snapshot, deploy, PRODUCTION, "deploy", other)


def test_the_pipeline_looks_at_alarms_and_nothing_else(snapshot: Snapshot) -> None:
    assert enters(snapshot, project("pipeline"), PRODUCTION, "gate", {})
    assert not enters(snapshot, project("prod-deploy"), PRODUCTION, "gate", {})
    gate = role(PRODUCTION, "gate")
    alarm = f"arn:aws:cloudwatch:eu-west-1:{PRODUCTION}:alarm:payments-production-payments-v1"
    assert snapshot.decide(gate, "cloudwatch:DescribeAlarms", alarm, PRODUCTION).allowed
    assert not snapshot.decide(gate, "cloudwatch:PutMetricAlarm", alarm, PRODUCTION).allowed


# Of each service that the deploy role may use, and then of none in particular.
WRITING = re.compile(
    r":(Add|Allocate|Associate|Attach|Authorize|Cancel|Change|Create|Delete|Deregister|Detach|"
    r"Disable|Disassociate|Enable|Modify|Pass|Put|Register|Release|Remove|Replace|Request|Revoke|"
    r"Run|Schedule|Set|Start(?!Query)|Stop|Tag|Untag|Update)"
)
WRITES = {
    "apigateway:PATCH": f"arn:aws:apigateway:eu-west-1::/restapis/{'a' * 10}",
    "apigateway:POST": "arn:aws:apigateway:eu-west-1::/restapis",
    "dynamodb:PutItem": f"arn:aws:dynamodb:eu-west-1:{PRODUCTION}:table/payments-production",
    "dynamodb:UpdateTable": f"arn:aws:dynamodb:eu-west-1:{PRODUCTION}:table/payments-production",
    "ecs:UpdateService": f"arn:aws:ecs:eu-west-1:{PRODUCTION}:service/payments-a/payments-b",
    "iam:CreateRole": f"arn:aws:iam::{PRODUCTION}:role/payments-new",
    "iam:PassRole": f"arn:aws:iam::{PRODUCTION}:role/payments-new",
    "kms:CreateGrant": f"arn:aws:kms:eu-west-1:{PRODUCTION}:key/another",
    "kms:Decrypt": f"arn:aws:kms:eu-west-1:{PRODUCTION}:key/another",
    "kms:PutKeyPolicy": f"arn:aws:kms:eu-west-1:{PRODUCTION}:key/another",
    "lambda:InvokeFunction": f"arn:aws:lambda:eu-west-1:{PRODUCTION}:function:payments-a",
    "lambda:UpdateFunctionCode": f"arn:aws:lambda:eu-west-1:{PRODUCTION}:function:payments-a",
    "logs:PutRetentionPolicy": f"arn:aws:logs:eu-west-1:{PRODUCTION}:log-group:/aws/lambda/a",
    "s3:DeleteObject": f"{STATE}/production/terraform.tfstate",
    "s3:PutObject": f"{STATE}/production/terraform.tfstate",
    "ssm:PutParameter": f"arn:aws:ssm:eu-west-1:{PRODUCTION}:parameter/payments/release",
    "wafv2:UpdateWebACL": f"arn:aws:wafv2:eu-west-1:{PRODUCTION}:regional/webacl/payments-a/1",
}
READS_OF_PAYMENTS = {
    "dynamodb:GetItem": f"arn:aws:dynamodb:eu-west-1:{PRODUCTION}:table/payments-production",
    "dynamodb:Scan": f"arn:aws:dynamodb:eu-west-1:{PRODUCTION}:table/payments-production",
    "logs:GetLogEvents": f"arn:aws:logs:eu-west-1:{PRODUCTION}:log-group:/aws/lambda/a",
    "logs:StartQuery": f"arn:aws:logs:eu-west-1:{PRODUCTION}:log-group:/aws/lambda/a:*",
    "sqs:ReceiveMessage": f"arn:aws:sqs:eu-west-1:{PRODUCTION}:payments-a",
}


@pci("7.2.5")
@pytest.mark.parametrize("action", [*WRITES, *READS_OF_PAYMENTS])
def test_who_plans_changes_nothing_and_reads_no_payment(snapshot: Snapshot, action: str) -> None:
    resource = {**WRITES, **READS_OF_PAYMENTS}[action]
    assert not snapshot.decide(role(PRODUCTION, "plan"), action, resource, PRODUCTION).allowed


@pci("7.2.5")
def test_no_action_that_the_plan_role_is_allowed_writes(aws: EmbeddedAWS, tooling: Root) -> None:
    assert tooling
    found = aws.client("iam", PRODUCTION).get_role_policy(
        RoleName="payments-plan", PolicyName="plan"
    )
    statements: list[dict[str, Any]] = found["PolicyDocument"]["Statement"]
    allowed = {
        action
        for statement in statements
        if statement["Effect"] == "Allow" and statement["Sid"] != "LockState"
        for action in [statement["Action"]] * isinstance(statement["Action"], str)
        or statement["Action"]
    }
    assert len(allowed) > 50
    assert not {action for action in allowed if WRITING.search(action)}
    assert not {action for action in allowed if action.endswith(":*")}


@pytest.mark.parametrize("name", ["plan", "deploy"])
def test_who_ends_a_version_may_ask_who_calls_it(snapshot: Snapshot, name: str) -> None:
    logs = f"arn:aws:logs:eu-west-1:{PRODUCTION}:log-group:/aws"
    region = {"aws:RequestedRegion": "eu-west-1"}
    for action, resource in [
        ("cloudwatch:GetMetricStatistics", "*"),
        ("logs:GetQueryResults", "*"),
        ("logs:StartQuery", f"{logs}/apigateway/payments-production-payments-v1/access:*"),
    ]:
        asked = snapshot.decide(
            role(PRODUCTION, name), action, resource, PRODUCTION, conditions=region
        )
        assert asked.allowed, action


def test_who_plans_reads_and_locks_the_state(snapshot: Snapshot) -> None:
    plan = role(PRODUCTION, "plan")
    state = f"{STATE}/production/terraform.tfstate"
    for action, resource in [
        ("s3:GetObject", state),
        ("s3:PutObject", f"{state}.tflock"),
        ("s3:DeleteObject", f"{state}.tflock"),
    ]:
        assert snapshot.decide(plan, action, resource, PRODUCTION).allowed


MADE_BY_BOOTSTRAP = ("breakglass", "deploy", "gate", "plan")


@pci("7.2.5")
@pytest.mark.parametrize("name", MADE_BY_BOOTSTRAP)
@pytest.mark.parametrize("who", ["deploy", "breakglass"])
def test_no_role_changes_the_roles_that_it_is_entered_by(
    snapshot: Snapshot, who: str, name: str
) -> None:
    target = role(PRODUCTION, name)
    for action in ("iam:DeleteRole", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"):
        assert not snapshot.decide(role(PRODUCTION, who), action, target, PRODUCTION).allowed


@pci("7.2.5")
def test_in_an_emergency_a_person_may_what_the_pipeline_may(snapshot: Snapshot) -> None:
    function = WRITES["lambda:UpdateFunctionCode"]
    table = READS_OF_PAYMENTS["dynamodb:Scan"]
    for who in ("deploy", "breakglass"):
        arn = role(PRODUCTION, who)
        changing = snapshot.decide(arn, "lambda:UpdateFunctionCode", function, PRODUCTION)
        assert changing.allowed
        assert not snapshot.decide(arn, "dynamodb:Scan", table, PRODUCTION).allowed


KEY = f"arn:aws:kms:eu-west-1:{TOOLING}:key/signing"


@pci("6.5.4")
def test_who_changes_the_pipeline_neither_approves_nor_releases(snapshot: Snapshot) -> None:
    pipeline = f"arn:aws:codepipeline:eu-west-1:{TOOLING}:payments-delivery"
    deploy = role(TOOLING, "deploy")
    for action, resource in [
        ("codepipeline:PutApprovalResult", f"{pipeline}/prod-approve/approve-first"),
        ("codepipeline:OverrideStageCondition", f"{pipeline}/prod-deploy"),
        ("codepipeline:StartPipelineExecution", pipeline),
        ("kms:Sign", KEY),
    ]:
        assert not snapshot.decide(deploy, action, resource, TOOLING).allowed
    assert snapshot.decide(deploy, "codepipeline:UpdatePipeline", pipeline, TOOLING).allowed


ALICE = f"arn:aws:iam::{TOOLING}:user/alice"
APPROVER = project("approver")


@pci("6.5.4")
@pytest.mark.parametrize(
    ("session", "mfa", "may"),
    [("alice", "true", True), ("bob", "true", False), ("alice", "false", False)],
)
def test_nobody_approves_under_another_name(
    snapshot: Snapshot, session: str, mfa: str, *, may: bool
) -> None:
    entering = Policy({"Statement": [{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]})
    people = {**snapshot.entities, ALICE: Permissions(entering.statements, None, {})}
    conditions = {
        "aws:MultiFactorAuthPresent": mfa,
        "aws:username": "alice",
        "sts:RoleSessionName": session,
    }
    verdict = replace(snapshot, entities=people).decide(
        ALICE, "sts:AssumeRole", APPROVER, TOOLING, conditions=conditions
    )
    assert verdict.allowed is may


@pci("6.5.4")
def test_who_approves_does_nothing_else(snapshot: Snapshot) -> None:
    pipeline = f"arn:aws:codepipeline:eu-west-1:{TOOLING}:payments-delivery"
    for action in ("approve-first", "approve-second"):
        resource = f"{pipeline}/prod-approve/{action}"
        may = snapshot.decide(APPROVER, "codepipeline:PutApprovalResult", resource, TOOLING)
        assert may.allowed
    for action in ("OverrideStageCondition", "StartPipelineExecution", "UpdatePipeline"):
        assert not snapshot.decide(APPROVER, f"codepipeline:{action}", pipeline, TOOLING).allowed
    assert not enters(snapshot, APPROVER, PRODUCTION, "deploy")


@pci("6.5.4")
@pytest.mark.parametrize("name", PROJECTS)
def test_no_project_approves(snapshot: Snapshot, name: str) -> None:
    approval = f"arn:aws:codepipeline:eu-west-1:{TOOLING}:payments-delivery/prod-approve"
    for action in ("approve-first", "approve-second"):
        verdict = snapshot.decide(
            project(name), "codepipeline:PutApprovalResult", f"{approval}/{action}", TOOLING
        )
        assert not verdict.allowed
