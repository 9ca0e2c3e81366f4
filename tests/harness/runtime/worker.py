"""One worker process: a deployed function version behind a Runtime API of its own."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import psutil

from harness.runtime.invocation import Invocation, error_payload
from harness.runtime.runtime_api import RuntimeConnection
from harness.runtime.worker_log import WorkerLog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.runtime.functions import Environment, FunctionVersion
    from harness.runtime.logs import LogShipper

LOOPBACK = "127.0.0.1"
# Seconds that loading a function may take. Lambda then begins anew within the timeout of the first
# invocation; waiting as long shows the same without the repetition.
INIT_TIMEOUT = 10.0
BOOTSTRAP = Path(__file__).with_name("bootstrap.py")


class Owner(Protocol):
    """Who keeps the worker."""

    def on_idle(self, worker: Worker) -> None:
        """The worker can take an invocation."""

    def on_exit(self, worker: Worker) -> None:
        """The process has ended, whatever the reason."""


class Worker:
    """Runs invocations one after another until it dies or is killed."""

    def __init__(
        self, function: FunctionVersion, environment: Environment, owner: Owner, logs: LogShipper
    ) -> None:
        self.function = function
        self.environment = environment
        self.exited = asyncio.Event()
        self.ready = False
        self.init_error: bytes | None = None
        self._owner = owner
        self._log = WorkerLog(function, logs)
        self._process: asyncio.subprocess.Process | None = None
        self._usage: psutil.Process | None = None
        self._server: asyncio.Server | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._reply: Callable[[Mapping[str, str], bytes], None] | None = None
        self._current: Invocation | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._timed_out = False
        self._spawned_at = 0.0
        self._init_ms: float | None = None

    @property
    def pid(self) -> int | None:
        """The process id, once started."""
        return self._process.pid if self._process else None

    @property
    def _init_timeout(self) -> float:
        return INIT_TIMEOUT + self.function.timeout

    @property
    def busy(self) -> bool:
        """Whether an invocation runs."""
        return self._current is not None

    async def start(self) -> None:
        """Start the process; of this one it sees nothing but its environment.

        Raises:
            OSError: the process can't be started.
        """
        loop = asyncio.get_running_loop()
        self._spawned_at = time.monotonic()
        self._server = await loop.create_server(lambda: RuntimeConnection(self), LOOPBACK, 0)
        port = self._server.sockets[0].getsockname()[1]
        with self._log.open() as output:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-S",  # no site-packages: a module missing in the zip must be missed here too
                "-P",
                str(BOOTSTRAP),
                "awslambdaric",
                self.function.handler,
                cwd=self.function.code,
                env={
                    **self.environment.variables,
                    "AWS_LAMBDA_RUNTIME_API": f"{LOOPBACK}:{port}",
                    "AWS_LAMBDA_LOG_STREAM_NAME": self._log.stream,
                },
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=output,
            )
        with contextlib.suppress(psutil.NoSuchProcess):
            self._usage = psutil.Process(self._process.pid)
        self._deadline = loop.call_later(self._init_timeout, self._time_out)
        self._watcher = asyncio.create_task(self._watch(self._process))

    def run(self, invocation: Invocation) -> None:
        """Give an idle worker something to do."""
        if self._reply is None:
            raise RuntimeError("this worker isn't idle")
        reply, self._reply = self._reply, None
        self._current = invocation
        invocation.begin()
        timeout = self.function.timeout
        self._deadline = asyncio.get_running_loop().call_later(timeout, self._time_out)
        self._log.started(invocation)
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + timeout) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.invoked_arn,
            "Lambda-Runtime-Trace-Id": invocation.trace_id,
        }
        reply(headers, invocation.payload)

    def kill(self) -> None:
        """End the process now; an invocation that runs fails."""
        if self._process and self._process.returncode is None:
            self._process.kill()

    def on_next(self, reply: Callable[[Mapping[str, str], bytes], None]) -> None:
        """Runtime API: ready for an invocation."""
        self._reply = reply
        if not self.ready:
            self.ready = True
            self._init_ms = (time.monotonic() - self._spawned_at) * 1000
            self._cancel_deadline()
        self._owner.on_idle(self)

    def on_response(self, request_id: str, payload: bytes) -> bool:
        """Runtime API: the function returned."""
        return self._finish(request_id, payload, error=None)

    def on_error(self, request_id: str, payload: bytes) -> bool:
        """Runtime API: the function raised."""
        return self._finish(request_id, payload, error="Unhandled")

    def on_init_error(self, payload: bytes) -> None:
        """Runtime API: the function can't be loaded; the process ends itself."""
        self.init_error = payload

    def _finish(self, request_id: str, payload: bytes, *, error: str | None) -> bool:
        invocation = self._current
        if invocation is None or invocation.request_id != request_id:
            return False
        self._current = None
        self._cancel_deadline()
        self._report(invocation, "error" if error else "success")
        invocation.finish(payload, self.function.version, error=error)
        return True

    def _report(self, invocation: Invocation, status: str) -> None:
        self._log.ended(invocation, status=status, used_mb=self._memory(), init_ms=self._init_ms)
        invocation.log = self._log.tail
        self._init_ms = None  # a worker's first invocation alone reports it

    def _memory(self) -> int:
        try:
            return int(self._usage.memory_info().rss // 1_048_576) if self._usage else 0
        except psutil.NoSuchProcess:
            return 0

    def _time_out(self) -> None:
        self._timed_out = True
        self.kill()

    def _cancel_deadline(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        code = await process.wait()
        self._cancel_deadline()
        self._reply = None
        if self._server:
            self._server.close()
        if invocation := self._current:
            self._current = None
            self._fail(invocation, code)
        elif self.init_error is None and not self.ready:
            self.init_error = error_payload("Runtime.ExitError", self._cause(code))
        self._log.drain()
        self._log.close()
        self.exited.set()
        self._owner.on_exit(self)

    def _fail(self, invocation: Invocation, code: int) -> None:
        if self._timed_out:
            now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
            cause = f"Task timed out after {self.function.timeout:.2f} seconds"
            message = f"{now} {invocation.request_id} {cause}"
            status, payload = "timeout", error_payload("Sandbox.Timedout", message)
        else:
            message = f"RequestId: {invocation.request_id} Error: {self._cause(code)}"
            status, payload = "error", error_payload("Runtime.ExitError", message)
        self._log.note(message)
        self._report(invocation, status)
        invocation.finish(payload, self.function.version, error="Unhandled")

    def _cause(self, code: int) -> str:
        if self._timed_out:
            return f"Runtime didn't start within {self._init_timeout:.0f} seconds"
        if code < 0:
            return f"Runtime exited with error: signal: {signal.Signals(-code).name}"
        return f"Runtime exited with error: exit status {code}"
