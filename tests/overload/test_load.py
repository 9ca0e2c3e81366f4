"""The open-loop client: its times, its patience, and a run that it couldn't keep up with."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import pytest

from harness.overload.backends import Fifo, Workers
from harness.overload.load import NOT_ANSWERED, TIMED_OUT, Patience, run
from harness.overload.shapes import Arrival, arrivals, spike, sustained, uniform
from harness.overload.tally import Tally
from harness.overload.virtual import VirtualLoop, in_virtual_time, simulate

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.overload.load import Transaction


def test_arrivals_are_as_many_as_the_shape_says_and_repeatable() -> None:
    shape = spike(5, 100, base=0.6, before=100, after=100)
    found = arrivals(shape, 10, seed=1)
    assert found == arrivals(shape, 10, seed=1) != arrivals(shape, 10, seed=2)
    assert found == sorted(found)
    by_phase = [sum(low <= each.at < low + 100 for each in found) for low in (0, 100, 200)]
    assert by_phase == pytest.approx([600, 5000, 600], rel=0.1)
    assert [each.at for each in uniform(4, 3)] == [0, 0.25, 0.5]


def test_a_slow_answer_delays_no_other_transaction() -> None:
    """Open loop: transactions begin at their times while earlier ones still wait."""
    begun: list[float] = []

    async def attempt(_: Transaction, sent: Callable[[], None]) -> int:
        sent()
        begun.append(asyncio.get_running_loop().time())
        await asyncio.sleep(50)
        return 200

    patience = Patience(timeout=60, attempts=1)
    done = in_virtual_time(run(uniform(10, 5), attempt, patience, 1))
    assert [at - begun[0] for at in begun] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    assert {round(each.latency, 6) for each in done} == {50}


def test_a_starved_generator_voids_its_run() -> None:
    """Each request costs the client 30 ms of its own time, and ten are due in 100 ms."""

    async def attempt(_: Transaction, sent: Callable[[], None]) -> int:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.pass_time(0.03)
        sent()
        return 200

    done = in_virtual_time(run(uniform(100, 50), attempt, Patience(), 1))
    starved = Tally.of(done, 0.5)
    assert starved.void
    assert starved.lag_p99 > 0.5
    # What it couldn't send in time counts as latency, and not as silence.
    assert starved.p99 >= starved.lag_p99
    assert not Tally.of(simulate(lambda: Fifo(1000), uniform(100, 50)), 0.5).void


def test_an_empty_run_is_void() -> None:
    assert Tally.of([], 1).void


@pytest.mark.parametrize(
    ("statuses", "attempts", "succeeded"),
    [
        ([201], 1, True),
        ([429, 503, 201], 3, True),
        ([TIMED_OUT, 409, 200], 3, True),
        ([NOT_ANSWERED, 500, 429], 3, False),
        ([400], 1, False),
        ([402], 1, False),
    ],
)
def test_what_is_repeated_and_what_not(statuses: list[int], attempts: int, succeeded: bool) -> None:
    answers = iter(statuses)

    async def attempt(_: Transaction, sent: Callable[[], None]) -> int:
        sent()
        status = next(answers)
        if status == TIMED_OUT:
            await asyncio.sleep(5)
        if status == NOT_ANSWERED:
            raise ConnectionResetError
        return status

    (done,) = in_virtual_time(run([Arrival(0.0)], attempt, Patience(), 1))
    assert (done.statuses, done.succeeded) == (statuses[:attempts], succeeded)


def test_waits_grow_to_a_bound_and_differ() -> None:
    patience, draw = Patience(attempts=9), random.Random(1)  # noqa: S311 - a simulation
    for attempt, most in ((1, 0.5), (2, 1.0), (3, 2.0), (8, 2.0)):
        waits = {patience.wait(attempt, draw) for _ in range(50)}
        assert most / 2 <= min(waits) < max(waits) <= most
        assert len(waits) > 40


def test_a_fault_of_the_client_ends_the_run() -> None:
    async def attempt(transaction: Transaction, _: Callable[[], None]) -> int:
        if transaction.number == 1:
            raise KeyError("a mistake")
        await asyncio.sleep(100)
        return 200

    with pytest.raises(KeyError, match="a mistake"):
        in_virtual_time(run(uniform(10, 3), attempt, Patience(timeout=200), 1))


def test_a_queue_works_through_what_was_given_up() -> None:
    """Two a second; what came fourth is answered after 2 s, although nobody waits before it."""
    done = simulate(lambda: Fifo(2), uniform(1000, 4), patience=Patience(timeout=1.6, attempts=1))
    assert [each.statuses for each in done] == [[201], [201], [201], [TIMED_OUT]]
    late = [*uniform(1000, 4), Arrival(1.0)]
    done = simulate(lambda: Fifo(2), late, patience=Patience(timeout=1.6, attempts=1))
    assert done[4].latency == pytest.approx(1.5, abs=0.01)


def test_workers_refuse_beyond_their_room_and_their_deadline() -> None:
    patience = Patience(timeout=9, attempts=1)
    room = simulate(lambda: Workers(1, 1.0, room=2, deadline=5), uniform(100, 5), patience=patience)
    assert [each.statuses[0] for each in room] == [201, 201, 201, 503, 503]
    assert [round(each.ended) for each in room[:3]] == [1, 2, 3]
    short = Workers(1, 1.0, room=9, deadline=1.5)
    waited = simulate(lambda: short, uniform(100, 4), patience=patience)
    assert [each.statuses[0] for each in waited] == [201, 201, 503, 503]


def test_a_lasting_load_bounds_what_can_be_avoided() -> None:
    assert [sustained(times, 1).best_avoided for times in (0.8, 2, 5)] == [None, 0.5, 0.2]


def test_a_virtual_run_that_can_never_end_says_so() -> None:
    async def forever() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="nothing is going to happen"):
        in_virtual_time(forever())
