"""What the policies say of roles: boundaries, trust, and what policies allow."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.testing import pci

from .judging import reasons, undecided, verdict_on_first

ROLE = "aws_iam_role.pay"
POLICY = "aws_iam_policy.pay"
BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"
UNLOCK = "s3:BypassGovernanceRetention"
LOSE_KEYS = "kms:ScheduleKeyDeletion"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Statement": list(statements)})


@pci("7.2.5")
def test_a_bounded_role_passes() -> None:
    assert not reasons("PCI_33", {ROLE: {"permissions_boundary": BOUNDARY}})


@pci("7.2.5")
@pytest.mark.parametrize(
    "values", [{}, {"permissions_boundary": None}, {"permissions_boundary": ""}]
)
def test_an_unbounded_role_fails(values: dict[str, Any]) -> None:
    assert reasons("PCI_33", {ROLE: values}) == "nothing bounds what its policies may allow"


def test_an_unknown_boundary_is_not_evaluated() -> None:
    unknown = {ROLE: {"permissions_boundary": True}}
    assert "permissions_boundary isn't known" in undecided("PCI_33", {ROLE: {}}, unknown=unknown)


def trusting(principal: Any, **condition: dict[str, Any]) -> dict[str, Any]:
    statement = {
        "Sid": "Trust",
        "Effect": "Allow",
        "Principal": principal,
        "Action": "sts:AssumeRole",
        "Condition": condition,
    }
    return {ROLE: {"assume_role_policy": document(statement)}}


ECS = {"Service": "ecs-tasks.amazonaws.com"}
GITHUB = {
    "Federated": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
}
SUBJECT = "token.actions.githubusercontent.com:sub"


@pci("7.2.5", "7.3.3")
@pytest.mark.parametrize(
    "role",
    [
        trusting(ECS, StringEquals={"aws:SourceAccount": "123456789012"}),
        trusting(ECS, ArnLike={"aws:SourceArn": "arn:aws:ecs:eu-west-1:123456789012:*"}),
        trusting({"Service": "lambda.amazonaws.com"}),
        trusting({"AWS": "arn:aws:iam::123456789012:root"}),
        trusting("*", StringEquals={"aws:PrincipalOrgID": "o-a1b2c3d4e5"}),
        trusting(GITHUB, StringLike={SUBJECT: "repo:us/payments:*"}),
        trusting({"Federated": "saml"}, StringEquals={"SAML:aud": "https://signin"}),
    ],
)
def test_a_role_for_ourselves_passes(role: dict[str, Any]) -> None:
    assert not reasons("PCI_34", role)


@pci("7.2.5", "7.3.3")
@pytest.mark.parametrize(
    ("role", "wrong"),
    [
        (trusting(ECS), "lets ecs-tasks.amazonaws.com assume it, whoever it acts for"),
        (
            trusting(ECS, StringLike={"aws:SourceAccount": "*"}),
            "lets ecs-tasks.amazonaws.com assume it, whoever it acts for",
        ),
        (
            trusting({"Service": ["lambda.amazonaws.com", "events.amazonaws.com"]}),
            "lets events.amazonaws.com assume it, whoever it acts for",
        ),
        (trusting("*"), "lets anyone assume it"),
        (trusting({"AWS": "*"}, Bool={"aws:MultiFactorAuthPresent": "true"}), "lets anyone"),
        (trusting(GITHUB), "lets anyone assume it whom"),
        (trusting(GITHUB, StringLike={SUBJECT: "*"}), "lets anyone assume it whom"),
        (
            trusting(GITHUB, StringEquals={"token.actions.githubusercontent.com:aud": "sts"}),
            "lets anyone assume it whom",
        ),
    ],
)
def test_a_role_that_others_may_use_fails(role: dict[str, Any], wrong: str) -> None:
    assert wrong in reasons("PCI_34", role)


def test_an_unknown_trust_policy_is_not_evaluated() -> None:
    unknown = {ROLE: {"assume_role_policy": True}}
    assert "assume_role_policy isn't known" in undecided("PCI_34", {ROLE: {}}, unknown=unknown)


def allowing(action: Any, *others: dict[str, Any], **elements: Any) -> str:
    statement = {"Sid": "Do", "Effect": "Allow", "Action": action, "Resource": "*", **elements}
    return document(statement, *others)


def denying(*actions: str, **elements: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": list(actions), "Resource": "*", **elements}


EVERYTHING_ELSE = {
    "Sid": "Do",
    "Effect": "Allow",
    "NotAction": ["iam:*", "kms:*", "s3:*"],
    "Resource": "*",
}


@pci("7.2.5")
@pytest.mark.parametrize(
    "plan",
    [
        {POLICY: {"policy": allowing(["logs:Get*", "s3:PutObject", "kms:Decrypt"])}},
        {POLICY: {"policy": allowing("*", denying("logs:Unmask", UNLOCK, LOSE_KEYS))}},
        {POLICY: {"policy": allowing("kms:*"), "tags_all": {"environment": "dev"}}},
        {
            "aws_iam_role_policy.pay": {"policy": allowing(LOSE_KEYS), "role": "pay"},
            ROLE: {"name": "pay", "tags_all": {"environment": "dev"}},
        },
        {ROLE: {"inline_policy": [{"policy": allowing("sqs:*")}]}},
        {"aws_iam_role_policy_attachment.pay": {"policy_arn": BOUNDARY, "role": "pay"}},
    ],
)
def test_policies_that_leave_protection_pass(plan: dict[str, Any]) -> None:
    assert not reasons("PCI_35", plan)


@pci("7.2.5")
@pytest.mark.parametrize(
    ("plan", "wrong"),
    [
        ({POLICY: {"policy": allowing("logs:Unmask")}}, "statement Do allows logs:Unmask"),
        (
            {"aws_iam_user_policy.pay": {"policy": allowing("logs:*")}},
            "statement Do allows logs:Unmask",
        ),
        (
            {"aws_iam_role_policy.pay": {"policy": allowing("s3:Bypass*"), "role": "pay"}},
            f"statement Do allows {UNLOCK}",
        ),
        ({POLICY: {"policy": allowing("kms:*")}}, f"statement Do allows {LOSE_KEYS}"),
        (
            {POLICY: {"policy": document(EVERYTHING_ELSE)}},
            "statement Do allows logs:Unmask",
        ),
        (
            {POLICY: {"policy": allowing("logs:*", denying("logs:Unmask", Resource="arn:x"))}},
            "statement Do allows logs:Unmask",
        ),
        (
            {POLICY: {"policy": allowing("logs:*"), "tags_all": {"environment": "dev"}}},
            "statement Do allows logs:Unmask",
        ),
        (
            {ROLE: {"inline_policy": [{"policy": allowing("logs:Unmask")}]}},
            "statement Do allows logs:Unmask",
        ),
        (
            {ROLE: {"managed_policy_arns": ["arn:aws:iam::aws:policy/CloudWatchLogsFullAccess"]}},
            "CloudWatchLogsFullAccess allows logs:Unmask",
        ),
        (
            {
                "aws_iam_role_policy_attachment.pay": {
                    "policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess",
                    "role": "pay",
                }
            },
            f"AdministratorAccess allows {LOSE_KEYS}; AdministratorAccess allows logs:Unmask; "
            f"AdministratorAccess allows {UNLOCK}",
        ),
    ],
)
def test_policies_that_undo_protection_fail(plan: dict[str, Any], wrong: str) -> None:
    assert reasons("PCI_35", plan) == wrong


def test_a_boundary_grants_nothing() -> None:
    plan = {
        POLICY: {"arn": BOUNDARY, "policy": allowing("*")},
        ROLE: {"permissions_boundary": BOUNDARY},
    }
    assert verdict_on_first("PCI_35", plan) is None


def test_a_boundary_that_is_attached_too_grants() -> None:
    plan = {
        POLICY: {"arn": BOUNDARY, "policy": allowing("logs:Unmask")},
        ROLE: {"permissions_boundary": BOUNDARY},
        "aws_iam_role_policy_attachment.pay": {"policy_arn": BOUNDARY, "role": "pay"},
    }
    assert reasons("PCI_35", plan) == "statement Do allows logs:Unmask"


def test_an_unknown_document_is_not_evaluated() -> None:
    unknown = {POLICY: {"policy": True}}
    assert "policy isn't known" in undecided("PCI_35", {POLICY: {}}, unknown=unknown)
