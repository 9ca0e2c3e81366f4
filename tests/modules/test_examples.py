"""The examples in the modules' READMEs make what their directives say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.testing.examples import Example, ExamplePlanner


@pytest.mark.examples("modules/*/README.md", "modules/*/*/README.md")
def test_example_makes_what_its_page_says(example: Example, plan_example: ExamplePlanner) -> None:
    example.check(plan_example(example))


@pytest.mark.parametrize(
    "example",
    [
        "applied_api_gateway",
        "applied_api_gateway_domain",
        "applied_data",
        "applied_lambda_service",
        "applied_payment_platform",
        "applied_waf",
    ],
)
def test_second_plan_of_an_example_is_empty(example: str, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(example).assert_idempotent()
