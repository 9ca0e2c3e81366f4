"""Structured logs: one JSON object a line on standard output, which Lambda ships.

Only ids, states, codes and durations are logged: no bodies, no tokens, no headers.
"""

from __future__ import annotations

import json
import sys

from transaction_gateway.settings import LOG_LEVELS
from transaction_gateway.times import now_ms, rfc3339


class Logger:
    """Writes what is at or above ``level``."""

    def __init__(self, level: str) -> None:
        self._threshold = LOG_LEVELS.index(level)

    def info(self, message: str, **fields: object) -> None:
        """Write what happened."""
        self._write("INFO", message, fields)

    def exception(self, message: str, error: BaseException, **fields: object) -> None:
        """Write an error with the places it passed, without the values it carried."""
        import traceback  # only when something failed

        frames = traceback.extract_tb(error.__traceback__)
        places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        self._write("ERROR", message, {"error": type(error).__name__, "at": places, **fields})

    def _write(self, level: str, message: str, fields: dict[str, object]) -> None:
        if LOG_LEVELS.index(level) < self._threshold:
            return
        line = {"timestamp": rfc3339(now_ms()), "level": level, "message": message}
        present = {name: value for name, value in fields.items() if value is not None}
        sys.stdout.write(json.dumps({**line, **present}, separators=(",", ":")) + "\n")
        sys.stdout.flush()
