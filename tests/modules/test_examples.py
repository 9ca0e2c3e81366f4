"""The examples in the modules' READMEs make what their directives say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.testing.examples import Example, ExamplePlanner


@pytest.mark.examples("modules/*/README.md")
def test_example_makes_what_its_page_says(example: Example, plan_example: ExamplePlanner) -> None:
    example.check(plan_example(example))
