"""Statements of policies, as the policies of PCI DSS read them."""

from __future__ import annotations

from typing import Any

import pytest

from pci_dss.statements import CALLER_KEYS, Statement, statements_of
from pci_dss.subject import UndecidedError


def statement(**elements: Any) -> Statement:
    (found,) = statements_of({"Statement": {"Effect": "Allow", **elements}}, "here")
    return found


@pytest.mark.parametrize(
    ("elements", "concerned"),
    [
        ({"Action": "logs:Unmask"}, True),
        ({"Action": ["s3:GetObject", "LOGS:un*"]}, True),
        ({"Action": "*"}, True),
        ({"Action": "logs:Unmas?"}, True),
        ({"NotAction": "iam:*"}, True),
        ({"NotAction": ["iam:*", "logs:*"]}, False),
        ({"Action": "logs:Unmasked"}, False),
        ({"Action": "logs.Unmask"}, False),
    ],
)
def test_actions_are_patterns(elements: dict[str, Any], concerned: bool) -> None:
    assert statement(**elements).concerns("logs:Unmask") is concerned


@pytest.mark.parametrize(
    ("elements", "all_of_s3"),
    [
        ({"Action": "s3:*"}, True),
        ({"Action": ["s3:GetObject", "*"]}, True),
        ({"NotAction": "iam:*"}, True),
        ({"NotAction": ["iam:*", "s3:DeleteObject"]}, False),
        ({"NotAction": "*"}, False),
        ({"Action": "s3:Get*"}, False),
    ],
)
def test_all_actions_of_a_service(elements: dict[str, Any], all_of_s3: bool) -> None:
    assert statement(**elements).concerns_all("s3") is all_of_s3


@pytest.mark.parametrize(
    ("elements", "anyone"),
    [
        ({"Principal": "*"}, True),
        ({"Principal": {"AWS": "*"}}, True),
        ({"Principal": {"AWS": ["123456789012", "*"]}}, True),
        ({"NotPrincipal": {"AWS": "123456789012"}}, True),
        ({"Principal": {"AWS": "123456789012"}}, False),
        ({"Principal": {"Service": "logs.amazonaws.com"}}, False),
        ({}, False),
    ],
)
def test_everyone_is_named_in_several_ways(elements: dict[str, Any], anyone: bool) -> None:
    assert statement(**elements).anyone is anyone


@pytest.mark.parametrize(
    ("condition", "bound"),
    [
        ({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}, True),
        ({"StringEquals": {"AWS:principalorgid": "${aws:ResourceOrgID}"}}, True),
        ({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::payments-*"}}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/*"}}, True),
        ({"StringLike": {"aws:PrincipalOrgID": "o-*"}}, False),
        ({"StringLike": {"aws:PrincipalOrgPaths": "*"}}, False),
        ({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}, False),
        ({"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"}}, False),
        ({"StringNotEquals": {"aws:PrincipalAccount": "123456789012"}}, False),
        ({"StringEquals": {"aws:SourceAccount": ["123456789012", "*"]}}, False),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/deploy"}}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:*"}}, False),
        ({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, False),
        ({"StringLike": {"aws:UserAgent": "ours"}}, False),
        ({"Bool": {"aws:SecureTransport": True}}, False),
        ({}, False),
    ],
)
def test_conditions_bind_to_definite_callers(condition: dict[str, Any], bound: bool) -> None:
    assert statement(Condition=condition).bound_by(CALLER_KEYS) is bound


def test_a_statement_without_effect_is_undecided() -> None:
    with pytest.raises(UndecidedError, match="here: statement 2"):
        statements_of({"Statement": [{"Effect": "Deny"}, {"Action": "*"}]}, "here")
