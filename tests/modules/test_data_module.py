"""modules/data: tables of one data class under a key of their own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing import pci, rejects

if TYPE_CHECKING:
    from harness.testing import AppliedRoot, PlannedRoot, Planner
    from harness.testing.examples import ExamplePlanner

MODULE = "modules/data"
TABLE = 'module.data.aws_dynamodb_table.table["transactions"]'
KEY = "module.data.aws_kms_key.data_class"

GOOD = {
    "name": "payments-dev",
    "data_class": "payments",
    "tables": {"ledger": {"hash_key": "pk", "attributes": {"pk": "S"}}},
}


def table(**changes: Any) -> dict[str, Any]:
    return {"ledger": {"hash_key": "pk", "attributes": {"pk": "S"}, **changes}}


INDEX = {"hash_key": "pk", "projection": "INCLUDE"}
REFUSED: dict[str, tuple[str, Any, str]] = {
    "capital_name": ("name", "Payments", "lower-case letters"),
    "spaced_class": ("data_class", "card data", "lower-case letters"),
    "key_gone_tomorrow": ("key_deletion_window_days", 1, "7 to 30 days"),
    "no_recovery": ("recovery_period_days", 0, "1 to 35 days"),
    "no_tables": ("tables", {}, "at least one table"),
    "unused_attribute": (
        "tables",
        table(attributes={"pk": "S", "amount": "N"}),
        "exactly the hash and",
    ),
    "missing_attribute": ("tables", table(range_key="sk"), "exactly the hash and range keys"),
    "wrong_type": ("tables", table(attributes={"pk": "STRING"}), '"S" (string), "N" (number)'),
    "empty_projection": (
        "tables",
        table(indexes={"by_pk": INDEX}),
        '"ALL", "KEYS_ONLY" or "INCLUDE"',
    ),
    "wrong_stream": ("tables", table(stream_view="EVERYTHING"), "NEW_AND_OLD_IMAGES"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_invalid_input_is_refused(plan: Planner, case: str) -> None:
    variable, value, words = REFUSED[case]
    with rejects(variable=variable, match=re.escape(words)):
        plan(MODULE, {**GOOD, variable: value})


@pytest.fixture
def planned(plan_example: ExamplePlanner) -> PlannedRoot:
    return plan_example("modules/data/README.md")


def test_example_makes_the_table_and_its_key(planned: PlannedRoot) -> None:
    assert set(planned.resources) == {TABLE, KEY, "module.data.aws_kms_alias.data_class"}
    planned.one(TABLE).expect(
        name="payments-dev-transactions",
        ttl=[{"attribute_name": "expires_at", "enabled": True}],
        global_secondary_index=[{"name": "unresolved", "projection_type": "ALL"}],
    )


@pci("12.10.1")
def test_tables_can_be_restored_and_are_protected(planned: PlannedRoot) -> None:
    planned.one(TABLE).expect(
        point_in_time_recovery=[{"enabled": True, "recovery_period_in_days": 35}],
        deletion_protection_enabled=True,
    )


@pci("3.7.4")
def test_key_rotates(planned: PlannedRoot) -> None:
    planned.one(KEY).expect(enable_key_rotation=True, deletion_window_in_days=30)


@pci("3.6.1")
def test_key_is_used_only_through_dynamodb(planned: PlannedRoot) -> None:
    administer, use = planned.one(KEY).json("policy")["Statement"]
    assert not {"kms:*", "kms:Decrypt", "kms:CreateGrant"} & set(administer["Action"])
    via = {"StringEquals": {"kms:ViaService": "dynamodb.eu-west-1.amazonaws.com"}}
    assert "kms:Decrypt" in use["Action"]
    assert use["Condition"] == via


@pci("3.5.1")
def test_tables_are_encrypted_under_the_key_of_their_class(applied_data: AppliedRoot) -> None:
    resources = applied_data.resources
    described = applied_data.client("dynamodb").describe_table(TableName=resources[TABLE]["name"])
    assert described["Table"]["SSEDescription"]["KMSMasterKeyArn"] == resources[KEY]["arn"]


@pci("12.10.1")
def test_protected_table_refuses_to_be_deleted(applied_data: AppliedRoot) -> None:
    dynamodb = applied_data.client("dynamodb")
    with pytest.raises(dynamodb.exceptions.ClientError, match="DeletionProtection"):
        dynamodb.delete_table(TableName="payments-dev-transactions")
