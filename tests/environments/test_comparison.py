"""Two environments' resources are compared as things, not as the ids that AWS gave them."""

from __future__ import annotations

from typing import Any

import pytest

from promotion.comparison import differing
from promotion.planned import UNKNOWN, PlannedEnvironment, read

LATER = object()
"""What is known after the apply only."""
ACCOUNTS = {"qa": "555555555555", "integration": "666666666666"}


def planned(
    name: str, *resources: tuple[str, dict[str, Any], dict[str, Any]]
) -> PlannedEnvironment:
    """An environment of resources: address, what is asked for, and what AWS answers."""
    tags = {"environment": name}
    items, blocks, changes = [], [], []
    for address, asked, answered in resources:
        kind, label = address.split(".")
        known = {key: value for key, value in {**asked, **answered}.items() if value is not LATER}
        values = {**known, "tags_all": tags}
        items.append(
            {"address": address, "mode": "managed", "type": kind, "name": label, "values": values}
        )
        blocks.append({"address": address, "expressions": {key: {} for key in asked}})
        unknown = {key: True for key, value in {**asked, **answered}.items() if value is LATER}
        changes.append({"address": address, "change": {"after_unknown": unknown}})
    document = {
        "planned_values": {"root_module": {"resources": items}},
        "configuration": {"root_module": {"resources": blocks}},
        "resource_changes": changes,
    }
    return read(document, ACCOUNTS)


def compared(one: Any, other: Any, *, made: tuple[Any, Any] = (LATER, LATER)) -> list[Any]:
    """Compare one attribute of two environments, beside a resource to which AWS gave ids."""
    left, right = (
        planned(name, ("aws_a.a", {"x": value}, {}), ("aws_b.b", {}, {"id": given}))
        for name, value, given in zip(ACCOUNTS, (one, other), made, strict=True)
    )
    return [found[1:] for found in differing(left, right)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("payments-qa-logs", "payments-integration-logs"),
        ("qa", "integration"),
        ("api.qa.payments.example", "api.integration.payments.example"),
        ("payments-qa couldn't", "payments-integration couldn't"),
        ("arn:aws:iam::555555555555:role/x", "arn:aws:iam::666666666666:role/x"),
        ('{"a": ["payments-qa"], "b": 1}', '{"b": 1, "a": ["payments-integration"]}'),
        (["b", "a"], ["a", "b"]),
        ([{"from": 1}, {"from": 2}], [{"from": 2}, {"from": 1}]),
        (None, ""),
        (None, []),
        (0, None),
        ([{"enabled": False, "bucket": ""}], []),
        ([{"protocol": "6", "port": 1}], [{"protocol": "tcp", "port": 1}]),
        ("$context.integration.status", "$context.integration.status"),
        ("integration.request.path.x", "integration.request.path.x"),
        ("integration_timeout", "integration_timeout"),
        ("as an integration of it", "as an integration of it"),
        ({"a": {"b": ["vpc of qa", 2.0]}}, {"a": {"b": ["vpc of qa", 2]}}),
    ],
)
def test_what_is_the_same_thing(one: Any, other: Any) -> None:
    assert compared(one, other) == []


@pytest.mark.parametrize(
    ("one", "other", "path", "left", "right"),
    [
        ("of-qa", "of-qa", (), "of-<environment>", "of-qa"),
        ("555555555555", "555555555555", (), "<account>", "555555555555"),
        (1, 2, (), 1, 2),
        (True, False, (), True, False),
        ("x", None, (), "x", None),
        ({"a": [{"b": 1}]}, {"a": []}, ("a", 0), {"b": 1}, None),
        ('{"a": {"b": 1}}', '{"a": {"b": 2}}', ("a", "b"), 1, 2),
        (["a", "b"], ["b"], (0,), "a", None),
        (["a"], ["a", "c"], (1,), None, "c"),
        (["a", "a"], ["a"], (1,), "a", None),
        (
            [{"name": "A", "value": 1}, {"name": "B", "value": 1}],
            [{"name": "B", "value": 2}, {"name": "A", "value": 1}],
            ("B", "value"),
            1,
            2,
        ),
        ([{"from": 1}, {"from": 2}], [{"from": 3}, {"from": 1}], (1, "from"), 2, 3),
    ],
)
def test_what_is_another_thing(
    one: Any, other: Any, path: tuple[Any, ...], left: Any, right: Any
) -> None:
    assert compared(one, other) == [(("x", *path), left, right)]


def test_an_id_that_aws_gave_counts_as_what_it_was_given_to() -> None:
    assert compared("subnet-0aaa1", "subnet-0bbb2", made=("subnet-0aaa1", "subnet-0bbb2")) == []
    within = ("arn:x:subnet-0aaa1/live", "arn:x:subnet-0bbb2/live")
    assert compared(*within, made=("subnet-0aaa1", "subnet-0bbb2")) == []
    assert compared("3", "5", made=("3", "5")) == [], "a version, for instance"


def test_an_id_of_something_else_is_another_thing() -> None:
    found = compared("subnet-0aaa1", "subnet-0ccc3", made=("subnet-0aaa1", "subnet-0bbb2"))
    assert len(found) == 1
    assert compared("port 3", "port 5", made=("3", "5")), "too short to be an id within a text"


@pytest.mark.parametrize("other", ["subnet-1", ["subnet-1"], False, "", [], LATER])
def test_what_is_unknown_may_be_the_same(other: Any) -> None:
    assert compared(LATER, other) == []


def test_what_is_unknown_was_asked_for() -> None:
    assert compared(LATER, None) == [(("x",), UNKNOWN, None)]


def test_swapped_ids_are_other_things() -> None:
    """Both are ids that AWS gave, and not to the same resource."""
    one, other = (
        planned(
            name,
            ("aws_a.a", {"x": f"subnet-{asked}{suffix}"}, {}),
            ("aws_b.first", {}, {"id": f"subnet-1{suffix}"}),
            ("aws_b.second", {}, {"id": f"subnet-2{suffix}"}),
        )
        for name, asked, suffix in (("qa", 1, "aaa"), ("integration", 2, "bbb"))
    )
    assert [*differing(one, other)] == [("aws_a.a", ("x",), "subnet-1aaa", "subnet-2bbb")]


def test_what_aws_answers_is_no_difference() -> None:
    one = planned("qa", ("aws_a.a", {}, {"id": "a-1", "state": "on"}))
    other = planned("integration", ("aws_a.a", {}, {"id": "a-2", "state": "off"}))
    assert [*differing(one, other)] == []
