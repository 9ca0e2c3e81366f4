"""modules/organization: what it refuses, and what its inputs change."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing import AFTER_APPLY, rejects

if TYPE_CHECKING:
    from harness.testing import Planner

MODULE = "modules/organization"
TOPIC = "arn:aws:sns:eu-west-1:111111111111:payments-security"
USER = "arn:aws:iam::111111111111:user/break-glass-1"


def account(**changes: Any) -> dict[str, Any]:
    return {"dev": {"email": "aws+dev@payments.example", "unit": "NonProduction", **changes}}


def access(**changes: Any) -> dict[str, Any]:
    return {"alarm_topic_arn": TOPIC, "user_arns": [USER], **changes}


def added(**changes: Any) -> dict[str, Any]:
    document = json.dumps({"Version": "2012-10-17", "Statement": []})
    return {"ours": {"document": document, "units": ["Root"], **changes}}


GOOD: dict[str, Any] = {"name": "payments", "regions": ["eu-west-1"], "accounts": account()}
POLICIES = "additional_service_control_policies"
REFUSED: dict[str, tuple[str, Any, str]] = {
    "capital_name": ("name", "Payments", "lower-case letters"),
    "account_in_workloads": ("accounts", account(unit="Workloads"), "in Workloads itself"),
    "no_address": ("accounts", account(email="nobody"), "an e-mail address such as"),
    "one_address_for_two": (
        "accounts",
        {**account(), "qa": {"email": "AWS+dev@payments.example", "unit": "NonProduction"}},
        "an e-mail address of its own",
    ),
    "short_id": ("accounts", account(id="4444"), "12 digits"),
    "no_region": ("regions", [], "at least one region"),
    "zone": ("regions", ["eu-west-1a"], 'for example "eu-west-1"'),
    "any_deploy_role": ("deploy_role_name", "*", "without wildcards"),
    "no_principal": ("trusted_services", ["cloudtrail"], "by their principals"),
    "no_service": ("delegated_administrators", {"guardduty": "dev"}, "by their principals"),
    "unknown_administrator": (
        "delegated_administrators",
        {"guardduty.amazonaws.com": "security"},
        "from an account in `accounts`",
    ),
    "no_policy": (POLICIES, added(document="Deny everything"), "as a policy in JSON"),
    "unknown_unit": (POLICIES, added(units=["Sandbox"]), "Attach policies to Archive"),
    "own_name": (POLICIES, {"payments-x": added()["ours"]}, "the module's own policies"),
    "nobody": ("break_glass", access(user_arns=[]), "Name at least one user"),
    "a_role": (
        "break_glass",
        access(user_arns=["arn:aws:iam::111111111111:role/admin"]),
        "a role's session carries no MFA",
    ),
    "anybody": (
        "break_glass",
        access(user_arns=["arn:aws:iam::111111111111:user/*"]),
        "a wildcard or an account names nobody",
    ),
    "no_topic": ("break_glass", access(alarm_topic_arn="security"), "the ARN of the SNS topic"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_invalid_input_is_refused(plan: Planner, case: str) -> None:
    variable, value, words = REFUSED[case]
    with rejects(variable=variable, match=re.escape(words)):
        plan(MODULE, {**GOOD, variable: value})


def test_services_have_the_administrators_that_are_named(plan: Planner) -> None:
    services = ["cloudtrail.amazonaws.com", "config.amazonaws.com"]
    planned = plan(MODULE, GOOD, delegated_administrators=dict.fromkeys(services, "dev"))
    planned.one("aws_cloudtrail_organization_delegated_admin_account").expect(
        account_id=AFTER_APPLY
    )
    planned.one("aws_organizations_delegated_administrator").expect(service_principal=services[1])
    planned.expect_counts(exhaustive=False, aws_guardduty_organization_admin_account=0)


def test_accounts_are_not_closed_by_mistake(plan: Planner) -> None:
    plan(MODULE, GOOD).one("aws_organizations_account").expect(close_on_deletion=False)
    closing = plan(MODULE, GOOD, close_accounts_on_destroy=True)
    closing.one("aws_organizations_account").expect(close_on_deletion=True)


def test_nobody_breaks_glass_unless_somebody_is_named(plan: Planner) -> None:
    planned = plan(MODULE, GOOD)
    planned.expect_counts(
        exhaustive=False, aws_iam_role=0, aws_cloudwatch_event_rule=0, aws_organizations_policy=7
    )


def test_a_policy_that_grew_too_large_is_refused(plan: Planner) -> None:
    regions = [f"eu-west-{number}" for number in range(1, 400)]
    with rejects(match=r"payments-accounts has \d{4} characters, and AWS takes 5120"):
        plan(MODULE, {**GOOD, "regions": regions})


def test_white_space_of_added_policies_counts_for_nothing(plan: Planner) -> None:
    spaced = json.dumps({"Version": "2012-10-17", "Statement": []}, indent=2000)
    planned = plan(MODULE, {**GOOD, POLICIES: added(document=spaced)})
    policy = planned.one('aws_organizations_policy.guardrail["ours"]')
    assert len(policy["content"]) < 50


def test_a_sixth_policy_at_a_target_is_refused(plan: Planner) -> None:
    mine = {f"ours-{number}": added()["ours"] for number in (1, 2)}
    plan(MODULE, {**GOOD, POLICIES: mine})
    more = {**mine, "ours-3": added()["ours"]}
    with rejects(match="Too many: SERVICE_CONTROL_POLICY of Root"):
        plan(MODULE, {**GOOD, POLICIES: more})
