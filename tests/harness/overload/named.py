"""The named backends, their capacity, and the throttle that fits each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.edge.throttling import Limit
from harness.overload.backends import Fifo, ReservedConcurrency, Workers

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.overload.backends import Backend

CAPACITY = 60.0
"""Transactions a second that each backend can do; at ten times that, generator, edge and backend
fit two cores."""
WORKERS, ROOM, DEADLINE = 8, 30, 0.75
RESERVED = 24


@dataclass(frozen=True, slots=True)
class Named:
    """A backend of the tables. ``model`` makes it anew; ``burst`` is what it can hold at once."""

    name: str
    what: str
    burst: int
    model: Callable[[], Backend]

    @property
    def limit(self) -> Limit:
        """The stage's throttle: what the backend was tested for."""
        return Limit(CAPACITY, self.burst)


LEGACY = Named(
    "legacy-fifo",
    "one queue without a bound, worked through in order, also what the client gave up",
    30,  # half a second of work, within any client's timeout
    lambda: Fifo(CAPACITY),
)
SERVICE = Named(
    "ecs-service",
    f"{WORKERS} workers, {ROOM} places to wait, nobody for more than {DEADLINE:g} s",
    30,
    lambda: Workers(WORKERS, WORKERS / CAPACITY, ROOM, DEADLINE),
)
FUNCTION = Named(
    "function",
    f"a Lambda function with a reserved concurrency of {RESERVED}",
    RESERVED,
    lambda: ReservedConcurrency(RESERVED, RESERVED / CAPACITY),
)
BACKENDS = (LEGACY, SERVICE, FUNCTION)
