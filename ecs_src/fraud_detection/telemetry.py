"""One JSON line for each request: a structured log that carries the request's metrics.

Metrics are in CloudWatch's embedded format. Ids, scores, codes and durations are logged; no
bodies, no headers, and of a card only the digest that its counters are named after.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from typing import TYPE_CHECKING

from fraud_detection.settings import LOG_LEVELS

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMESPACE = "Payments/FraudDetection"
SERVICE = "fraud_detection"
UNITS = {
    "Scores": "Count",
    "Refusals": "Count",
    "Reviews": "Count",
    "DegradedScores": "Count",
    "ScoreLatency": "Milliseconds",
    "RejectedRequests": "Count",
    "Faults": "Count",
    "LostCounts": "Count",
}
"""Every metric with its unit; the dimensions are Environment and Service."""


class Telemetry:
    """Writes lines at or above a level; metrics are written whatever the level."""

    def __init__(self, level: str, environment: str) -> None:
        self._threshold = LOG_LEVELS.index(level)
        self._environment = environment

    def info(self, message: str, **fields: object) -> None:
        """Write what happened."""
        self._write("INFO", message, fields)

    def warn(self, message: str, **fields: object) -> None:
        """Write what somebody may want to look at."""
        self._write("WARN", message, fields)

    def failure(self, message: str, error: BaseException, **fields: object) -> None:
        """Write an error with the places it passed, without the values it carried."""
        frames = traceback.extract_tb(error.__traceback__)
        places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        self._write("ERROR", message, {"error": type(error).__name__, "at": places, **fields})

    def measured(self, message: str, metrics: Mapping[str, float], **fields: object) -> None:
        """Write what happened, with its metrics."""
        definition = {
            "Namespace": NAMESPACE,
            "Dimensions": [["Environment", "Service"]],
            "Metrics": [{"Name": name, "Unit": UNITS[name]} for name in metrics],
        }
        embedded = {
            "_aws": {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [definition]},
            "Environment": self._environment,
            "Service": SERVICE,
            **metrics,
        }
        shown = fields if LOG_LEVELS.index("INFO") >= self._threshold else {}
        self._line("INFO", message, {**embedded, **shown})

    def _write(self, level: str, message: str, fields: Mapping[str, object]) -> None:
        if LOG_LEVELS.index(level) >= self._threshold:
            self._line(level, message, fields)

    def _line(self, level: str, message: str, fields: Mapping[str, object]) -> None:
        line = {"timestamp": _rfc3339(), "level": level, "message": message}
        present = {name: value for name, value in fields.items() if value is not None}
        sys.stdout.write(json.dumps({**line, **present}, separators=(",", ":")) + "\n")
        sys.stdout.flush()


class ServerLog(logging.Handler):
    """Writes what the web server and the SDK log, warnings and above, as lines of ours."""

    def __init__(self, telemetry: Telemetry) -> None:
        super().__init__(logging.WARNING)
        self._telemetry = telemetry

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record: its text as it stands in the source, so that no value gets in."""
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            self._telemetry.failure(str(record.msg), error, logger=record.name)
        else:
            self._telemetry.warn(str(record.msg), logger=record.name)


def _rfc3339() -> str:
    seconds, milliseconds = divmod(time.time_ns() // 1_000_000, 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{milliseconds:03d}Z"
