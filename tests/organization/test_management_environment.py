"""environments/management applied: accounts in their units, what binds them, the way past it."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

import pytest

from harness.deploy_permissions import permissions_lacked, permissions_used
from harness.testing import applied_fixture, pci, rejects
from organization.conftest import ACCOUNTS, ENVIRONMENTS, IN_MANAGEMENT

if TYPE_CHECKING:
    from pathlib import Path

    from harness.aws import EmbeddedAWS
    from harness.testing import AppliedRoot, Applies, Planner

management = applied_fixture("environments/management", options=IN_MANAGEMENT)

UNIT_OF = {
    "log-archive": "Archive",
    "tooling": "Infrastructure",
    "dev": "NonProduction",
    "qa": "NonProduction",
    "integration": "NonProduction",
    "production": "Production",
}
SERVICE_CONTROL = {
    "Root": {"payments-accounts", "payments-log-settings"},
    "Archive": {"payments-log-archive", "payments-log-deletion"},
    "Infrastructure": {"payments-log-deletion"},
    "Workloads": {"payments-function-code"},
    "NonProduction": {"payments-log-deletion-nonproduction"},
    "Production": {"payments-log-deletion"},
}


@pytest.fixture
def organizations(management: AppliedRoot) -> Any:
    return management.client("organizations")


@pytest.fixture
def target_ids(management: AppliedRoot, organizations: Any) -> dict[str, str]:
    root = organizations.list_roots()["Roots"][0]["Id"]
    return {"Root": root, **management.outputs["unit_ids"]}


def test_second_plan_is_empty(management: AppliedRoot) -> None:
    management.assert_idempotent()


def test_every_account_is_made_with_its_id_and_lies_in_its_unit(
    management: AppliedRoot, organizations: Any, target_ids: dict[str, str]
) -> None:
    made = {name: ACCOUNTS[name] for name in UNIT_OF}
    assert management.outputs["account_ids"] == made
    assert {*made, "management"} == set(ACCOUNTS)
    for name, unit in UNIT_OF.items():
        found = organizations.list_accounts_for_parent(ParentId=target_ids[unit])["Accounts"]
        assert ACCOUNTS[name] in {account["Id"] for account in found}, name


def test_workload_units_lie_in_workloads(organizations: Any, target_ids: dict[str, str]) -> None:
    for unit in ("NonProduction", "Production"):
        (parent,) = organizations.list_parents(ChildId=target_ids[unit])["Parents"]
        assert parent["Id"] == target_ids["Workloads"]


@pci("10.3.2")
@pytest.mark.parametrize("unit", SERVICE_CONTROL)
def test_guardrails_are_attached(unit: str, organizations: Any, target_ids: dict[str, str]) -> None:
    assert _attached(organizations, target_ids[unit], "SERVICE_CONTROL_POLICY") == {
        "FullAWSAccess",
        *SERVICE_CONTROL[unit],
    }


@pci("7.2.5")
def test_perimeter_is_around_the_archive_alone(
    organizations: Any, target_ids: dict[str, str]
) -> None:
    surrounded = {
        unit
        for unit, target in target_ids.items()
        if "payments-log-perimeter" in _attached(organizations, target, "RESOURCE_CONTROL_POLICY")
    }
    assert surrounded == {"Archive"}


def test_output_tells_the_policies_as_they_are_attached(
    management: AppliedRoot, organizations: Any, target_ids: dict[str, str]
) -> None:
    organization_id = organizations.describe_organization()["Organization"]["Id"]
    assert management.outputs["organization_id"] == organization_id
    for name, told in management.outputs["policies"].items():
        found = organizations.describe_policy(PolicyId=told["id"])["Policy"]
        targets = organizations.list_targets_for_policy(PolicyId=told["id"])["Targets"]
        assert found["Content"] == told["document"]
        assert found["PolicySummary"]["Name"] == name
        assert found["PolicySummary"]["Type"] == told["type"]
        assert {target["TargetId"] for target in targets} == set(told["targets"].values())
        assert told["targets"].items() <= target_ids.items()


@pytest.mark.parametrize("account", UNIT_OF)
@pytest.mark.usefixtures("management")
def test_member_accounts_see_their_organization(account: str, aws: EmbeddedAWS) -> None:
    seen = aws.client("organizations", ACCOUNTS[account]).describe_organization()
    assert seen["Organization"]["MasterAccountId"] == ACCOUNTS["management"]


@pci("8.4.1")
def test_break_glass_is_in_the_management_account_alone(
    management: AppliedRoot, aws: EmbeddedAWS
) -> None:
    holders = {
        name
        for name, account in ACCOUNTS.items()
        for role in aws.client("iam", account).list_roles()["Roles"]
        if role["RoleName"] == "payments-break-glass"
    }
    assert holders == {"management"}
    role = management.client("iam").get_role(RoleName="payments-break-glass")["Role"]
    assert role["Arn"] == management.outputs["break_glass_role_arn"]
    assert role["MaxSessionDuration"] == 3600


@pci("10.2.1.2")
def test_alarm_may_reach_its_topic(management: AppliedRoot) -> None:
    events, sns = management.client("events"), management.client("sns")
    (target,) = events.list_targets_by_rule(Rule="payments-break-glass-use")["Targets"]
    rule = events.describe_rule(Name="payments-break-glass-use")
    topic = sns.get_topic_attributes(TopicArn=target["Arn"])["Attributes"]
    (statement,) = json.loads(topic["Policy"])["Statement"]
    assert "events.amazonaws.com" in statement["Principal"]["Service"]
    assert statement["Action"] == "sns:Publish"
    sources = statement["Condition"]["ArnLike"]["aws:SourceArn"]
    assert any(fnmatch(rule["Arn"], source) for source in sources)
    listening = sns.list_subscriptions_by_topic(TopicArn=target["Arn"])["Subscriptions"]
    assert [each["Protocol"] for each in listening] == ["email"]


@pci("7.2.5")
@pytest.mark.usefixtures("management")
def test_deploy_role_that_bootstrap_makes_may_apply_it(applied: Applies, aws: EmbeddedAWS) -> None:
    applied("environments/bootstrap", environment="management", options=IN_MANAGEMENT)
    role = (ACCOUNTS["management"], "payments-deploy")
    assert "organizations:AttachPolicy" in permissions_used(aws, *role)
    assert permissions_lacked(aws, *role) == set()


PAGES = (
    ENVIRONMENTS / "management/README.md",
    ENVIRONMENTS.parent / "modules/organization/README.md",
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_import_blocks_of_the_pages_name_what_is_made(page: Path, management: AppliedRoot) -> None:
    imported = re.findall(r"^  to = (\S+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(imported) == 3
    assert set(imported) <= set(management.resources)


@pci("12.10.1")
def test_an_alarm_that_nobody_hears_is_refused(plan: Planner) -> None:
    with rejects(variable="security_emails", match="an alarm that nobody hears is none"):
        plan("environments/management", security_emails=[], options=IN_MANAGEMENT)


def test_root_pins_the_provider_as_dev_does() -> None:
    locks = [
        (ENVIRONMENTS / root / ".terraform.lock.hcl").read_text() for root in ("dev", "management")
    ]
    assert locks[0] == locks[1]


def _attached(organizations: Any, target: str, kind: str) -> set[str]:
    found = organizations.list_policies_for_target(TargetId=target, Filter=kind)["Policies"]
    return {policy["Name"] for policy in found}
