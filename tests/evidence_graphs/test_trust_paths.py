"""Who can become which role: by trust, by passing it, by rewriting it, and over several."""

from __future__ import annotations

from typing import Any

import pytest

from evidence_graphs.documents import (
    CONNECTED,
    OURS,
    THEIRS,
    TOOLING,
    Values,
    account,
    policy,
    role,
    root,
    rows,
    service,
)
from harness.testing import pci
from pci_dss.evidence.model import Basis, Status

CHECK = "GRAPH_TRUST_PATHS"
PAY = "aws_iam_role.pay"
PAY_ARN = f"arn:aws:iam::{OURS}:role/pay"
OUTSIDE: dict[str, str] = {}
"""Tags of what isn't in scope."""
FUNCTION: Values = {
    "aws_lambda_function.pay": {
        "function_name": "pay",
        "arn": f"arn:aws:lambda:eu-west-1:{OURS}:function:pay",
        "role": PAY_ARN,
    }
}


def allowing(action: str, resource: str = PAY_ARN, **more: Any) -> dict[str, Any]:
    return {"Action": action, "Resource": resource, **more}


@pci("7.2.5", "7.3.3")
def test_a_role_that_a_service_runs_as_is_nobody_elses() -> None:
    row = rows(root(role("pay", service("lambda")) | FUNCTION), check=CHECK)[PAY]
    assert (row.status, row.basis) == (Status.PASS, Basis.EVALUATED)
    assert row.evaluated == {
        f"{PAY}: trusts": ["Service lambda.amazonaws.com"],
        f"{PAY}: can be become by": {},
    }


STRANGERS: dict[str, tuple[dict[str, Any], str]] = {
    "anyone": ({"Principal": "*"}, "anyone, who isn't of the organization"),
    "anyone_by_tls": (
        {"Principal": {"AWS": "*"}, "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        "anyone",
    ),
    "anyone_with_a_tag": (
        {"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalTag/team": "pay"}}},
        "anyone",
    ),
    "all_but_one": (
        {"Principal": "*", "Condition": {"StringNotEquals": {"aws:PrincipalAccount": "1"}}},
        "anyone",
    ),
    "another_organizations_account": (account(THEIRS), THEIRS),
    "with_mfa_of_theirs": (
        account(THEIRS, Bool={"aws:MultiFactorAuthPresent": "true"}),
        THEIRS,
    ),
    "federated_without_a_subject": (
        {
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": "token.example.com"},
            "Condition": {"StringEquals": {"token.example.com:aud": "sts.amazonaws.com"}},
        },
        "whoever token.example.com signs in",
    ),
}


@pci("7.3.3")
@pytest.mark.parametrize("name", STRANGERS)
def test_a_stranger_can_become_no_role(name: str) -> None:
    trust, words = STRANGERS[name]
    row = rows(root(role("pay", trust)), check=CHECK)[PAY]
    assert row.status is Status.FAIL
    assert words in row.reasons[0]


BOUND: dict[str, dict[str, Any]] = {
    "external_id": account(THEIRS, StringEquals={"sts:ExternalId": "agreed"}),
    "organization": {
        "Principal": "*",
        "Condition": {
            "StringEquals": {"aws:PrincipalOrgID": "o-ours", "aws:PrincipalAccount": OURS}
        },
    },
    "subject": {
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": "token.example.com"},
        "Condition": {"StringLike": {"token.example.com:sub": "repo:shop/*"}},
    },
}


@pci("7.3.3")
@pytest.mark.parametrize("name", BOUND)
def test_who_is_held_to_an_identity_is_no_stranger(name: str) -> None:
    assert rows(root(role("pay", BOUND[name])), check=CHECK)[PAY].status is Status.PASS


WAYS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "assuming": (
        account(OURS),
        allowing("sts:AssumeRole"),
        "sts:AssumeRole by aws_iam_role_policy",
    ),
    "assuming_any": (account(OURS), allowing("sts:*", "*"), "sts:AssumeRole"),
    "named": (
        {"Principal": {"AWS": f"arn:aws:iam::{OURS}:role/lab"}},
        allowing("s3:ListBucket"),
        "sts:AssumeRole by trust policy of aws_iam_role.pay",
    ),
    "given_mfa": (
        account(OURS, Bool={"aws:MultiFactorAuthPresent": "true"}),
        allowing("sts:AssumeRole"),
        "given aws:multifactorauthpresent",
    ),
    "rewriting": (service("lambda"), allowing("iam:UpdateAssumeRolePolicy", "*"), "iam:Update"),
    "passing": (service("lambda"), allowing("iam:PassRole"), "iam:PassRole"),
    "coding": (
        service("lambda"),
        allowing("lambda:UpdateFunctionCode", "*"),
        "lambda:UpdateFunctionCode",
    ),
}


@pci("7.2.5")
@pytest.mark.parametrize("name", WAYS)
def test_a_role_out_of_scope_that_can_become_one_of_the_cde_is_found(name: str) -> None:
    trust, allowed, words = WAYS[name]
    lab = role("lab", service("ec2"), allowed, tags=OUTSIDE)
    row = rows(root(role("pay", trust) | FUNCTION | lab), check=CHECK)[PAY]
    assert row.status is Status.FAIL
    assert row.reasons[0].startswith("aws_iam_role.lab, which isn't in scope, can become it: ")
    assert words in row.reasons[0]


@pci("7.2.5")
@pytest.mark.parametrize("name", WAYS)
def test_the_same_by_a_role_in_scope_is_told_and_no_fault(name: str) -> None:
    trust, allowed, words = WAYS[name]
    lab = role("lab", service("ec2"), allowed, tags=CONNECTED)
    row = rows(root(role("pay", trust) | FUNCTION | lab), check=CHECK)[PAY]
    assert row.status is Status.PASS
    assert words in row.evaluated[f"{PAY}: can be become by"]["aws_iam_role.lab"]


@pci("7.2.5")
def test_a_way_over_another_account_is_followed() -> None:
    deploy_arn = f"arn:aws:iam::{TOOLING}:role/deploy"
    pay = role("pay", {"Principal": {"AWS": deploy_arn}})
    deploy = role(
        "deploy", account(TOOLING), allowing("sts:AssumeRole"), tags=CONNECTED, account_id=TOOLING
    )
    lab = role(
        "lab", service("ec2"), allowing("sts:AssumeRole", "*"), tags=OUTSIDE, account_id=TOOLING
    )
    found = rows(
        root(pay), root(deploy | lab, account_id=TOOLING, name="environments/tooling"), check=CHECK
    )
    assert found[PAY].status is Status.FAIL
    assert "aws_iam_role.lab" in found[PAY].reasons[0]
    steps = found[PAY].evaluated[f"{PAY}: can be become by"]["aws_iam_role.lab"]
    assert steps.index("aws_iam_role.deploy: sts") < steps.index("then aws_iam_role.pay: sts")
    assert found["aws_iam_role.deploy"].status is Status.PASS  # it isn't of the CDE


def test_what_refuses_ends_the_way() -> None:
    refusal = {"Effect": "Deny", "Action": "sts:*", "Resource": PAY_ARN}
    lab = role("lab", service("ec2"), allowing("sts:*", "*"), refusal, tags=OUTSIDE)
    assert rows(root(role("pay", account(OURS)) | lab), check=CHECK)[PAY].status is Status.PASS


def test_a_refusal_that_depends_on_something_ends_no_way() -> None:
    condition = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}
    refusal = {"Effect": "Deny", "Action": "sts:*", "Resource": PAY_ARN, **condition}
    lab = role("lab", service("ec2"), allowing("sts:*", "*"), refusal, tags=OUTSIDE)
    assert rows(root(role("pay", account(OURS)) | lab), check=CHECK)[PAY].status is Status.FAIL


def test_a_boundary_ends_the_way() -> None:
    lab = role("lab", service("ec2"), allowing("sts:*", "*"), tags=OUTSIDE)
    arn = f"arn:aws:iam::{OURS}:policy/bound"
    lab["aws_iam_role.lab"]["permissions_boundary"] = arn
    bound = {"policy": policy(allowing("s3:*", "*")), "arn": arn, "id": arn}
    found = root(role("pay", account(OURS)) | lab | {"aws_iam_policy.bound": bound})
    assert rows(found, check=CHECK)[PAY].status is Status.PASS


def test_an_administrator_out_of_scope_can_become_anything() -> None:
    attachment = {"role": "lab", "policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"}
    lab = role("lab", service("ec2"), tags=OUTSIDE)
    found = root(
        role("pay", service("lambda"))
        | lab
        | {"aws_iam_role_policy_attachment.lab": {"id": "lab-1", **attachment}}
    )
    assert rows(found, check=CHECK)[PAY].status is Status.FAIL


@pci("7.2.5")
def test_what_nobody_looked_at_is_not_evaluated() -> None:
    row = rows(root(role("pay", account(TOOLING))), check=CHECK)[PAY]
    assert row.status is Status.NOT_EVALUATED
    assert f"no root of account {TOOLING} was looked at" in row.reasons[0]


def test_an_unknown_trust_policy_is_not_evaluated() -> None:
    values = role("pay", service("lambda"))
    values[PAY]["assume_role_policy"] = None
    found = rows(root(values, {PAY: {"assume_role_policy": True}}), check=CHECK)
    assert found[PAY].status is Status.NOT_EVALUATED
    assert found[PAY].reasons == ("whom it trusts isn't known",)


@pytest.mark.parametrize("how", ["unknown", "of_aws", "of_nobody"])
def test_unknown_permissions_of_a_role_out_of_scope_are_not_evaluated(how: str) -> None:
    lab = role("lab", service("ec2"), tags=OUTSIDE)
    unknown: dict[str, dict[str, Any]] = {}
    if how == "of_aws":
        attachment = {"role": "lab", "policy_arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
        lab["aws_iam_role_policy_attachment.lab"] = attachment
    else:
        lab["aws_iam_role_policy.lab"] = {"role": "lab" if how == "unknown" else None}
        unknown["aws_iam_role_policy.lab"] = {"policy": True, "role": how == "of_nobody"}
    row = rows(root(role("pay", service("lambda")) | lab, unknown), check=CHECK)[PAY]
    assert row.status is Status.NOT_EVALUATED
    assert "aws_iam_role.lab may be able to become it" in row.reasons[0]
