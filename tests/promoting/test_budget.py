"""A promotion fits into its time, and the projects' timeouts are the budget's."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from promotion.budget import Budget
from promotion.errors import Refused

DELIVERY = Path(__file__).resolve().parents[2] / "modules" / "delivery" / "variables.tf"
BUDGET = Budget.read()


def test_the_projects_budget_fits() -> None:
    BUDGET.check()
    assert "together" in BUDGET.table()


def test_the_modules_timeouts_are_the_budgets() -> None:
    text = DELIVERY.read_text()
    timeouts = {
        name: float(value)
        for name, value in re.findall(
            r"^ {6}([a-z-]+) += optional\(number, (\d+)\)", text, re.MULTILINE
        )
    }
    assert timeouts == BUDGET.timeouts
    assert f"total_minutes = optional(number, {BUDGET.total:.0f})" in text
    assert f"optional(list(number), {BUDGET.shift['weights_percent']})" in text
    for name in ("step_minutes", "bake_minutes"):
        assert re.search(rf"{name} +=? *optional\(number, {BUDGET.shift[name]}\)", text)
    waits = text.partition('variable "approval_minutes"')[2].partition("\nvariable ")[0]
    assert re.search(rf"default += {BUDGET.approval:.0f}\n", waits)


@pytest.mark.parametrize(
    ("changes", "evidence"),
    [
        ({"total": 100}, "the budget is 100"),
        ({"session": 45}, "prod-shift may take 50 minutes, the session of its role ends after 45"),
        ({"approval": 240}, "the plan lives 240"),
        ({"shift": {**BUDGET.shift, "bake_minutes": 60}}, "a shift takes 85 minutes"),
        ({"shift": {**BUDGET.shift, "step_minutes": 1}}, "an alarm needs 2 to sound"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], evidence: str) -> None:
    with pytest.raises(Refused) as caught:
        replace(BUDGET, **changes).check()
    assert caught.value.rule == "time-budget"
    assert evidence in caught.value.evidence


@pytest.mark.parametrize(
    ("seconds", "evidence"),
    [
        ({"dev": 1201}, "dev took 1201 s of 1200 s"),
        (dict.fromkeys(BUDGET.timeouts, 1800), "all stages took"),
    ],
)
def test_what_took_longer_is_refused(seconds: dict[str, float], evidence: str) -> None:
    with pytest.raises(Refused) as caught:
        BUDGET.check_measured(seconds)
    assert evidence in caught.value.evidence


def test_what_took_less_passes_and_people_may_take_their_time() -> None:
    BUDGET.check_measured({"dev": 1199, "source": 9999})
