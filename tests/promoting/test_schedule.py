"""Steps and waits of a shift, as modules/delivery tells them."""

from promotion.budget import Budget
from promotion.shift import Schedule


def test_a_schedule_is_read_from_what_the_project_is_told() -> None:
    told = {"weights_percent": [5, 25, 100], "step_minutes": 5, "bake_minutes": 15}
    assert Schedule.of(told) == Schedule((0.05, 0.25), 300, 900, 10)
    assert Schedule.of(told, 0.6) == Schedule((0.05, 0.25), 3, 9, 0.2)


def test_the_budget_has_a_schedule() -> None:
    assert Schedule.of(Budget.read().shift).weights[0] <= 0.2
