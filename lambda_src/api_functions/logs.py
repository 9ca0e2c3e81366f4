"""Structured logs: one JSON object a line on standard output, which Lambda ships.

Only ids, states, codes and durations are logged: no bodies, no tokens, no headers.
"""

from __future__ import annotations

import json
import sys
from copy import copy
from typing import TYPE_CHECKING

from api_functions.settings import LOG_LEVELS
from api_functions.times import now_ms, rfc3339
from api_functions.tracing import trace_id

if TYPE_CHECKING:
    from collections.abc import Mapping


class Logger:
    """Writes what is at or above ``level``, with the trace that it belongs to.

    With an ``environment``, such as dev, measurements are metrics of CloudWatch (in its embedded
    format) of the namespace ``Payments/<service>``, by environment and service.
    """

    def __init__(self, level: str, *, service: str = "", environment: str | None = None) -> None:
        self._threshold = LOG_LEVELS.index(level)
        self._service = service
        self._environment = environment
        self._dimensions: Mapping[str, str] = {}
        self._at_ms: int | None = None

    def measuring(self, *, by: Mapping[str, str] | None = None, at_ms: int | None = None) -> Logger:
        """Give a logger whose metrics have dimensions more, or another time than now."""
        logger = copy(self)
        logger._dimensions = {**self._dimensions, **(by or {})}
        logger._at_ms = at_ms
        return logger

    def info(self, message: str, **fields: object) -> None:
        """Write what happened."""
        self._write("INFO", message, fields)

    def measure(
        self,
        message: str,
        values: Mapping[str, float],
        *,
        units: Mapping[str, str],
        **fields: object,
    ) -> None:
        """Write what happened with its measurements; as metrics they are written at any level.

        ``units`` names the unit of each value that isn't a count.
        """
        if self._environment is None:
            self._write("INFO", message, {**fields, **self._dimensions, **values})
            return
        metrics = [{"Name": name, "Unit": units.get(name, "Count")} for name in values]
        directive = {
            "Namespace": f"Payments/{self._service}",
            "Dimensions": [["Environment", "Service", *self._dimensions]],
            "Metrics": metrics,
        }
        timestamp = now_ms() if self._at_ms is None else self._at_ms
        embedded = {"Timestamp": timestamp, "CloudWatchMetrics": [directive]}
        names = {"Environment": self._environment, "Service": self._service, **self._dimensions}
        self._put("INFO", message, {**fields, **values, **names, "_aws": embedded})

    def exception(self, message: str, error: BaseException, **fields: object) -> None:
        """Write an error with the places it passed, without the values it carried."""
        import traceback  # only when something failed

        frames = traceback.extract_tb(error.__traceback__)
        places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        self._write("ERROR", message, {"error": type(error).__name__, "at": places, **fields})

    def _write(self, level: str, message: str, fields: dict[str, object]) -> None:
        if LOG_LEVELS.index(level) >= self._threshold:
            self._put(level, message, fields)

    @staticmethod
    def _put(level: str, message: str, fields: Mapping[str, object]) -> None:
        line = {"timestamp": rfc3339(now_ms()), "level": level, "message": message}
        named = {"trace_id": trace_id(), **fields}
        present = {name: value for name, value in named.items() if value is not None}
        sys.stdout.write(json.dumps({**line, **present}, separators=(",", ":")) + "\n")
        sys.stdout.flush()
