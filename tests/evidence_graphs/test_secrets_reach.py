"""Which roles can read which secret or use which key, alone or by becoming another."""

from __future__ import annotations

from typing import Any

import pytest

from evidence_graphs.documents import (
    CDE,
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
from pci_dss.evidence.model import Row, Status

KEY, SECRET = "aws_kms_key.cards", "aws_secretsmanager_secret.login"
KEY_ARN = f"arn:aws:kms:eu-west-1:{OURS}:key/1234"
SECRET_ARN = f"arn:aws:secretsmanager:eu-west-1:{OURS}:secret:login-abc"
OUTSIDE: dict[str, str] = {}
ROOT = {"Principal": {"AWS": f"arn:aws:iam::{OURS}:root"}, "Resource": "*"}
DELEGATED = {**ROOT, "Action": "kms:*"}
FUNCTION: Values = {
    "aws_lambda_function.pay": {
        "function_name": "pay",
        "role": f"arn:aws:iam::{OURS}:role/pay",
    }
}
DECRYPTS = {"Action": "kms:Decrypt", "Resource": KEY_ARN}
READS = {"Action": "secretsmanager:GetSecretValue", "Resource": SECRET_ARN}


def key(*statements: dict[str, Any], **more: Any) -> Values:
    """Make the key, with statements of its policy."""
    text = policy(*(statements or [DELEGATED]))
    return {KEY: {"id": "1234", "arn": KEY_ARN, "policy": text, "tags_all": CDE, **more}}


def secret(**more: Any) -> Values:
    """Make the secret, encrypted with AWS's own key."""
    return {SECRET: {"id": SECRET_ARN, "arn": SECRET_ARN, "name": "login", "tags_all": CDE, **more}}


def key_row(values: Values, unknown: dict[str, dict[str, bool]] | None = None) -> Row:
    return rows(root(values, unknown), check="GRAPH_KEY_REACH")[KEY]


def secret_row(values: Values, unknown: dict[str, dict[str, bool]] | None = None) -> Row:
    return rows(root(values, unknown), check="GRAPH_SECRET_REACH")[SECRET]


@pci("3.6.1.3", "7.2.5")
def test_who_uses_a_key_is_told_with_what_runs_as_it() -> None:
    pay = role("pay", service("lambda"), DECRYPTS) | FUNCTION
    row = key_row(key() | pay | role("idle", service("lambda")))
    assert row.status is Status.PASS
    assert row.evaluated[f"{KEY}: can be read by"] == {
        "aws_iam_role.pay (runs aws_lambda_function.pay)": "kms:Decrypt by"
        f" aws_iam_role_policy.pay (number 1) and {KEY} (number 1)"
    }


@pytest.mark.parametrize("named", ["pay", "own"])
def test_an_inline_policy_that_a_resource_makes_is_told_once(named: str) -> None:
    pay = role("pay", service("lambda"), DECRYPTS)
    pay["aws_iam_role_policy.pay"]["name"] = "pay"
    block = {"name": named, "policy": policy(DECRYPTS)}
    pay["aws_iam_role.pay"]["inline_policy"] = [block]
    (way,) = key_row(key() | pay).evaluated[f"{KEY}: can be read by"].values()
    assert ("aws_iam_role.pay (number 1)" in way) is (named == "own")


@pci("3.6.1.3")
def test_a_key_that_leaves_nothing_to_iam_is_used_by_nobody() -> None:
    administered = {**ROOT, "Action": ["kms:Describe*", "kms:ScheduleKeyDeletion"]}
    everything = role("pay", service("lambda"), {"Action": "*", "Resource": "*"})
    row = key_row(key(administered) | everything)
    assert row.status is Status.PASS
    assert row.evaluated[f"{KEY}: can be read by"] == {}


@pci("3.6.1.3")
def test_conditions_that_decide_are_told() -> None:
    through = {"Condition": {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}}
    row = key_row(key({**DELEGATED, **through}) | role("pay", service("lambda"), DECRYPTS))
    (way,) = row.evaluated[f"{KEY}: can be read by"].values()
    assert way.endswith(", given kms:viaservice")


OTHERS_KEYS: dict[str, tuple[Values, str]] = {
    "out_of_scope": (
        key() | role("lab", service("ec2"), DECRYPTS, tags=OUTSIDE),
        "aws_iam_role.lab, which isn't in scope, can reach it",
    ),
    "out_of_scope_by_another_role": (
        key()
        | role("pay", account(OURS), DECRYPTS)
        | role("lab", service("ec2"), {"Action": "sts:AssumeRole"}, tags=OUTSIDE),
        "aws_iam_role.lab, which isn't in scope, can reach it as aws_iam_role.pay",
    ),
    "out_of_scope_by_a_grant": (
        key() | role("lab", service("ec2"), {"Action": "kms:CreateGrant"}, tags=OUTSIDE),
        "aws_iam_role.lab, which isn't in scope",
    ),
    "out_of_scope_by_the_policy": (
        key() | role("lab", service("ec2"), {"Action": "kms:Put*"}, tags=OUTSIDE),
        "aws_iam_role.lab, which isn't in scope",
    ),
    "named_in_the_policy": (
        key(
            {
                "Principal": {"AWS": f"arn:aws:iam::{OURS}:role/lab"},
                "Action": "kms:Decrypt",
                "Resource": "*",
            }
        )
        | role("lab", service("ec2"), tags=OUTSIDE),
        "aws_iam_role.lab, which isn't in scope",
    ),
    "any_key": (
        key() | role("pay", service("lambda"), {"Action": "kms:Decrypt", "Resource": "*"}),
        "aws_iam_role.pay can read whatever the account has of the kind",
    ),
    "any_key_of_a_region": (
        key()
        | role(
            "pay",
            service("lambda"),
            {"Action": "kms:*", "Resource": f"arn:aws:kms:eu-west-1:{OURS}:key/*"},
        ),
        "aws_iam_role.pay can read whatever the account has of the kind",
    ),
    "anyone": (
        key({"Principal": "*", "Action": "kms:*", "Resource": "*"}),
        "anyone, who isn't of the organization, can reach it: kms:Decrypt by aws_kms_key.cards",
    ),
    "anyone_through_a_service": (
        key(
            {
                "Principal": {"AWS": "*"},
                "Action": "kms:Decrypt",
                "Resource": "*",
                "Condition": {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}},
            }
        ),
        "anyone, who isn't of the organization",
    ),
    "another_organization": (
        key({**account(THEIRS), "Action": "kms:CreateGrant", "Resource": "*"}),
        f"arn:aws:iam::{THEIRS}:root, who isn't of the organization",
    ),
}


@pci("3.6.1.3", "7.2.5")
@pytest.mark.parametrize("name", OTHERS_KEYS)
def test_a_key_in_others_hands_is_found(name: str) -> None:
    values, words = OTHERS_KEYS[name]
    row = key_row(values)
    assert row.status is Status.FAIL
    assert any(reason.startswith(words) for reason in row.reasons), row.reasons


@pytest.mark.parametrize("usage", ["GENERATE_VERIFY_MAC", "SIGN_VERIFY"])
def test_other_kinds_of_keys_are_used_otherwise(usage: str) -> None:
    uses = {"GENERATE_VERIFY_MAC": "kms:GenerateMac", "SIGN_VERIFY": "kms:Sign"}
    made = key(key_usage=usage)
    lab = role("lab", service("ec2"), {"Action": uses[usage]}, tags=OUTSIDE)
    assert key_row(made | lab).status is Status.FAIL
    assert key_row(made | role("lab", service("ec2"), DECRYPTS, tags=OUTSIDE)).status is Status.PASS


def test_a_key_that_protects_nothing_of_the_cde_may_be_used_by_others() -> None:
    lab = role("lab", service("ec2"), DECRYPTS, tags=OUTSIDE)
    assert key_row(key(tags_all=OUTSIDE) | lab).status is Status.PASS


def test_roles_that_serve_the_cde_are_no_others() -> None:
    lab = role("lab", service("ec2"), DECRYPTS, tags=CONNECTED)
    assert key_row(key() | lab).status is Status.PASS


@pci("7.2.5", "7.3.3")
def test_who_reads_a_secret_is_told() -> None:
    row = secret_row(secret() | role("pay", service("lambda"), READS))
    assert row.status is Status.PASS
    assert [*row.evaluated[f"{SECRET}: can be read by"]] == ["aws_iam_role.pay"]


@pci("7.2.5")
def test_it_takes_the_key_as_well_to_read_a_secret() -> None:
    encrypted = secret(kms_key_id=KEY_ARN) | key()
    both = role("pay", service("lambda"), READS, DECRYPTS)
    only_read = role("lab", service("ec2"), READS, tags=OUTSIDE)
    row = secret_row(encrypted | both | only_read)
    assert row.status is Status.PASS
    assert [*row.evaluated[f"{SECRET}: can be read by"]] == ["aws_iam_role.pay"]
    by_aws_key = secret_row(secret() | both | only_read)
    assert by_aws_key.status is Status.FAIL


def opened(*statements: dict[str, Any]) -> Values:
    text = policy(*({"Action": "secretsmanager:*", "Resource": "*", **each} for each in statements))
    holder = {"secret_arn": SECRET_ARN, "policy": text}
    return secret() | {"aws_secretsmanager_secret_policy.login": holder}


OTHERS_SECRETS: dict[str, Values] = {
    "out_of_scope": secret() | role("lab", service("ec2"), READS, tags=OUTSIDE),
    "any_secret": secret() | role("pay", service("lambda"), {"Action": "secretsmanager:*"}),
    "its_policy_to_anyone": opened({"Principal": "*"}),
    "its_policy_to_others": opened(account(THEIRS)),
    "its_policy_to_a_role": opened({"Principal": {"AWS": f"arn:aws:iam::{OURS}:role/lab"}})
    | role("lab", service("ec2"), tags=OUTSIDE),
    "of_a_chain": secret()
    | role("pay", account(OURS), READS)
    | role("lab", service("ec2"), {"Action": "iam:UpdateAssumeRolePolicy"}, tags=OUTSIDE),
}


@pci("7.2.5", "7.3.3")
@pytest.mark.parametrize("name", OTHERS_SECRETS)
def test_a_secret_in_others_hands_is_found(name: str) -> None:
    assert secret_row(OTHERS_SECRETS[name]).status is Status.FAIL


def test_encrypted_parameters_are_secrets_and_others_arent() -> None:
    arn = f"arn:aws:ssm:eu-west-1:{OURS}:parameter/shop/login"
    kinds = {"login": "SecureString", "region": "String"}
    parameters: Values = {
        f"aws_ssm_parameter.{name}": {
            "type": kind,
            "name": "/shop/login",
            "arn": arn,
            "tags_all": CDE,
        }
        for name, kind in kinds.items()
    }
    reads = {"Action": "ssm:GetParametersByPath", "Resource": arn}
    lab = role("lab", service("ec2"), reads, tags=OUTSIDE)
    found = rows(root(parameters | lab), check="GRAPH_SECRET_REACH")
    assert {name: row.status for name, row in found.items()} == {
        "aws_ssm_parameter.login": Status.FAIL
    }


UNKNOWN: dict[str, tuple[Values, dict[str, dict[str, bool]], str]] = {
    "its_policy": (key(policy=None), {KEY: {"policy": True}}, f"the policy of {KEY} isn't known"),
    "a_roles_policy": (
        key() | role("pay", service("lambda")) | {"aws_iam_role_policy.pay": {"role": "pay"}},
        {"aws_iam_role_policy.pay": {"policy": True}},
        "aws_iam_role.pay may be able to read it: aws_iam_role_policy.pay isn't known",
    ),
    "an_account": (
        key({**account(TOOLING), "Action": "kms:Decrypt", "Resource": "*"}),
        {},
        f"whoever account {TOOLING} lets can read it",
    ),
    "a_user": (
        key() | {"aws_iam_user.somebody": {"name": "somebody"}},
        {},
        "aws_iam_user.somebody: what users may do isn't followed",
    ),
}


@pci("3.6.1.3")
@pytest.mark.parametrize("name", UNKNOWN)
def test_what_isnt_known_is_not_evaluated(name: str) -> None:
    values, unknown, words = UNKNOWN[name]
    row = key_row(values, unknown)
    assert row.status is Status.NOT_EVALUATED
    assert row.reasons[0].startswith(words), row.reasons


def test_an_unknown_policy_changes_nothing_where_the_key_leaves_nothing_to_it() -> None:
    only_by_pay = {
        "Principal": {"AWS": f"arn:aws:iam::{OURS}:role/pay"},
        "Action": "kms:Decrypt",
        "Resource": "*",
    }
    pay = role("pay", service("lambda"))
    idle = role("idle", service("lambda")) | {"aws_iam_role_policy.idle": {"role": "idle"}}
    row = key_row(key(only_by_pay) | pay | idle, {"aws_iam_role_policy.idle": {"policy": True}})
    assert row.status is Status.PASS
    assert [*row.evaluated[f"{KEY}: can be read by"]] == ["aws_iam_role.pay"]
