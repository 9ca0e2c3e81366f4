"""Control policies are read from an organization, and bind whom they bind."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from harness.aws import EmbeddedAWS
from harness.iam import Decision, Permissions, Policy, PolicyType, Snapshot, read_organization

MANAGEMENT = "111111111111"
STOP = "cloudtrail:StopLogging"
EVERYTHING = Policy({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}).statements
ADMINISTRATOR = Permissions(EVERYTHING, None, {})


def _policy(organizations: Any, name: str, kind: str, target: str, *statements: Any) -> None:
    made = organizations.create_policy(
        Name=name,
        Description=name,
        Type=f"{kind}_CONTROL_POLICY",
        Content=json.dumps({"Version": "2012-10-17", "Statement": statements}),
    )
    policy_id = made["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=policy_id, TargetId=target)


@pytest.fixture(scope="module")
def accounts() -> dict[str, str]:
    return {"management": MANAGEMENT}


@pytest.fixture(scope="module")
def snapshot(territory: str, accounts: dict[str, str]) -> Snapshot:  # noqa: ARG001
    with EmbeddedAWS(management_account=MANAGEMENT) as aws:
        organizations: Any = aws.client("organizations", MANAGEMENT)
        organizations.create_organization(FeatureSet="ALL")
        root = organizations.list_roots()["Roots"][0]["Id"]
        for kind in ("SERVICE", "RESOURCE"):
            organizations.enable_policy_type(RootId=root, PolicyType=f"{kind}_CONTROL_POLICY")
        units: dict[str, str] = {}
        for name, parent in (("Workloads", root), ("Production", "Workloads")):
            made = organizations.create_organizational_unit(
                ParentId=units.get(parent, parent), Name=name
            )
            units[name] = made["OrganizationalUnit"]["Id"]
        for name in ("shop", "plain"):
            made = organizations.create_account(Email=f"{name}@example.com", AccountName=name)
            accounts[name] = made["CreateAccountStatus"]["AccountId"]
        organizations.move_account(
            AccountId=accounts["shop"],
            SourceParentId=root,
            DestinationParentId=units["Production"],
        )
        deny = {"Effect": "Deny", "Resource": "*"}
        _policy(
            organizations,
            "guard",
            "SERVICE",
            units["Workloads"],
            {**deny, "Sid": "Trail", "Action": STOP},
            {**deny, "Sid": "Keys", "Action": "kms:ScheduleKeyDeletion"},
        )
        outside = {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}}
        _policy(
            organizations,
            "perimeter",
            "RESOURCE",
            root,
            {
                **deny,
                "Sid": "Outsiders",
                "Action": "s3:*",
                "Principal": "*",
                "Condition": {**outside, "Bool": {"aws:PrincipalIsAWSService": "false"}},
            },
        )
        found = read_organization(organizations)
    roles = {
        f"arn:aws:iam::{account}:role/admin": ADMINISTRATOR
        for account in (*accounts.values(), "999999999999")
    }
    shop = accounts["shop"]
    linked = f"arn:aws:iam::{shop}:role/aws-service-role/trail.amazonaws.com/AWSServiceRole"
    public = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
    bucket = Policy({"Statement": public}, resource_based=True).statements
    return Snapshot(found, {**roles, linked: ADMINISTRATOR}, {"arn:aws:s3:::logs": bucket})


def admin(account: str) -> str:
    return f"arn:aws:iam::{account}:role/admin"


def test_the_tree_is_read_with_its_levels(snapshot: Snapshot, accounts: dict[str, str]) -> None:
    shop = snapshot.organization.members[accounts["shop"]]
    places = ["root", "unit Workloads", "unit Production", f"account {accounts['shop']}"]
    assert [level.place for level in shop.service_control] == places
    assert [level.place for level in shop.resource_control] == places
    assert shop.path.count("/ou-") == 2
    assert snapshot.control_statements() == [
        ("guard", "Keys"),
        ("guard", "Trail"),
        ("perimeter", "Outsiders"),
    ]


def test_a_policy_binds_the_accounts_below(snapshot: Snapshot, accounts: dict[str, str]) -> None:
    shop, plain = accounts["shop"], accounts["plain"]
    denied = snapshot.decide(admin(shop), STOP, "*", shop)
    assert str(denied) == "denied by SCP guard of unit Workloads, statement Trail"
    assert snapshot.decide(admin(plain), STOP, "*", plain).allowed
    without = snapshot.without("guard", "Trail")
    assert without.decide(admin(shop), STOP, "*", shop).allowed
    assert not without.decide(admin(shop), "kms:ScheduleKeyDeletion", "*", shop).allowed


def test_nothing_binds_the_management_account_nor_service_linked_roles(
    snapshot: Snapshot, accounts: dict[str, str]
) -> None:
    shop = accounts["shop"]
    assert snapshot.decide(admin(MANAGEMENT), STOP, "*", MANAGEMENT).allowed
    linked = f"arn:aws:iam::{shop}:role/aws-service-role/trail.amazonaws.com/AWSServiceRole"
    assert snapshot.decide(linked, STOP, "*", shop).allowed


def test_resource_control_binds_the_resources_account(
    snapshot: Snapshot, accounts: dict[str, str]
) -> None:
    shop = accounts["shop"]
    log = "arn:aws:s3:::logs/line"
    assert snapshot.decide(admin(accounts["plain"]), "s3:GetObject", log, shop).allowed
    outsider = snapshot.decide(admin("999999999999"), "s3:GetObject", log, shop)
    assert outsider.by is PolicyType.RESOURCE_CONTROL
    assert outsider.decision is Decision.EXPLICIT_DENY
    assert snapshot.decide(admin("999999999999"), "s3:GetObject", log, MANAGEMENT).allowed
    assert snapshot.decide("logging.s3.amazonaws.com", "s3:GetObject", log, shop).allowed


def test_an_account_of_no_organization_is_bound_by_none(
    snapshot: Snapshot, accounts: dict[str, str]
) -> None:
    alone = replace(snapshot, organization=replace(snapshot.organization, members={}))
    assert alone.decide(admin(accounts["shop"]), STOP, "*", accounts["shop"]).allowed
