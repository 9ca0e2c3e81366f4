"""How mutants are made: what each path changes, and what it leaves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pci_dss.self_test.changes import changed, holds

POLICY = json.dumps({"Statement": [{"Effect": "Allow", "Action": "a"}, {"Effect": "Deny"}]})
CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "an attribute": ({"days": 1}, {"days": 7}, {"days": 7}),
    "a block's attribute": (
        {"rule": [{"days": 1, "id": "a"}]},
        {"rule.0.days": 7},
        {"rule": [{"days": 7, "id": "a"}]},
    ),
    "a block that isn't there": ({}, {"rule.0.days": 7}, {"rule": [{"days": 7}]}),
    "every block": (
        {"rule": [{"days": 1}, {"days": 2}]},
        {"rule.*.days": 7},
        {"rule": [{"days": 7}, {"days": 7}]},
    ),
    "every block of none": ({"rule": []}, {"rule.*.days": 7}, {"rule": []}),
    "every part of what isn't told": ({"name": "a"}, {"body.paths.*.get": {}}, {"name": "a"}),
    "one more": ({"names": ["a"]}, {"names+": "b"}, {"names": ["a", "b"]}),
    "one less": ({"names": ["a", "b"]}, {"names.0-": True}, {"names": ["b"]}),
    "nothing": ({"key": "a", "name": "b"}, {"key-": True}, {"key": None, "name": "b"}),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_path_changes_what_it_leads_to_and_nothing_else(case: str) -> None:
    values, edits, wanted = CHANGES[case]
    before = json.dumps(values)
    assert changed(values, edits) == wanted
    assert json.dumps(values) == before


def test_a_path_leads_into_json_which_stays_text() -> None:
    result = changed({"policy": POLICY}, {"policy.Statement.*.Effect": "Allow"})
    assert json.loads(result["policy"]) == {
        "Statement": [{"Effect": "Allow", "Action": "a"}, {"Effect": "Allow"}]
    }


def test_a_document_that_isnt_told_is_made() -> None:
    result = changed({}, {"policy.Statement+": {"Effect": "Deny"}})
    assert json.loads(result["policy"]) == {"Statement": [{"Effect": "Deny"}]}


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"days": 7}, True),
        ({"days": 8}, False),
        ({"rule.0.id": "a"}, True),
        ({"rule": True}, True),
        ({"name": False}, True),
        ({"name": True}, False),
    ],
)
def test_resources_are_chosen_by_what_they_hold(wanted: dict[str, Any], told: bool) -> None:
    assert holds({"days": 7, "rule": [{"id": "a"}]}, wanted) is told
