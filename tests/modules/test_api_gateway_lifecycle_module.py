"""modules/api-gateway/lifecycle: versions are data, and impossible ones are refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing import pci, rejects

if TYPE_CHECKING:
    from harness.testing import Planner

MODULE = "modules/api-gateway/lifecycle"
ACTIVE = {"state": "active"}
LONG_AGO, AFTER_HALF_A_YEAR = "2024-01-01T00:00:00Z", "2024-06-29T00:00:00Z"
ENDING = {
    "state": "deprecated",
    "deprecated_on": "2098-01-01T00:00:00Z",
    "sunset_on": "2098-06-30T00:00:00Z",
    "successor": "v2",
}
GONE = {**ENDING, "state": "sunset", "deprecated_on": LONG_AGO, "sunset_on": AFTER_HALF_A_YEAR}


def without(version: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in version.items() if name not in names}


def test_each_state_has_its_lifecycle(plan: Planner) -> None:
    versions = {
        "v1": {**GONE, "state": "retired"},
        "v2": {**GONE, "successor": "v4"},
        "v3": {**ENDING, "successor": "v4"},
        "v4": ACTIVE,
        "v5": {"state": "preview"},
    }
    standing = plan(MODULE, service="payments", versions=versions).outputs["standing"]
    assert {name: told["state"] for name, told in standing.items()} == {
        "v2": "sunset",
        "v3": "deprecated",
        "v4": "active",
        "v5": "preview",
    }
    assert standing["v2"]["version_lifecycle"] == {
        "deprecated_on": LONG_AGO,
        "gone": True,
        "successor": "/v4/payments",
        "sunset_on": AFTER_HALF_A_YEAR,
    }
    assert standing["v3"]["version_lifecycle"]["gone"] is False
    assert standing["v4"]["version_lifecycle"] is None


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "odd_name": ({"2": ACTIVE}, 'Versions are named "v1"'),
    "odd_state": ({"v1": {"state": "old"}}, "A version's state is"),
    "none_active": ({"v1": {**GONE, "successor": "v2"}, "v2": GONE}, "nowhere to go"),
    "active_and_ending": (
        {"v1": {**ENDING, "state": "active"}, "v2": ACTIVE},
        "make it deprecated",
    ),
    "since_when": ({"v1": without(ENDING, "deprecated_on"), "v2": ACTIVE}, "Say since when"),
    "until_when": ({"v1": without(GONE, "sunset_on"), "v2": ACTIVE}, "ends on a day"),
    "no_time": ({"v1": {**ENDING, "sunset_on": "next year"}, "v2": ACTIVE}, "times in RFC 3339"),
    "short_notice": (
        {"v1": {**ENDING, "sunset_on": "2098-06-29T23:59:59Z"}, "v2": ACTIVE},
        "less than 180 days after",
    ),
    "before_its_day": ({"v1": {**ENDING, "state": "sunset"}, "v2": ACTIVE}, "can't end before"),
    "no_successor": ({"v1": without(ENDING, "successor"), "v2": ACTIVE}, "names its `successor`"),
    "unknown_successor": ({"v1": {**ENDING, "successor": "v3"}, "v2": ACTIVE}, "names its"),
    "earlier_successor": ({"v1": ACTIVE, "v2": {**ENDING, "successor": "v1"}}, "a later version"),
    "unready_successor": (
        {"v1": ENDING, "v2": {"state": "preview"}},
        "nobody moves to one that may still change",
    ),
}


@pci("6.5.1")
@pytest.mark.parametrize("case", REFUSED)
def test_an_impossible_lifecycle_is_refused(plan: Planner, case: str) -> None:
    versions, words = REFUSED[case]
    with rejects(variable="versions", match=re.escape(words)):
        plan(MODULE, service="payments", versions=versions)


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [("service", "Payments", "lower-case letters"), ("notice_days", 7, "30 to 1095 days")],
)
def test_odd_values_are_refused(plan: Planner, variable: str, value: object, words: str) -> None:
    given = {"service": "payments", "versions": {"v1": ACTIVE}, variable: value}
    with rejects(variable=variable, match=words):
        plan(MODULE, given)
