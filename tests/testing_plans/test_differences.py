"""What counts as a difference, and how it reads."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from harness.testing import AFTER_APPLY, MISSING, SENSITIVE
from harness.testing.differences import compare

POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Sid": "Use"}]})


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        (1, 1),
        (1, 1.0),
        (pytest.approx(0.3), 0.1 + 0.2),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}, "d": 3}),
        ([{"a": 1}, 2], [{"a": 1, "b": 2}, 2]),
        ((1, 2), [1, 2]),
        ({"x", "y"}, ["y", "x"]),
        ({"mode": "Active"}, [{"mode": "Active", "other": 1}]),
        ({"Statement": [{"Effect": "Allow"}]}, POLICY),
        ([1, {"a": 2}], '[1, {"a": 2, "b": 3}]'),
        (POLICY, POLICY),
        (AFTER_APPLY, AFTER_APPLY),
        (SENSITIVE, SENSITIVE),
        ({"key": MISSING}, {"key": None}),
        ({"key": MISSING}, {"key": AFTER_APPLY}),
        ({"key": MISSING}, {}),
        (None, None),
    ],
)
def test_alike(expected: Any, found: Any) -> None:
    assert not [*compare(expected, found)]


@pytest.mark.parametrize(
    ("expected", "found", "path", "shown"),
    [
        (1, 2, "", "expected: 1\n found: 2"),
        (1, True, "", "expected: 1\n found: true"),
        (True, 1, "", "expected: true\n found: 1"),
        ("1", 1, "", 'expected: "1"\n found: 1'),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, "a.b", "expected: 1\n found: 2"),
        ({"lenght": 1}, {"length": 1}, "lenght", "found: nothing of that name; there is length"),
        ([1], [1, 2], "", "expected: 1 element: [1]\n found: 2 elements: [1, 2]"),
        ({"a": [0, {"b": 1}]}, {"a": [0, {"b": 2}]}, "a[1].b", "expected: 1\n found: 2"),
        ({"x", "y"}, ["y", "z"], "", 'found: without ["x"] and with ["z"] besides'),
        ({"mode": 1}, [{"mode": 1}, {"mode": 2}], "", 'found: [{"mode": 1}, {"mode": 2}]'),
        ({"Statement": [{"Sid": "See"}]}, POLICY, "Statement[0].Sid", 'found: "Use"'),
        ({"a": 1}, "{no json", "", 'found: "{no json"'),
        ({"arn": "x"}, {"arn": AFTER_APPLY}, "arn", "found: (known after apply)"),
        (AFTER_APPLY, "x", "", 'expected: (known after apply)\n found: "x"'),
        ({"key": MISSING}, {"key": 1}, "key", "expected: no value\n found: 1"),
        (None, "x", "", 'expected: null\n found: "x"'),
    ],
)
def test_unlike(expected: Any, found: Any, path: str, shown: str) -> None:
    (difference,) = compare(expected, found)
    assert difference.path == path
    assert shown in re.sub(" +", " ", str(difference))


def test_every_difference_is_told() -> None:
    found = {"a": 1, "b": [1, 2], "c": 3}
    assert [item.path for item in compare({"a": 2, "b": [3, 2], "c": 3}, found)] == ["a", "b[0]"]


def test_long_texts_are_shown_where_they_differ() -> None:
    (difference,) = compare("a" * 500 + "right", "a" * 500 + "wrong")
    assert "right" in difference.expected
    assert "wrong" in difference.found
    assert len(str(difference)) < 500


def test_a_sensitive_value_is_compared_and_not_shown() -> None:
    found, raw = {"password": SENSITIVE}, {"password": "hunter2"}
    assert not [*compare({"password": "hunter2"}, found, raw)]
    (difference,) = compare({"password": "hunter3"}, found, raw)
    assert "hunter" not in str(difference)
    assert "password" in str(difference)


def test_what_is_sensitive_inside_is_not_shown_either() -> None:
    found = {"login": {"user": "ada", "password": SENSITIVE}}
    raw = {"login": {"user": "ada", "password": "hunter2"}}
    (difference,) = compare({"login": "ada"}, found, raw)
    assert "hunter2" not in str(difference)
    (difference,) = compare({"login": {"user": "eve", "password": "hunter2"}}, found, raw)
    assert difference.path == "login.user"
