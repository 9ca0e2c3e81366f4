"""Shapes of load: how many transactions arrive when, in multiples of the capacity."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_MERCHANT = "m1"


class Arrival(NamedTuple):
    """A transaction that a merchant begins ``at`` seconds after the start."""

    at: float
    merchant: str = DEFAULT_MERCHANT


@dataclass(frozen=True, slots=True)
class Phase:
    """``seconds`` of arrivals at ``times`` the capacity."""

    seconds: float
    times: float


@dataclass(frozen=True, slots=True)
class Shape:
    """Phases, one after the other. ``peak`` is the most that arrives."""

    name: str
    phases: tuple[Phase, ...]

    @property
    def seconds(self) -> float:
        """How long transactions arrive."""
        return sum(phase.seconds for phase in self.phases)

    @property
    def peak(self) -> float:
        """The most that arrives, in multiples of the capacity."""
        return max(phase.times for phase in self.phases)

    @property
    def spike(self) -> bool:
        """Whether a part of it is within the capacity."""
        return len(self.phases) > 1

    @property
    def best_avoided(self) -> float | None:
        """The most failures that a throttle can avoid under a lasting load: 1 / load.

        Without one everything fails at worst; with one, all but the capacity. Under a spike
        retries carry work into the quiet time after it, so there it bounds nothing.
        """
        return 1 / self.peak if self.peak > 1 else None


def sustained(times: float, seconds: float) -> Shape:
    """The same load all the time."""
    return Shape(f"{times:g}x for {seconds:g} s", (Phase(seconds, times),))


def spike(
    times: float,
    seconds: float = 3.0,
    *,
    base: float = 0.6,
    before: float = 1.0,
    after: float = 4.0,
) -> Shape:
    """A spike over a base load that goes on after it."""
    return Shape(
        f"{seconds:g} s of {times:g}x over {base:g}x",
        (Phase(before, base), Phase(seconds, times), Phase(after, base)),
    )


def arrivals(
    shape: Shape, capacity: float, seed: int, merchant: str = DEFAULT_MERCHANT
) -> list[Arrival]:
    """Poisson arrivals, drawn ahead; the same for the same seed."""
    draw = random.Random(seed)  # noqa: S311 - a simulation, no secret
    found: list[Arrival] = []
    begin = 0.0
    for phase in shape.phases:
        end = begin + phase.seconds
        at = begin + draw.expovariate(phase.times * capacity)
        while at < end:
            found.append(Arrival(at, merchant))
            at += draw.expovariate(phase.times * capacity)
        begin = end
    return found


def uniform(rate: float, count: int, merchant: str = DEFAULT_MERCHANT) -> list[Arrival]:
    """Arrivals at equal distances."""
    return [Arrival(number / rate, merchant) for number in range(count)]


def merged(*streams: Sequence[Arrival]) -> list[Arrival]:
    """Several merchants' arrivals in their order."""
    return sorted(arrival for stream in streams for arrival in stream)
