"""Runs in virtual time, throttled and not, made once for each backend and shape."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from harness.overload.named import CAPACITY
from harness.overload.shapes import arrivals
from harness.overload.tally import Tally
from harness.overload.virtual import simulate

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.overload.named import Named
    from harness.overload.shapes import Shape

    Run = Callable[[Named, Shape, bool], Tally]

SEED = 7


@pytest.fixture(scope="session")
def tally() -> Run:
    """Run a shape against a backend, throttled or not."""

    @cache
    def run(backend: Named, shape: Shape, throttled: bool) -> Tally:
        plan = arrivals(shape, CAPACITY, SEED)
        limit = backend.limit if throttled else None
        return Tally.of(simulate(backend.model, plan, stage=limit, seed=SEED), shape.seconds)

    return run
