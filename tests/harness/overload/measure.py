"""The overload runs in real time: each shape with throttling off and on, one after the other."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.edge.throttling import Limit
from harness.overload.child import ChildError
from harness.overload.crowd import Crowd, CrowdError, run_crowd
from harness.overload.deployment import Deployment
from harness.overload.generator import generate
from harness.overload.load import Patience
from harness.overload.named import BACKENDS, CAPACITY, FUNCTION, LEGACY, RESERVED, SERVICE, Named
from harness.overload.shapes import Shape, arrivals, merged, spike, sustained, uniform
from harness.overload.tally import Tally, avoided
from harness.overload.virtual import simulate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

SEED = 7
SHAPES: Mapping[str, tuple[Shape, ...]] = {
    LEGACY.name: (
        *(sustained(times, 8) for times in (0.8, 2, 3, 5, 10)),
        *(spike(times) for times in (2, 5, 10)),
        spike(5, 10, after=2),
    ),
    SERVICE.name: tuple(sustained(times, 4) for times in (0.8, 2, 5, 10)),
    FUNCTION.name: tuple(sustained(times, 4) for times in (0.8, 2, 5, 10)),
}
CROWD = 5000
QUIET, NOISY = "quiet", "noisy"
PLANS = {QUIET: Limit(0.4 * CAPACITY, 15), NOISY: Limit(0.5 * CAPACITY, 15)}
"""Two merchants' plans: together within the capacity, as a precondition of the modules demands."""
OF_ITS_PLAN = {QUIET: 0.8, NOISY: 10.0}
"""What each sends, in multiples of its plan."""
NEIGHBOURS_SECONDS = 6.0


@dataclass(frozen=True, slots=True)
class Pair:
    """One shape against one backend, unthrottled and throttled; ``model`` is of virtual time."""

    backend: str
    shape: Shape
    off: Tally
    on: Tally
    model: float | None

    @property
    def avoided(self) -> float | None:
        """The share of failures that throttling avoided."""
        return avoided(self.off, self.on)

    @property
    def void(self) -> bool:
        """Whether the generator couldn't keep its times in one of the runs."""
        return self.off.void or self.on.void

    def document(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "backend": self.backend,
            "shape": self.shape.name,
            "peak": self.shape.peak,
            "spike": self.shape.spike,
            "off": self.off.document(),
            "on": self.on.document(),
            "avoided": self.avoided,
            "avoided_in_virtual_time": self.model,
            "best_avoided": None if self.shape.spike else self.shape.best_avoided,
            "void": self.void,
        }


@dataclass(frozen=True, slots=True)
class Overload:
    """Everything that was measured. ``crowd`` is None with the reason in ``crowd_failed``."""

    machine: Mapping[str, Any]
    pairs: Sequence[Pair]
    neighbours: Mapping[str, Tally]
    crowd: Crowd | None
    crowd_failed: str = ""

    def pair(self, backend: str, shape: str) -> Pair:
        """One of the pairs by name."""
        return next(p for p in self.pairs if (p.backend, p.shape.name) == (backend, shape))

    @property
    def void(self) -> int:
        """How many runs the generator couldn't keep up with."""
        runs = [run for pair in self.pairs for run in (pair.off, pair.on)]
        return sum(run.void for run in (*runs, *self.neighbours.values()))


def measure(tell: Callable[[str], None], *, crowd: int = CROWD) -> Overload:
    """Run everything, which takes minutes; ``tell`` is called with what is measured next."""
    machine = _machine()
    with Deployment(plans=PLANS) as deployment:
        _warm(deployment)
        pairs = []
        for backend in BACKENDS:
            for shape in SHAPES[backend.name]:
                tell(f"{backend.name}, {shape.name}")
                pairs.append(_pair(deployment, backend, shape))
        tell("a noisy merchant beside a quiet one")
        neighbours = run_neighbours(deployment)
    tell(f"{crowd} transactions in flight at once")
    try:
        return Overload(machine, pairs, neighbours, run_crowd(crowd))
    except (ChildError, CrowdError) as error:
        return Overload(machine, pairs, neighbours, None, str(error))


def run_neighbours(
    deployment: Deployment,
    seconds: float = NEIGHBOURS_SECONDS,
    patience: Patience | None = None,
) -> dict[str, Tally]:
    """Have the noisy merchant send ten times its plan beside the quiet one."""
    plan = merged(
        *(
            arrivals(
                sustained(OF_ITS_PLAN[merchant] * (limit.rate or 0) / CAPACITY, seconds),
                CAPACITY,
                SEED + number,
                merchant,
            )
            for number, (merchant, limit) in enumerate(PLANS.items())
        )
    )
    targets = {
        merchant: deployment.target(LEGACY, throttled=True, merchant=merchant) for merchant in PLANS
    }
    done = generate(plan, targets, patience, seed=SEED)
    deployment.reset(LEGACY)
    return {
        merchant: Tally.of([each for each in done if each.merchant == merchant], seconds)
        for merchant in PLANS
    }


def run_shape(deployment: Deployment, backend: Named, shape: Shape, *, throttled: bool) -> Tally:
    """Send a shape to a backend, and have it forget what is left over."""
    target = deployment.target(backend, throttled=throttled)
    plan = arrivals(shape, CAPACITY, SEED)
    done = generate(plan, {arrival.merchant: target for arrival in plan[:1]}, seed=SEED)
    deployment.reset(backend)
    return Tally.of(done, shape.seconds)


def _pair(deployment: Deployment, backend: Named, shape: Shape) -> Pair:
    off = run_shape(deployment, backend, shape, throttled=False)
    on = run_shape(deployment, backend, shape, throttled=True)
    plan = arrivals(shape, CAPACITY, SEED)
    model = [
        Tally.of(simulate(backend.model, plan, stage=limit, seed=SEED), shape.seconds)
        for limit in (None, backend.limit)
    ]
    return Pair(backend.name, shape, off, on, avoided(*model))


def _warm(deployment: Deployment) -> None:
    """Have as many workers of the function started as there will be."""
    target = deployment.target(FUNCTION, throttled=False)
    plan = uniform(1000, RESERVED)
    generate(plan, {plan[0].merchant: target}, Patience(timeout=30, attempts=1))


def _machine() -> dict[str, Any]:
    return {
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "load_before": round(os.getloadavg()[0], 1),
    }
