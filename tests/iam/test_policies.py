"""Policy decisions, against what the IAM user guide says of each case."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.iam import (
    AccessRequest,
    Decision,
    Policies,
    Policy,
    PolicyError,
    Principal,
    authorize,
    evaluate,
)

ALLOW, EXPLICIT, IMPLICIT = Decision.ALLOW, Decision.EXPLICIT_DENY, Decision.IMPLICIT_DENY
API = "arn:aws:execute-api:eu-west-1:444444444444:a1b2c3"
MERCHANT = Principal(
    "444444444444",
    "arn:aws:sts::444444444444:assumed-role/merchant-m_rivertown/pos",
    "arn:aws:iam::444444444444:role/merchant-m_rivertown",
)
STRANGER = Principal(
    "999999999999",
    "arn:aws:sts::999999999999:assumed-role/visitor/x",
    "arn:aws:iam::999999999999:role/visitor",
)
CONTEXT = {
    "aws:principaltag/merchant_id": ("m_rivertown",),
    "aws:principaltag/star": ("*",),
    "aws:principalaccount": ("444444444444",),
    "aws:principalarn": ("arn:aws:iam::444444444444:role/merchant-m_rivertown",),
    "aws:sourceip": ("203.0.113.9",),
    "aws:securetransport": ("true",),
    "aws:tagkeys": ("team", "stage"),
    "aws:currenttime": ("1800000000",),
    "aws:multifactorauthage": ("120",),
}


def asked(
    resource: str = f"{API}/live/POST/merchants/m_rivertown/payments",
    action: str = "execute-api:Invoke",
    principal: Principal = MERCHANT,
) -> AccessRequest:
    return AccessRequest(action, resource, CONTEXT.get, principal)


def statement(effect: str = "Allow", /, **elements: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "execute-api:Invoke", "Resource": "*", **elements}


def without(element: str, effect: str = "Allow", **elements: Any) -> dict[str, Any]:
    return {name: v for name, v in statement(effect, **elements).items() if name != element}


def decide(*statements: dict[str, Any], request: AccessRequest | None = None) -> Decision:
    policy = Policy(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))
    return evaluate(policy.statements, request or asked())


OWN = f"{API}/live/*/merchants/${{aws:PrincipalTag/merchant_id}}/*"


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([], IMPLICIT),
        ([statement()], ALLOW),
        ([statement(), statement("Deny")], EXPLICIT),
        ([statement("Deny"), statement()], EXPLICIT),
        ([statement(Action="execute-api:*")], ALLOW),
        ([statement(Action="EXECUTE-API:invoke")], ALLOW),
        ([statement(Action="*")], ALLOW),
        ([statement(Action=["s3:GetObject", "execute-api:Inv?ke"])], ALLOW),
        ([statement(Action="execute-api:InvalidateCache")], IMPLICIT),
        ([without("Action", NotAction="s3:*")], ALLOW),
        ([without("Action", NotAction=["execute-api:*"])], IMPLICIT),
        ([statement(), without("Action", effect="Deny", NotAction="s3:*")], EXPLICIT),
        ([statement(Resource=OWN)], ALLOW),
        ([statement(Resource=f"{API}/live/GET/*")], IMPLICIT),
        ([statement(Resource=f"{API}/*/POST/merchants/m_river*")], ALLOW),
        ([statement(Resource=f"{API}/live/POST/merchants/m_rivertown")], IMPLICIT),
        ([statement(Resource=f"{API}/live/*/merchants/m_rivertow?/payments")], ALLOW),
        ([without("Resource", NotResource=f"{API}/live/GET/*")], ALLOW),
        ([without("Resource", NotResource=f"{API}/live/*")], IMPLICIT),
        ([statement(Resource=f"{API}/live/*/merchants/${{aws:PrincipalTag/none}}/*")], IMPLICIT),
        ([statement(Resource=f"{API}/*/${{aws:PrincipalTag/none, 'm_rivertown'}}/*")], ALLOW),
        ([statement(Resource=f"{API}/*/merchants/${{aws:PrincipalTag/star}}/*")], IMPLICIT),
        ([statement(Resource=f"{API}/*/merchants/${{*}}/*")], IMPLICIT),
    ],
)  # fmt: skip
def test_identity_policies(statements: list[dict[str, Any]], expected: Decision) -> None:
    assert decide(*statements) is expected


def test_a_merchant_reaches_only_its_own_path() -> None:
    foreign = asked(f"{API}/live/POST/merchants/m_lakeside/payments")
    assert decide(statement(Resource=OWN), request=foreign) is IMPLICIT


def test_variables_need_the_newer_policy_version() -> None:
    policy = Policy({"Version": "2008-10-17", "Statement": [statement(Resource=OWN)]})
    assert evaluate(policy.statements, asked()) is IMPLICIT


def test_an_exception_without_value_excepts_nothing() -> None:
    unknown = "arn:aws:execute-api:*:*:${aws:PrincipalTag/none}/*"
    assert decide(without("Resource", NotResource=unknown)) is ALLOW
    denied = without("Resource", effect="Deny", NotResource=unknown)
    assert decide(statement(), denied) is EXPLICIT


# From "Condition operators" and "Multivalued context keys" in the IAM user guide.
@pytest.mark.parametrize(
    ("operator", "key", "wanted", "holds"),
    [
        ("StringEquals", "aws:PrincipalAccount", "444444444444", True),
        ("StringEquals", "aws:PrincipalAccount", ["1", "444444444444"], True),
        ("StringEquals", "AWS:principalaccount", "444444444444", True),
        ("StringEquals", "aws:PrincipalTag/star", "x*", False),
        ("StringEquals", "aws:PrincipalTag/star", "${*}", True),
        ("StringEquals", "aws:UserAgent", "x", False),
        ("StringEqualsIfExists", "aws:UserAgent", "x", True),
        ("StringEqualsIfExists", "aws:PrincipalAccount", "1", False),
        ("StringNotEquals", "aws:PrincipalAccount", ["1", "2"], True),
        ("StringNotEquals", "aws:PrincipalAccount", ["1", "444444444444"], False),
        ("StringNotEquals", "aws:UserAgent", "x", True),
        ("StringEqualsIgnoreCase", "aws:PrincipalTag/merchant_id", "M_RIVERTOWN", True),
        ("StringNotEqualsIgnoreCase", "aws:PrincipalTag/merchant_id", "M_RIVERTOWN", False),
        ("StringLike", "aws:PrincipalTag/merchant_id", "m_*", True),
        ("StringLike", "aws:PrincipalTag/merchant_id", "${aws:PrincipalTag/merchant_id}", True),
        ("StringLike", "aws:PrincipalTag/merchant_id", "${aws:PrincipalTag/star}", False),
        ("StringNotLike", "aws:PrincipalTag/merchant_id", "m_l*", True),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/merchant-*", True),
        ("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::444444444444:role/merchant-*", True),
        ("ArnLike", "aws:PrincipalArn", "arn:*", False),
        ("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::*:role/admin", True),
        ("IpAddress", "aws:SourceIp", "203.0.113.0/24", True),
        ("IpAddress", "aws:SourceIp", ["10.0.0.0/8", "203.0.113.9"], True),
        ("IpAddress", "aws:SourceIp", "2001:db8::/32", False),
        ("NotIpAddress", "aws:SourceIp", "203.0.113.0/24", False),
        ("Bool", "aws:SecureTransport", "true", True),
        ("Bool", "aws:SecureTransport", "false", False),
        ("BoolIfExists", "aws:MultiFactorAuthPresent", "true", True),
        ("NumericLessThan", "aws:MultiFactorAuthAge", "3600", True),
        ("NumericGreaterThanEquals", "aws:MultiFactorAuthAge", "121", False),
        ("NumericNotEquals", "aws:MultiFactorAuthAge", "120.0", False),
        ("DateGreaterThan", "aws:CurrentTime", "2026-01-01T00:00:00Z", True),
        ("DateLessThan", "aws:CurrentTime", "2026-01-01T00:00:00Z", False),
        ("DateLessThanEquals", "aws:CurrentTime", "1800000000", True),
        ("Null", "aws:UserAgent", "true", True),
        ("Null", "aws:PrincipalAccount", "true", False),
        ("Null", "aws:PrincipalAccount", "false", True),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["team", "stage", "cost"], True),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["team"], False),
        ("ForAllValues:StringEquals", "aws:Absent", ["team"], True),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ["team"], True),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ["cost"], False),
        ("ForAnyValue:StringNotEquals", "aws:Absent", ["team"], False),
        ("ForAnyValue:StringLike", "aws:TagKeys", ["st*"], True),
        ("ForAnyValue:StringEqualsIfExists", "aws:Absent", ["team"], False),
        ("StringNotEquals", "aws:PrincipalAccount", "${aws:PrincipalTag/none}", True),
    ],
)  # fmt: skip
def test_condition_operators(operator: str, key: str, wanted: str | list[str], holds: bool) -> None:
    condition = {operator: {key: wanted}}
    assert decide(statement(Condition=condition)) is (ALLOW if holds else IMPLICIT)


def test_several_values_need_a_quantifier() -> None:
    condition = {"StringEquals": {"aws:TagKeys": "team"}}
    with pytest.raises(PolicyError, match="needs ForAnyValue or ForAllValues"):
        decide(statement(Condition=condition))


def test_all_conditions_must_hold() -> None:
    account = {"aws:PrincipalAccount": "444444444444"}
    both = {"StringEquals": account, "Bool": {"aws:SecureTransport": "false"}}
    assert decide(statement(Condition=both)) is IMPLICIT
    two_keys = {"StringEquals": {**account, "aws:PrincipalTag/merchant_id": "m_lakeside"}}
    assert decide(statement(Condition=two_keys)) is IMPLICIT


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (statement(Condition={"StringSounds": {"aws:UserAgent": "x"}}), "StringSounds"),
        (statement(Condition={"ForSome:StringEquals": {"aws:UserAgent": "x"}}), "ForSome"),
        (statement(Condition={"NumericEquals": {"aws:EpochTime": "noon"}}), "noon"),
        (statement(Condition={"DateEquals": {"aws:CurrentTime": "soon"}}), "soon"),
        (statement(Condition={"Null": {"aws:UserAgent": "perhaps"}}), "perhaps"),
        (statement("Permit"), "Permit"),
        (statement(Principals="*"), "Principals"),
        (statement(NotAction="s3:*"), "both Action and NotAction"),
        (without("Action"), "needs Action or NotAction"),
        (without("Resource"), "needs Resource or NotResource"),
        (statement(Principal="*"), "can't have a Principal"),
    ],
)
def test_what_is_not_understood_is_an_error(broken: dict[str, Any], message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        decide(broken)


def resource_policy(*statements: dict[str, Any]) -> Any:
    return Policy(
        {"Version": "2012-10-17", "Statement": statements}, resource_based=True
    ).statements


ANYONE: dict[str, Any] = {"Principal": "*"}
ROOT: dict[str, Any] = {"Principal": {"AWS": "arn:aws:iam::444444444444:root"}}
ROLE: dict[str, Any] = {"Principal": {"AWS": MERCHANT.role_arn}}
SESSION: dict[str, Any] = {"Principal": {"AWS": [MERCHANT.arn]}}
OTHER: dict[str, Any] = {"Principal": {"AWS": "arn:aws:iam::444444444444:role/other"}}
EVERY_FORM = {"AWS": [MERCHANT.arn, MERCHANT.role_arn, "arn:aws:iam::444444444444:root"]}
VISITORS: dict[str, Any] = {"Principal": {"AWS": "999999999999"}}
IN, OUT = [statement()], [statement(Resource="arn:aws:execute-api:::none")]
NO = [statement("Deny")]


# Columns: identity, boundary, resource policy. From "Policy evaluation logic".
@pytest.mark.parametrize(
    ("principal", "identity", "boundary", "resource", "expected"),
    [
        (MERCHANT, IN, None, None, ALLOW),
        (MERCHANT, OUT, None, None, IMPLICIT),
        (MERCHANT, NO, None, [statement(**ANYONE)], EXPLICIT),
        (MERCHANT, OUT, None, [statement(**ANYONE)], ALLOW),
        (MERCHANT, OUT, None, [statement(**ROLE)], ALLOW),
        (MERCHANT, OUT, None, [statement(**SESSION)], ALLOW),
        (MERCHANT, OUT, None, [statement(**ROOT)], IMPLICIT),
        (MERCHANT, IN, None, [statement(**OTHER)], ALLOW),
        (MERCHANT, OUT, None, [statement(**OTHER)], IMPLICIT),
        (MERCHANT, IN, None, [statement("Deny", **ROLE)], EXPLICIT),
        (MERCHANT, IN, None, [statement("Deny", **ROOT)], EXPLICIT),
        (MERCHANT, IN, None, [statement("Deny", NotPrincipal=ROLE["Principal"])], EXPLICIT),
        (MERCHANT, IN, None, [statement("Deny", NotPrincipal=EVERY_FORM)], ALLOW),
        (MERCHANT, IN, None, [statement("Deny", NotPrincipal=OTHER["Principal"])], EXPLICIT),
        (MERCHANT, IN, IN, None, ALLOW),
        (MERCHANT, IN, OUT, None, IMPLICIT),
        (MERCHANT, IN, NO, None, EXPLICIT),
        (MERCHANT, OUT, IN, None, IMPLICIT),
        (STRANGER, IN, None, None, IMPLICIT),
        (STRANGER, IN, None, [statement(**VISITORS)], ALLOW),
        (STRANGER, OUT, None, [statement(**VISITORS)], IMPLICIT),
        (STRANGER, IN, None, [statement(**ROLE)], IMPLICIT),
        (STRANGER, IN, None, [statement(**ANYONE)], ALLOW),
    ],
)  # fmt: skip
def test_identity_boundary_and_resource_policies_combine(
    principal: Principal,
    identity: list[dict[str, Any]],
    boundary: list[dict[str, Any]] | None,
    resource: list[dict[str, Any]] | None,
    expected: Decision,
) -> None:
    policies = Policies(
        identity=Policy({"Statement": identity}).statements,
        boundary=None if boundary is None else Policy({"Statement": boundary}).statements,
        resource=None if resource is None else resource_policy(*resource),
    )
    verdict = authorize(asked(principal=principal), policies, resource_account="444444444444")
    assert verdict.decision is expected


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (statement(), "needs a Principal"),
        (statement(Principal={"AWS": "arn:aws:iam::4444:role/*"}), "wildcards"),
        (statement(Principal={"Robot": "x"}), "isn't understood"),
        (statement(Principal="everyone"), "isn't understood"),
    ],
)
def test_broken_resource_policies_are_errors(broken: dict[str, Any], message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        resource_policy(broken)
