"""One JSON line for each request: a structured log that carries the request's metrics.

Metrics are in CloudWatch's embedded format, so that what a line counts and whom it concerns can't
drift apart. Ids, states, codes and durations are logged; no queries, forms, bodies or headers.
"""

from __future__ import annotations

import contextvars
import json
import sys
import time
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from merchant_dashboard.settings import LOG_LEVELS
from transaction_gateway.times import now_ms, rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMESPACE = "Payments/MerchantDashboard"
SERVICE = "merchant_dashboard"
MILLISECONDS = frozenset({"PageMs", "AwsMs"})


@dataclass(slots=True)
class Spent:
    """What a request spent on AWS, and what else it counted."""

    aws_calls: int = 0
    aws_ms: float = 0.0
    started: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)


_spent: contextvars.ContextVar[Spent | None] = contextvars.ContextVar("spent", default=None)


def begin() -> Spent:
    """Start measuring a request; what its context does from here is added up."""
    spent = Spent()
    _spent.set(spent)
    return spent


def count(name: str) -> None:
    """Count something of the request as a metric of its own."""
    if (spent := _spent.get()) is not None:
        spent.counts[name] = spent.counts.get(name, 0) + 1


def measure(client: Any) -> None:
    """Have an SDK client's calls measured."""

    def before(**_: object) -> None:
        if (spent := _spent.get()) is not None:
            spent.started = time.perf_counter()

    def after(**_: object) -> None:
        if (spent := _spent.get()) is not None:
            spent.aws_calls += 1
            spent.aws_ms += (time.perf_counter() - spent.started) * 1000

    client.meta.events.register("before-call", before)
    client.meta.events.register("after-call", after)
    client.meta.events.register("after-call-error", after)


class Telemetry:
    """Writes lines at or above a level."""

    def __init__(self, level: str, environment: str) -> None:
        self._threshold = LOG_LEVELS.index(level)
        self._environment = environment

    def info(self, message: str, **fields: object) -> None:
        """Write what happened."""
        self._write("INFO", message, fields)

    def failure(self, message: str, error: BaseException, **fields: object) -> None:
        """Write an error with the places it passed, without the values it carried."""
        frames = traceback.extract_tb(error.__traceback__)
        places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        self._write("ERROR", message, {"error": type(error).__name__, "at": places, **fields})

    def request(self, metrics: Mapping[str, float], **fields: object) -> None:
        """Write a request with its metrics."""
        definition = {
            "Namespace": NAMESPACE,
            "Dimensions": [["Environment", "Service"]],
            "Metrics": [
                {"Name": name, "Unit": "Milliseconds" if name in MILLISECONDS else "Count"}
                for name in metrics
            ],
        }
        emf = {"Timestamp": now_ms(), "CloudWatchMetrics": [definition]}
        whose = {"Environment": self._environment, "Service": SERVICE}
        # Metrics are written whatever the level: a quiet log must not silence an alarm.
        self._line("INFO", "request", {"_aws": emf, **whose, **metrics, **fields})

    def _write(self, level: str, message: str, fields: Mapping[str, object]) -> None:
        if LOG_LEVELS.index(level) >= self._threshold:
            self._line(level, message, fields)

    def _line(self, level: str, message: str, fields: Mapping[str, object]) -> None:
        line = {"timestamp": rfc3339(now_ms()), "level": level, "message": message}
        present = {name: value for name, value in fields.items() if value is not None}
        sys.stdout.write(json.dumps({**line, **present}, separators=(",", ":")) + "\n")
        sys.stdout.flush()
