"""Whom policies of keys, secrets and APIs let in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.testing import pci

from .judging import reasons, undecided, verdict_on_first

KEY = "aws_kms_key.cards"
API = "aws_api_gateway_rest_api.payments"
ANYONE = {"Sid": "Anyone", "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}
OF_ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def key(*statements: dict[str, Any]) -> dict[str, Any]:
    return {KEY: {"policy": policy(*statements)}}


def anyone(**changes: Any) -> dict[str, Any]:
    return {**ANYONE, **changes}


@pci("3.6.1.3")
@pytest.mark.parametrize(
    "statement",
    [
        anyone(Principal={"AWS": "arn:aws:iam::444444444444:root"}),
        anyone(Principal={"Service": "logs.eu-west-1.amazonaws.com"}),
        anyone(Condition=OF_ORGANIZATION),
        anyone(Condition={"StringEquals": {"kms:CallerAccount": "444444444444"}}),
        anyone(
            Condition={
                "StringEquals": {
                    "aws:PrincipalAccount": "444444444444",
                    "kms:ViaService": "s3.eu-west-1.amazonaws.com",
                }
            }
        ),
        anyone(Effect="Deny"),
    ],
)
def test_a_policy_that_names_who_may_passes(statement: dict[str, Any]) -> None:
    assert not reasons("PCI_10", key(statement))


@pci("3.6.1.3", "7.3.3")
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "statement Anyone lets everyone in"),
        ({"Principal": {"AWS": "*"}}, "statement Anyone lets everyone in"),
        ({"Principal": {"AWS": ["arn:aws:iam::444444444444:root", "*"]}}, "lets everyone in"),
        (
            {"Condition": {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}},
            "lets everyone in, for kms:viaservice is no identity",
        ),
        ({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, "for aws:securetransport"),
        ({"Condition": {"StringLike": {"aws:PrincipalOrgID": "*"}}}, "lets everyone in"),
        ({"Condition": {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/pay"}}}, "lets"),
        (
            {"Condition": {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-abcdefghij"}}},
            "lets everyone in",
        ),
        ({"Condition": {"StringNotEquals": {"aws:PrincipalAccount": "111111111111"}}}, "lets"),
        ({"Condition": {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}}, "for aws:sourceip"),
    ],
)
def test_everyone_with_a_weak_condition_fails(changes: dict[str, Any], words: str) -> None:
    assert words in reasons("PCI_10", key(anyone(**changes)))


def test_everyone_but_one_is_everyone() -> None:
    statement = anyone(NotPrincipal={"AWS": "arn:aws:iam::444444444444:role/pay"})
    del statement["Principal"]
    assert "lets everyone in" in reasons("PCI_10", key(statement))


@pci("7.3.3")
@pytest.mark.parametrize(
    "address",
    [
        "aws_kms_key_policy.cards",
        "aws_kms_replica_key.cards",
        "aws_secretsmanager_secret.csrf",
        "aws_secretsmanager_secret_policy.csrf",
        "aws_api_gateway_rest_api_policy.payments",
        API,
    ],
)
def test_keys_secrets_and_apis_are_judged_alike(address: str) -> None:
    assert reasons("PCI_10", {address: {"policy": policy(ANYONE)}})
    assert not reasons("PCI_10", {address: {"policy": policy(anyone(Condition=OF_ORGANIZATION))}})


def invoke(effect: str, **changes: Any) -> dict[str, Any]:
    common = {"Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}
    return {"Effect": effect, **common, **changes}


STRANGERS = {"StringNotEquals": {"aws:PrincipalAccount": ["444444444444"]}}


@pci("7.3.3")
@pytest.mark.parametrize(
    ("denial", "scoped"),
    [
        (invoke("Deny", Condition=STRANGERS), True),
        (invoke("Deny", Condition={"StringNotEquals": {"aws:SourceVpce": "vpce-0a"}}), True),
        (invoke("Deny", Condition=STRANGERS, Resource="*"), True),
        (invoke("Deny", Condition={"Bool": {"aws:SecureTransport": "false"}}), False),
        (
            invoke("Deny", Condition={**STRANGERS, "Bool": {"aws:SecureTransport": "false"}}),
            False,
        ),
        (invoke("Deny", Condition=STRANGERS, Resource="execute-api:/live/GET/*"), False),
        (invoke("Deny", Condition=STRANGERS, Action="execute-api:ManageConnections"), False),
        (invoke("Deny", Condition={"StringNotEquals": {"aws:SourceVpce": "*"}}), False),
        (invoke("Deny", Condition=STRANGERS, Principal={"AWS": "444444444444"}), False),
        (invoke("Allow", Condition=STRANGERS), False),
    ],
)
def test_everyone_may_be_let_in_where_strangers_are_denied(denial: Any, scoped: bool) -> None:
    document = {"policy": policy(invoke("Allow"), denial)}
    assert bool(reasons("PCI_10", {API: document})) is not scoped


@pci("7.3.3")
def test_the_policy_may_stand_in_the_definition() -> None:
    def defined(*statements: dict[str, Any]) -> dict[str, Any]:
        within = json.loads(policy(*statements))
        return {API: {"body": json.dumps({"x-amazon-apigateway-policy": within})}}

    # Which AWS copies to the attribute, after the apply.
    unknown = {API: {"policy": True}}
    scoped = defined(invoke("Allow", Principal={"AWS": "444444444444"}))
    assert not reasons("PCI_10", scoped, unknown=unknown)
    assert reasons("PCI_10", defined(invoke("Allow")), unknown=unknown)


def test_where_no_policy_is_set_there_is_nothing_to_judge() -> None:
    assert verdict_on_first("PCI_10", {KEY: {}}, unknown={KEY: {"policy": True}}) is None
    assert verdict_on_first("PCI_10", {API: {"body": "{}"}}) is None


def test_a_policy_that_is_not_known_is_not_evaluated() -> None:
    references = {KEY: {"policy": ["data.aws_iam_policy_document.key"]}}
    unknown = {KEY: {"policy": True}}
    found = undecided("PCI_10", {KEY: {}}, unknown=unknown, references=references)
    assert "policy isn't known" in found
    assert "isn't JSON" in undecided("PCI_10", {KEY: {"policy": "{"}})
