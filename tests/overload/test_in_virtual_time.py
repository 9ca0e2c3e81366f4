"""What throttling does under overload, in virtual time: seconds to run, the same every time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from harness.edge.throttling import Limit
from harness.overload.backends import Fifo
from harness.overload.named import BACKENDS, CAPACITY, FUNCTION, LEGACY, SERVICE
from harness.overload.shapes import arrivals, merged, spike, sustained
from harness.overload.tally import Tally, avoided
from harness.overload.virtual import simulate

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.overload.named import Named
    from harness.overload.shapes import Shape

    Run = Callable[[Named, Shape, bool], Tally]

CALM, DOUBLE = sustained(0.8, 10), sustained(2, 10)
FIVEFOLD, TENFOLD = sustained(5, 4), sustained(10, 4)
LEAST_GOODPUT = 0.95
by_name = pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.name)


def assert_goodput_holds(run: Tally) -> None:
    """The gate: at twice the capacity, hardly any of the capacity is lost."""
    assert run.goodput >= LEAST_GOODPUT * CAPACITY, run


@by_name
def test_at_twice_the_capacity_goodput_is_the_capacity(tally: Run, backend: Named) -> None:
    assert_goodput_holds(tally(backend, DOUBLE, True))


@pytest.mark.parametrize("shape", [FIVEFOLD, TENFOLD], ids=lambda shape: shape.name)
@by_name
def test_goodput_holds_however_much_arrives(tally: Run, backend: Named, shape: Shape) -> None:
    assert_goodput_holds(tally(backend, shape, True))


@by_name
def test_below_the_capacity_no_transaction_is_refused(tally: Run, backend: Named) -> None:
    run = tally(backend, CALM, True)
    assert (run.failed, run.offered) == (0, len(arrivals(CALM, CAPACITY, 7)))


@pytest.mark.parametrize("backend", [LEGACY, SERVICE], ids=lambda backend: backend.name)
def test_below_the_capacity_not_even_an_attempt_is_refused(tally: Run, backend: Named) -> None:
    assert (tally(backend, CALM, True).refused, tally(backend, CALM, True).retries) == (0, 0)


@pytest.mark.parametrize("shape", [DOUBLE, FIVEFOLD, TENFOLD], ids=lambda shape: shape.name)
def test_without_throttling_the_same_gate_is_red(tally: Run, shape: Shape) -> None:
    with pytest.raises(AssertionError):
        assert_goodput_holds(tally(LEGACY, shape, False))
    assert tally(LEGACY, shape, False).goodput < 0.4 * CAPACITY


@pytest.mark.parametrize(
    ("shape", "least"),
    [
        (sustained(2, 10), 0.44),
        (sustained(3, 10), 0.30),
        (spike(2), 0.60),
        (spike(5), 0.30),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_a_queue_without_a_bound_is_spared_failures(tally: Run, shape: Shape, least: float) -> None:
    share = avoided(tally(LEGACY, shape, False), tally(LEGACY, shape, True))
    assert share is not None
    assert share >= least


def test_what_is_avoided_under_a_lasting_load_is_what_theory_allows(tally: Run) -> None:
    for times in (2, 3, 5):
        shape = sustained(times, 10)
        share = avoided(tally(LEGACY, shape, False), tally(LEGACY, shape, True))
        assert share == pytest.approx(shape.best_avoided, rel=0.12)


@pytest.mark.parametrize("backend", [SERVICE, FUNCTION], ids=lambda backend: backend.name)
@pytest.mark.parametrize("shape", [DOUBLE, TENFOLD], ids=lambda shape: shape.name)
def test_a_backend_that_refuses_by_itself_gains_nothing(
    tally: Run, backend: Named, shape: Shape
) -> None:
    """Where the 30 % don't hold: what is bounded already collapses under nothing."""
    share = avoided(tally(backend, shape, False), tally(backend, shape, True))
    assert share == pytest.approx(0, abs=0.05)


def test_the_quiet_merchant_loses_nothing_beside_a_noisy_one() -> None:
    """The noisy one sends ten times its plan, five times what the whole service can do."""
    quiet, noisy = 0.4 * CAPACITY, 0.5 * CAPACITY
    plan = merged(
        arrivals(sustained(0.4 * 0.8, 10), CAPACITY, 1, "quiet"),
        arrivals(sustained(0.5 * 10, 10), CAPACITY, 2, "noisy"),
    )
    plans = {"quiet": Limit(quiet, 15), "noisy": Limit(noisy, 15)}

    def of_quiet(plans: dict[str, Limit]) -> Tally:
        run = simulate(LEGACY.model, plan, stage=LEGACY.limit, plans=plans)
        return Tally.of([each for each in run if each.merchant == "quiet"], 10)

    alone = Tally.of(
        simulate(LEGACY.model, [each for each in plan if each.merchant == "quiet"]), 10
    )
    beside = of_quiet(plans)
    assert (beside.failed, beside.refused, beside.offered) == (0, 0, alone.offered)
    assert beside.p99 < alone.p99 + 0.5
    # Without plans the stage's throttle alone takes from both alike.
    assert of_quiet({}).failed > 0.5 * beside.offered


@pytest.mark.parametrize(("share", "recovers"), [(1.0, False), (0.9, True)])
def test_a_standing_queue_drains_only_below_the_capacity(share: float, recovers: bool) -> None:
    """Why the stated capacity is a little less than what was measured: here 3 s of work wait."""
    working: list[asyncio.Future[int]] = []

    def backlogged() -> Fifo:
        fifo = Fifo(CAPACITY)
        working.extend(asyncio.ensure_future(fifo.work()) for _ in range(int(3 * CAPACITY)))
        return fifo

    plan = arrivals(sustained(1.5, 40), CAPACITY, 7)
    run = Tally.of(simulate(backlogged, plan, stage=Limit(share * CAPACITY, 10)), 40)
    succeeded = [good for _, good in run.timeline]
    assert sum(succeeded[:10]) == 0
    assert (sum(succeeded[-10:]) > 0.8 * CAPACITY * 5) is recovers


def test_the_same_seed_gives_the_same_run() -> None:
    plan = arrivals(spike(5), CAPACITY, 3)
    runs = [simulate(LEGACY.model, plan, stage=LEGACY.limit, seed=5) for _ in range(2)]
    assert runs[0] == runs[1]
    other = simulate(LEGACY.model, plan, stage=LEGACY.limit, seed=6)
    assert [each.statuses for each in other] != [each.statuses for each in runs[0]]
