"""Real requests through the edge to a real backend: what must hold on any machine, however busy."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from harness.overload.deployment import Deployment
from harness.overload.generator import begin, finish
from harness.overload.load import Patience
from harness.overload.measure import NOISY, PLANS, QUIET, run_neighbours, run_shape
from harness.overload.named import LEGACY
from harness.overload.shapes import arrivals, sustained
from harness.overload.tally import MOST_LAG, Tally
from harness.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

# A busy machine may stall for seconds; what is asked here isn't how fast it is.
PATIENT = Patience(timeout=15, attempts=3)


@pytest.fixture(scope="module")
def deployment(territory: str) -> Iterator[Deployment]:  # noqa: ARG001 - ends with the folder
    with Deployment(backends=(LEGACY,), plans=PLANS) as running:
        yield running


def test_the_edge_throttles_by_what_is_deployed(deployment: Deployment) -> None:
    shape = sustained(6, 1.5)
    throttled, opened = (
        run_shape(deployment, LEGACY, shape, throttled=which) for which in (True, False)
    )
    assert throttled.offered == opened.offered > 400
    assert throttled.refused > throttled.offered
    assert opened.refused == 0
    assert throttled.statuses["201"] > 0


def test_the_quiet_merchant_loses_nothing(deployment: Deployment) -> None:
    runs = run_neighbours(deployment, 3, PATIENT)
    assert runs[NOISY].refused > runs[QUIET].offered > 40
    assert runs[QUIET].failed == 0


def test_a_generator_that_was_stopped_voids_its_run(deployment: Deployment) -> None:
    """Half a second without a processor in the middle of two seconds."""
    plan = arrivals(sustained(0.8, 2), 60, seed=1)
    target = deployment.target(LEGACY, throttled=False)
    child = begin(plan, {plan[0].merchant: target}, PATIENT)
    before = deployment.begun(LEGACY)
    wait_until(lambda: deployment.begun(LEGACY) > before, 60)
    os.kill(child.pid, signal.SIGSTOP)
    time.sleep(0.5)
    os.kill(child.pid, signal.SIGCONT)
    run = Tally.of(finish(child), 2)
    assert run.void
    assert run.lag_p99 > 10 * MOST_LAG
    assert run.failed == 0
