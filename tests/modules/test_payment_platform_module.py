"""modules/payment-platform: the modules composed, with merchants as data."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing import pci, rejects
from transaction_gateway.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from harness.testing import AppliedRoot, PlannedRoot, Planner
    from harness.testing.examples import ExamplePlanner

MODULE = "modules/payment-platform"
PLATFORM = "module.platform"
API = f"{PLATFORM}.module.payments_api"
GATEWAY = "module.platform.module.transaction_gateway"
SWEEPER = "module.platform.module.sweeper"
ROLE = 'module.platform.aws_iam_role.merchant["m_bakery"]'

MERCHANT = {
    "rate_per_second": 10,
    "burst": 10,
    "trusted_principal_arns": ["arn:aws:iam::333333333333:root"],
}
GOOD = {
    "environment": "production",
    "acquirer_url": "https://acquirer.example.com",
    "capacity": {"transactions_per_second": 50, "burst": 50},
    "merchants": {"m_bakery": MERCHANT},
}


def trusting(*arns: str) -> dict[str, Any]:
    return {"m_bakery": {**MERCHANT, "trusted_principal_arns": list(arns)}}


REFUSED: dict[str, tuple[str, Any, str]] = {
    "other_environment": ("environment", "staging", '"dev", "qa", "integration"'),
    "not_packaged": ("release_directory", "nowhere", "`make package`"),
    "no_scheme": ("acquirer_url", "acquirer.example.com", "with its scheme"),
    "plain_http": ("acquirer_url", "http://acquirer.example.com", "by https:// only"),
    "patient": ("acquirer_timeout_ms", 60000, "50 to 10000 ms"),
    "no_capacity": (
        "capacity",
        {"transactions_per_second": 0, "burst": 50},
        "Every part of the capacity is over 0",
    ),
    "odd_merchant": ("merchants", {"bakery": MERCHANT}, 'A merchant id is "m_"'),
    "trusts_nobody": ("merchants", trusting(), "at least one trusted principal"),
    "trusts_everybody": ("merchants", trusting("*"), 'Users and "*" are refused'),
    "chatty": ("logs", {"level": "TRACE"}, "DEBUG, INFO, WARN or ERROR"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_invalid_input_is_refused(plan: Planner, release: Path, case: str) -> None:
    variable, value, words = REFUSED[case]
    with rejects(variable=variable, match=re.escape(words)):
        plan(MODULE, {**GOOD, "release_directory": release, variable: value})


@pytest.fixture
def planned(plan_example: ExamplePlanner) -> PlannedRoot:
    return plan_example("modules/payment-platform/README.md")


def test_example_drives_everything_by_one_capacity(planned: PlannedRoot) -> None:
    function = planned.one(f"{GATEWAY}.aws_lambda_function.service")
    function.expect(reserved_concurrent_executions=50)
    planned.one("aws_api_gateway_method_settings").expect(
        settings={"throttling_rate_limit": 50, "throttling_burst_limit": 50}
    )
    alarm = planned.one("aws_cloudwatch_metric_alarm.near_capacity")
    alarm.expect(threshold=pytest.approx(0.8 * 60 * 50))


def test_functions_know_table_and_acquirer(planned: PlannedRoot) -> None:
    for function in (GATEWAY, SWEEPER):
        (environment,) = planned.one(f"{function}.aws_lambda_function.service")["environment"]
        assert environment["variables"] == {
            "ACQUIRER_TIMEOUT_MS": "2000",
            "ACQUIRER_URL": "https://acquirer.example.com",
            "LOG_LEVEL": "INFO",
            "PAYMENTS_TABLE": "payments-qa-transactions",
        }


def test_functions_accept_the_log_level_that_they_are_given(plan: Planner, release: Path) -> None:
    planned = plan(MODULE, GOOD, release_directory=release, logs={"level": "WARN"})
    for function in (GATEWAY, SWEEPER):
        address = f"{function.removeprefix('module.platform.')}.aws_lambda_function.service"
        (environment,) = planned.one(address)["environment"]
        assert Settings.from_environment(environment["variables"]).log_level == "WARN"


@pci("8.6.3")
def test_merchant_role_refuses_session_tags(planned: PlannedRoot) -> None:
    (trust,) = planned.one(ROLE).json("assume_role_policy")["Statement"]
    assert trust["Action"] == "sts:AssumeRole"
    assert trust["Principal"] == {"AWS": ["arn:aws:iam::333333333333:role/bakery-checkout"]}


@pci("7.2.5")
def test_merchant_role_reaches_its_own_paths_only(applied_payment_platform: AppliedRoot) -> None:
    role = applied_payment_platform.resources[ROLE]
    iam = applied_payment_platform.client("iam")
    assert role["tags"]["merchant_id"] == "m_bakery"
    assert role["max_session_duration"] == 3600
    inline = iam.list_role_policies(RoleName=role["name"])["PolicyNames"]
    assert inline == ["call-payments-apis"]
    assert iam.list_attached_role_policies(RoleName=role["name"])["AttachedPolicies"] == []


def test_profile_binds_the_merchant_to_its_key(applied_payment_platform: AppliedRoot) -> None:
    profile = applied_payment_platform.client("dynamodb").get_item(
        TableName="payments-qa-transactions",
        Key={"pk": {"S": "MERCHANT#m_bakery"}, "sk": {"S": "PROFILE"}},
    )["Item"]
    key = f'{API}.aws_api_gateway_api_key.client["m_bakery"]'
    assert profile["merchant_id"]["S"] == "m_bakery"
    assert profile["api_key_id"]["S"] == applied_payment_platform.resources[key]["id"]


@pci("7.2.5")
def test_functions_cannot_rewrite_a_profile(applied_payment_platform: AppliedRoot) -> None:
    role_policy = f"{GATEWAY}.aws_iam_role_policy.function"
    policy = json.loads(applied_payment_platform.resources[role_policy]["policy"])
    statements = {item["Sid"]: item for item in policy["Statement"]}
    condition = {"ForAllValues:StringNotEquals": {"dynamodb:Attributes": ["api_key_id"]}}
    assert statements["WritePayments"]["Condition"] == condition
    actions = [action for item in statements.values() for action in _listed(item["Action"])]
    assert not {"dynamodb:DeleteItem", "dynamodb:Scan"} & set(actions)


@pci("7.2.5")
def test_sweeper_can_only_find_and_finish_payments(applied_payment_platform: AppliedRoot) -> None:
    role_policy = f"{SWEEPER}.aws_iam_role_policy.function"
    policy = json.loads(applied_payment_platform.resources[role_policy]["policy"])
    table = "arn:aws:dynamodb:eu-west-1:555555555555:table/payments-qa-transactions"
    allowed = {
        (action, resource)
        for item in policy["Statement"]
        for action in _listed(item["Action"])
        for resource in _listed(item["Resource"])
        if action.startswith("dynamodb:")
    }
    assert allowed == {
        ("dynamodb:Query", f"{table}/index/unresolved"),
        ("dynamodb:UpdateItem", table),
    }


@pci("7.2.5", "3.6.1")
def test_only_the_tokenizer_may_use_the_card_keys_and_nobody_decrypts(
    applied_payment_platform: AppliedRoot,
) -> None:
    resources = applied_payment_platform.resources
    for name, action in {"card": "kms:Encrypt", "card_equality": "kms:GenerateMac"}.items():
        key = resources[f"{PLATFORM}.aws_kms_key.{name}"]
        statements = json.loads(key["policy"])["Statement"]
        uses = [item for item in statements if item["Sid"] != "AdministerKey"]
        role = "arn:aws:iam::555555555555:role/payments-qa-tokenizer"
        assert [item["Action"] for item in uses] == [action]
        assert [item["Condition"] for item in uses] == [{"ArnEquals": {"aws:PrincipalArn": role}}]
        assert not any(
            re.match(r"kms:(Decrypt|Encrypt|Generate|ReEncrypt|CreateGrant|\*)", each)
            for item in statements
            if item["Sid"] == "AdministerKey"
            for each in item["Action"]
        )
        users = {
            address
            for address, policy in _role_policies(applied_payment_platform).items()
            if key["arn"] in json.dumps(policy)
        }
        assert users == {f"{PLATFORM}.module.tokenizer.aws_iam_role_policy.function"}


@pci("7.2.5")
def test_only_the_tokenizer_reaches_the_vault(applied_payment_platform: AppliedRoot) -> None:
    users = {
        address
        for address, policy in _role_policies(applied_payment_platform).items()
        if "table/payments-qa-vault" in json.dumps(policy)
    }
    assert users == {f"{PLATFORM}.module.tokenizer.aws_iam_role_policy.function"}


def _role_policies(applied: AppliedRoot) -> dict[str, dict[str, Any]]:
    return {
        address: json.loads(item["policy"])
        for address, item in applied.resources.items()
        if ".aws_iam_role_policy." in address
    }


def _listed(actions: str | list[str]) -> list[str]:
    return [actions] if isinstance(actions, str) else actions


def test_changes_touch_only_what_they_must(applied_payment_platform: AppliedRoot) -> None:
    """A canary moves the alias alone; a new definition is deployed before the old one goes."""
    change = """
      module "platform" {
        canary                       = { stable_version = "1", weight = 0.1 }
        disable_execute_api_endpoint = true
      }
    """
    override = applied_payment_platform.root.directory / "change_override.tf"
    override.write_text(change)
    try:
        plan = applied_payment_platform.plan()
    finally:
        override.unlink()
    changes = {change.address: change.actions for change in plan.changes}
    assert changes == {
        f"{API}.aws_api_gateway_deployment.api": ("create", "delete"),
        f"{API}.aws_api_gateway_rest_api.api": ("update",),
        f"{API}.aws_api_gateway_stage.stage": ("update",),
        f"{GATEWAY}.aws_lambda_alias.live": ("update",),
    }
