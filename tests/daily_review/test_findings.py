"""Each query of the pack finds its case in lines as services write them, and stays quiet else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daily_review.lines import ARCHIVE, CASES, DEV, LOG_GROUPS
from daily_review.test_review_module import GOOD, MODULE
from harness.aws.insights import Query, record_of
from harness.testing import pci

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.testing import Planner

NOON_MS = 1_800_000_000_000

pytestmark = pytest.mark.parametrize("name", CASES)


@pytest.fixture
def text(plan: Planner, name: str) -> str:
    """The query as the module saves it."""
    planned = plan(MODULE, GOOD, log_groups=LOG_GROUPS, expected={"archive_account_id": ARCHIVE})
    saved = planned.one(f'aws_cloudwatch_query_definition.review["{name}"]')
    assert LOG_GROUPS[CASES[name].kind][0] in saved["log_group_names"]
    return str(saved["query_string"])


def ask(text: str, kind: str, lines: Iterable[str]) -> list[dict[str, str]]:
    records = [
        record_of(
            line,
            timestamp=NOON_MS,
            ingested=NOON_MS,
            log=f"{DEV}:{LOG_GROUPS[kind][0]}",
            stream="one",
            pointer="0",
        )
        for line in lines
    ]
    rows = Query(text).run(records).rows
    return [{each["field"]: each["value"] for each in row} for row in rows]


@pci("10.4.1")
def test_each_query_finds_its_case_and_nothing_else(text: str, name: str) -> None:
    case = CASES[name]
    noise = [line for line in case.quiet for _ in range(case.number)]
    (found,) = ask(text, case.kind, [*noise, *[case.line] * case.number])
    assert found.items() >= {**case.names, "events": str(case.number)}.items()
    assert "@message" not in found


def test_each_query_finds_the_variants_of_its_case(text: str, name: str) -> None:
    case = CASES[name]
    for line in case.also:
        (found,) = ask(text, case.kind, [line] * case.number)
        assert found["events"] == str(case.number), line


def test_each_query_stays_quiet_otherwise(text: str, name: str) -> None:
    case = CASES[name]
    few = [case.line] * (case.number - 1)
    noise = [line for line in case.quiet for _ in range(case.number)]
    assert ask(text, case.kind, [*few, *noise]) == []
