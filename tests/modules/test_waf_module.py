"""modules/waf: what is deployed before the APIs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.testing import AppliedRoot


def test_second_plan_is_empty(applied_waf: AppliedRoot) -> None:
    applied_waf.assert_idempotent()
