"""Filter patterns let through what Lambda's would."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.runtime.events.patterns import Pattern
from harness.runtime.functions import DeploymentError

RECORD = {
    "eventName": "MODIFY",
    "dynamodb": {"Keys": {"sk": {"S": "PAYMENT#1"}}, "NewImage": {"n": {"N": "5"}}},
    "body": {"amount": 11, "tags": ["new", "big"], "flag": True, "none": None},
}


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ({"eventName": ["INSERT", "MODIFY"]}, True),
        ({"eventName": ["INSERT"]}, False),
        ({"dynamodb": {"Keys": {"sk": {"S": [{"prefix": "PAYMENT#"}]}}}}, True),
        ({"dynamodb": {"Keys": {"sk": {"S": [{"suffix": "#2"}]}}}}, False),
        ({"dynamodb": {"OldImage": {"n": {"N": [{"exists": False}]}}}}, True),
        ({"dynamodb": {"NewImage": {"n": {"N": [{"exists": True}]}}}}, True),
        ({"dynamodb": {"OldImage": {"n": {"N": [{"exists": True}]}}}}, False),
        ({"eventName": [{"anything-but": ["INSERT"]}]}, True),
        ({"eventName": [{"anything-but": [{"prefix": "MOD"}]}]}, False),
        ({"absent": [{"anything-but": ["INSERT"]}]}, False),
        ({"eventName": [{"equals-ignore-case": "modify"}]}, True),
        ({"body": {"amount": [{"numeric": [">", 10, "<=", 11]}]}}, True),
        ({"body": {"amount": [{"numeric": ["<", 11]}]}}, False),
        ({"body": {"flag": [{"numeric": ["=", 1]}]}}, False),
        ({"body": {"tags": ["big"]}}, True),
        ({"body": {"tags": ["small"]}}, False),
        ({"body": {"flag": [True], "none": [None]}}, True),
        ({"body": {"flag": [1]}}, False),
        ({"eventName": ["MODIFY"], "body": {"amount": [12]}}, False),
        ({}, True),
    ],
)
def test_a_record_fits_its_pattern(pattern: dict[str, Any], fits: bool) -> None:
    assert Pattern(json.dumps(pattern), "the mapping").matches(RECORD) is fits


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{", "isn't JSON"),
        ('{"a": "b"}', "a filter with a"),
        ('{"$or": [{"a": [1]}]}', "a filter with"),
        ('{"a": [{"wildcard": "*"}]}', "a filter with wildcard"),
    ],
)
def test_what_isnt_understood_is_refused(text: str, what: str) -> None:
    with pytest.raises(DeploymentError, match=f"the mapping has .*{what}"):
        Pattern(text, "the mapping")
