"""What a worker writes, and Lambda's START, END and REPORT lines, as log events."""

from __future__ import annotations

import contextlib
import datetime
import math
import os
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson

from harness.runtime.output import OutputLines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.runtime.functions import FunctionVersion
    from harness.runtime.invocation import Invocation
    from harness.runtime.logs import LogShipper

_TAIL = 4096  # bytes of an invocation's log that Invoke may return


class WorkerLog:
    """The log stream of one worker."""

    def __init__(self, function: FunctionVersion, shipper: LogShipper) -> None:
        today = datetime.datetime.now(datetime.UTC)
        self.stream = f"{today:%Y/%m/%d}/[{function.version}]{uuid4().hex}"
        self._function = function
        self._shipper = shipper
        self._json = function.log_format == "JSON"
        self._output = OutputLines(self._ship)
        self._recent = ""

    @property
    def tail(self) -> str:
        """The end of what the invocation has logged, as Invoke returns it."""
        return self._recent.encode()[-_TAIL:].decode(errors="ignore")

    @contextlib.contextmanager
    def open(self) -> Iterator[int]:
        """Start reading; yields the end of the pipe that the process writes to."""
        output = self._output.open()
        try:
            yield output
        finally:
            os.close(output)

    def drain(self) -> None:
        """Ship the complete lines that the process has written so far."""
        self._output.drain()

    def close(self) -> None:
        """Stop reading."""
        self._output.close()

    def started(self, invocation: Invocation) -> None:
        """Write START."""
        self._recent = ""
        version = self._function.version
        if self._json:
            record = {"requestId": invocation.request_id, "version": version}
            return self._platform("platform.start", record)
        return self._put(f"START RequestId: {invocation.request_id} Version: {version}\n")

    def ended(
        self, invocation: Invocation, *, status: str, used_mb: int, init_ms: float | None
    ) -> None:
        """Write what the invocation printed, then END and REPORT."""
        self.drain()
        duration = invocation.duration_ms
        billed = math.ceil(duration + (init_ms or 0))
        if self._json:
            metrics: dict[str, Any] = {
                "durationMs": round(duration, 3),
                "billedDurationMs": billed,
                "memorySizeMB": self._function.memory,
                "maxMemoryUsedMB": used_mb,
            }
            if init_ms is not None:
                metrics["initDurationMs"] = round(init_ms, 3)
            record = {"requestId": invocation.request_id, "status": status, "metrics": metrics}
            return self._platform("platform.report", record)
        identity = f"RequestId: {invocation.request_id}"
        self._put(f"END {identity}\n")
        init = "" if init_ms is None else f"\tInit Duration: {init_ms:.2f} ms"
        failed = "" if status == "success" else f"\tStatus: {status}"
        return self._put(
            f"REPORT {identity}\tDuration: {duration:.2f} ms\tBilled Duration: {billed} ms\t"
            f"Memory Size: {self._function.memory} MB\tMax Memory Used: {used_mb} MB"
            f"{init}{failed}\n"
        )

    def note(self, text: str) -> None:
        """Write a line of Lambda's own, such as a timeout."""
        self.drain()
        self._put(text + "\n")

    def _platform(self, kind: str, record: dict[str, Any]) -> None:
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        time = now.replace("+00:00", "Z")
        self._put(orjson.dumps({"time": time, "type": kind, "record": record}).decode())

    def _ship(self, line: str) -> None:
        # The runtime client marks the line ends inside one message by carriage returns.
        self._put(line.replace("\r", "\n"))

    def _put(self, text: str) -> None:
        line = text if text.endswith("\n") else text + "\n"
        self._recent = self._recent[-_TAIL:] + line
        self._shipper.put(self._function.log_group, self.stream, text)
