"""How kinds of policies combine, against "Policy evaluation logic" in the IAM user guide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.iam import (
    AccessRequest,
    Decision,
    Level,
    Policies,
    Policy,
    PolicyType,
    Principal,
    Verdict,
    authorize,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.iam import Statement

ALLOW, EXPLICIT, IMPLICIT = Decision.ALLOW, Decision.EXPLICIT_DENY, Decision.IMPLICIT_DENY
ACCOUNT, ELSEWHERE = "444444444444", "999999999999"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/clerk"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/clerk/monday"
USER = f"arn:aws:iam::{ACCOUNT}:user/ann"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
CLERK = Principal(ACCOUNT, SESSION, ROLE)
ANN = Principal(ACCOUNT, USER)
SERVICE = Principal("", "delivery.logs.amazonaws.com", service="delivery.logs.amazonaws.com")
QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:jobs"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k"

YES: dict[str, Any] = {"Sid": "Yes", "Effect": "Allow", "Action": "*", "Resource": "*"}
NO: dict[str, Any] = {"Sid": "No", "Effect": "Deny", "Action": "*", "Resource": "*"}
OTHER: dict[str, Any] = {"Sid": "Other", "Effect": "Allow", "Action": "ec2:*", "Resource": "*"}


def identity(*statements: dict[str, Any], name: str = "policy") -> Sequence[Statement]:
    return Policy({"Statement": list(statements)}, name=name).statements


def resource(statement: dict[str, Any], **principal: Any) -> Sequence[Statement]:
    document = {"Statement": [statement | (principal or {"Principal": "*"})]}
    return Policy(document, resource_based=True, name="queue").statements


def decide(
    policies: Policies,
    *,
    principal: Principal = CLERK,
    action: str = "sqs:SendMessage",
    of: str = QUEUE,
    account: str = ACCOUNT,
) -> Verdict:
    request = AccessRequest(action, of, lambda _: None, principal)
    return authorize(request, policies, resource_account=account)


NAMING = {
    "everyone": "*",
    "the session": {"AWS": SESSION},
    "the role": {"AWS": ROLE},
    "the user": {"AWS": USER},
    "the account": {"AWS": ROOT},
    "another role": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"},
}


# "Resource-based policies", step 4: what a grant to each kind of principal is limited by.
@pytest.mark.parametrize(
    ("principal", "named", "alone", "bounded", "in_session"),
    [
        (CLERK, "everyone", ALLOW, ALLOW, ALLOW),
        (CLERK, "the session", ALLOW, ALLOW, ALLOW),
        (CLERK, "the role", ALLOW, IMPLICIT, IMPLICIT),
        (CLERK, "the account", IMPLICIT, IMPLICIT, IMPLICIT),
        (CLERK, "another role", IMPLICIT, IMPLICIT, IMPLICIT),
        (ANN, "the user", ALLOW, ALLOW, ALLOW),
        (ANN, "the account", IMPLICIT, IMPLICIT, IMPLICIT),
    ],
)
def test_a_resources_grant_and_what_limits_it(
    principal: Principal, named: str, alone: Decision, bounded: Decision, in_session: Decision
) -> None:
    granting = resource(YES, Principal=NAMING[named])
    other = identity(OTHER)
    plain = Policies(resource=granting)
    for policies, expected in (
        (plain, alone),
        (plain._replace(boundary=other), bounded),
        (plain._replace(session=other), in_session),
    ):
        assert decide(policies, principal=principal).decision is expected
    assert decide(plain._replace(boundary=identity(NO)), principal=principal).decision is EXPLICIT


@pytest.mark.parametrize(
    ("session", "boundary", "expected"),
    [
        (None, None, ALLOW),
        (YES, YES, ALLOW),
        (OTHER, YES, IMPLICIT),
        (YES, OTHER, IMPLICIT),
        (NO, YES, EXPLICIT),
        (YES, NO, EXPLICIT),
    ],
)
def test_boundary_and_session_limit_identity_policies(
    session: dict[str, Any] | None, boundary: dict[str, Any] | None, expected: Decision
) -> None:
    policies = Policies(
        identity=identity(YES),
        session=identity(session) if session else None,
        boundary=identity(boundary) if boundary else None,
    )
    assert decide(policies).decision is expected


def test_across_accounts_both_sides_must_allow() -> None:
    granting, allowing = resource(YES, Principal={"AWS": SESSION}), identity(YES)
    for policies, expected in (
        (Policies(identity=allowing, resource=granting), ALLOW),
        (Policies(identity=allowing), IMPLICIT),
        (Policies(resource=granting), IMPLICIT),
        (Policies(identity=allowing, resource=granting, boundary=identity(OTHER)), IMPLICIT),
        (Policies(identity=allowing, resource=granting, session=identity(OTHER)), IMPLICIT),
    ):
        assert decide(policies, account=ELSEWHERE).decision is expected


@pytest.mark.parametrize(("action", "of"), [("kms:Decrypt", KEY), ("sts:AssumeRole", ROLE)])
def test_a_key_and_a_role_decide_by_their_own_policy_first(action: str, of: str) -> None:
    for named, allowing, expected in (
        ("the account", identity(YES), ALLOW),
        ("the account", (), IMPLICIT),
        ("the role", (), ALLOW),
        ("another role", identity(YES), IMPLICIT),
    ):
        policies = Policies(allowing, resource=resource(YES, Principal=NAMING[named]))
        assert decide(policies, action=action, of=of).decision is expected
    assert decide(Policies(identity(YES)), action=action, of=of).decision is IMPLICIT


def test_an_alias_of_a_key_has_no_policy_of_its_own() -> None:
    alias = f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/logs"
    assert decide(Policies(identity(YES)), action="kms:DeleteAlias", of=alias).allowed


def test_a_service_is_allowed_by_the_resources_policy_alone() -> None:
    granting = resource(YES, Principal={"Service": SERVICE.service})
    assert decide(Policies(resource=granting), principal=SERVICE).allowed
    assert not decide(Policies(identity(YES)), principal=SERVICE).allowed


@pytest.mark.parametrize(
    ("levels", "expected", "explained"),
    [
        ([(YES,), (YES,), (YES,)], ALLOW, "allowed by identity policy policy, statement Yes"),
        ([(YES,), (YES, NO), (YES,)], EXPLICIT, "denied by SCP guard of unit, statement No"),
        ([(YES,), (OTHER,), (YES,)], IMPLICIT, "implicit: no SCP of unit allows it"),
        ([(YES,), (YES,), ()], IMPLICIT, "implicit: no SCP of account allows it"),
    ],
)
def test_every_level_of_the_organization_must_allow(
    levels: list[tuple[dict[str, Any], ...]], expected: Decision, explained: str
) -> None:
    places = ("root", "unit", "account")
    control = [
        Level(place, identity(*statements, name="guard"))
        for place, statements in zip(places, levels, strict=True)
    ]
    verdict = decide(Policies(identity(YES), service_control=control))
    assert (verdict.decision, str(verdict)) == (expected, explained)


def test_resource_control_policies_bind_a_direct_grant_too() -> None:
    granting = resource(YES, Principal={"AWS": SESSION})
    level = Level("unit Archive", resource(NO))
    verdict = decide(Policies(resource=granting, resource_control=[level]))
    assert (verdict.decision, verdict.by) == (EXPLICIT, PolicyType.RESOURCE_CONTROL)


# "NotPrincipal": with Deny, list the account, the role and the session.
@pytest.mark.parametrize(
    ("listed", "bounded", "expected"),
    [
        ([SESSION, ROLE, ROOT], False, ALLOW),
        ([SESSION, ROLE, ACCOUNT], False, ALLOW),
        ([ROLE, ROOT], False, EXPLICIT),
        ([SESSION, ROLE], False, EXPLICIT),
        ([], False, EXPLICIT),
        ([SESSION, ROLE, ROOT], True, EXPLICIT),
    ],
)
def test_a_denial_for_all_but_some(listed: list[str], bounded: bool, expected: Decision) -> None:
    principal = Principal(ACCOUNT, SESSION, ROLE, bounded=bounded)
    policies = Policies(identity(YES), resource=resource(NO, NotPrincipal={"AWS": listed}))
    assert decide(policies, principal=principal).decision is expected


def test_a_grant_to_all_but_some() -> None:
    all_but = {"AWS": [ROLE]}
    assert not decide(Policies(resource=resource(YES, NotPrincipal=all_but))).allowed
    granting = Policies(resource=resource(YES, NotPrincipal=all_but))
    assert decide(granting, principal=ANN).allowed


@pytest.mark.parametrize(
    ("policies", "explained"),
    [
        (Policies(), "implicit: no identity policy allows it"),
        (
            Policies(identity(YES), boundary=identity(OTHER)),
            "implicit: no permissions boundary allows it",
        ),
        (
            Policies(identity(YES, NO, name="deploy")),
            "denied by identity policy deploy, statement No",
        ),
        (
            Policies(resource=resource({**YES, "Sid": ""})),
            "allowed by resource policy queue, statement number 1",
        ),
    ],
)
def test_a_decision_names_the_policy_and_the_statement(policies: Policies, explained: str) -> None:
    assert str(decide(policies)) == explained
