"""modules/data: tables of one data class under a key of their own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

TABLE = 'module.data.aws_dynamodb_table.table["transactions"]'
KEY = "module.data.aws_kms_key.data_class"

GOOD = {
    "name": "payments-dev",
    "data_class": "payments",
    "tables": {"ledger": {"hash_key": "pk", "attributes": {"pk": "S"}}},
}


def table(**changes: Any) -> dict[str, Any]:
    return {"tables": {"ledger": {"hash_key": "pk", "attributes": {"pk": "S"}, **changes}}}


INDEX = {"hash_key": "pk", "projection": "INCLUDE"}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "capital_name": ({"name": "Payments"}, "lower-case letters"),
    "spaced_class": ({"data_class": "card data"}, "lower-case letters"),
    "key_gone_tomorrow": ({"key_deletion_window_days": 1}, "7 to 30 days"),
    "no_recovery": ({"recovery_period_days": 0}, "1 to 35 days"),
    "no_tables": ({"tables": {}}, "at least one table"),
    "unused_attribute": (table(attributes={"pk": "S", "amount": "N"}), "exactly the hash and"),
    "missing_attribute": (table(range_key="sk"), "exactly the hash and range keys"),
    "wrong_type": (table(attributes={"pk": "STRING"}), '"S" (string), "N" (number)'),
    "empty_projection": (table(indexes={"by_pk": INDEX}), '"ALL", "KEYS_ONLY" or "INCLUDE"'),
    "wrong_stream": (table(stream_view="EVERYTHING"), "NEW_AND_OLD_IMAGES"),
}


@pytest.fixture(scope="module")
def refusals(refuse: Callable[..., Any]) -> Any:
    return refuse("data", GOOD, {case: arguments for case, (arguments, _) in REFUSED.items()})


@pytest.mark.parametrize("case", REFUSED)
def test_invalid_input_is_refused(refusals: Any, case: str) -> None:
    _, words = REFUSED[case]
    assert any(words in message for message in refusals.of(case)), refusals.of(case)


def test_every_validation_is_triggered(refusals: Any) -> None:
    assert not refusals.untriggered_rules


def test_example_makes_the_table_and_its_key(examples: Any) -> None:
    resources = examples.planned("data")
    assert set(resources) == {TABLE, KEY, "module.data.aws_kms_alias.data_class"}
    values = resources[TABLE]
    assert values["name"] == "payments-dev-transactions"
    assert values["ttl"] == [{"attribute_name": "expires_at", "enabled": True}]
    (index,) = values["global_secondary_index"]
    assert (index["name"], index["projection_type"]) == ("unresolved", "ALL")


def test_tables_can_be_restored_and_are_protected(examples: Any) -> None:
    values = examples.planned("data")[TABLE]
    assert values["point_in_time_recovery"] == [{"enabled": True, "recovery_period_in_days": 35}]
    assert values["deletion_protection_enabled"] is True


def test_key_rotates(examples: Any) -> None:
    values = examples.planned("data")[KEY]
    assert values["enable_key_rotation"] is True
    assert values["deletion_window_in_days"] == 30


def test_key_is_used_only_through_dynamodb(examples: Any) -> None:
    policy = json.loads(examples.planned("data")[KEY]["policy"])
    administer, use = policy["Statement"]
    assert not {"kms:*", "kms:Decrypt", "kms:CreateGrant"} & set(administer["Action"])
    via = {"StringEquals": {"kms:ViaService": "dynamodb.eu-west-1.amazonaws.com"}}
    assert "kms:Decrypt" in use["Action"]
    assert use["Condition"] == via


def test_tables_are_encrypted_under_the_key_of_their_class(examples: Any) -> None:
    resources = examples.applied("data")
    described = examples.client("dynamodb").describe_table(TableName=resources[TABLE]["name"])
    assert described["Table"]["SSEDescription"]["KMSMasterKeyArn"] == resources[KEY]["arn"]


def test_protected_table_refuses_to_be_deleted(examples: Any) -> None:
    dynamodb = examples.client("dynamodb")
    with pytest.raises(dynamodb.exceptions.ClientError, match="DeletionProtection"):
        dynamodb.delete_table(TableName="payments-dev-transactions")
