"""One task: a process with the deployed environment, its port and its log."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psutil

from harness.runtime.network.target_group import HEALTHY
from harness.runtime.output import OutputLines
from harness.runtime.worker import BOOTSTRAP, LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from harness.runtime.logs import LogShipper
    from harness.runtime.metrics import Values
    from harness.runtime.network.target_group import Target
    from harness.runtime.tasks.deployed import TaskDefinition

RUNNING, STOPPING, STOPPED = "RUNNING", "STOPPING", "STOPPED"
STOPPED_BY_SERVICE, EXITED = "ServiceSchedulerInitiated", "EssentialContainerExited"
_REMEMBERED_LINES = 5
_UNITS_OF_A_CPU, _MEBIBYTE = 1024, 1_048_576


@dataclass(frozen=True, slots=True)
class Placement:
    """What a task is given besides its definition."""

    service: str
    cluster: str
    address: str
    directory: Path


class Task:
    """Starts when told to, and says when it has ended.

    Args:
        ended: called once when the process has ended, whatever the reason.
    """

    def __init__(
        self,
        definition: TaskDefinition,
        placement: Placement,
        logs: LogShipper,
        ended: Callable[[Task], None],
    ) -> None:
        self.id = uuid4().hex
        self.definition = definition
        self.placement = placement
        self.state = RUNNING
        self.stop_code = ""
        self.reason = ""
        self.targets: dict[str, Target] = {}  # by target group
        self.started_at = time.monotonic()
        self.proven = False  # has served, so that its end isn't a failure to start
        self.exited = asyncio.Event()
        self._logs = logs
        self._ended = ended
        self._stream = f"{definition.log_prefix}/{definition.container}/{self.id}"
        self._last_lines: deque[str] = deque(maxlen=_REMEMBERED_LINES)
        self._output = OutputLines(self._log)
        self._process: asyncio.subprocess.Process | None = None
        self._usage: psutil.Process | None = None
        self._local_ports: dict[int, int] = {}
        self._watcher: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Of the process, once started."""
        return self._process.pid if self._process else None

    @property
    def age(self) -> float:
        """Seconds since it was started."""
        return time.monotonic() - self.started_at

    def usage(self) -> Values:
        """What it used of its processor time and memory since the last look, in percent."""
        if self._usage is None:
            return {}
        try:
            used = self._usage.cpu_percent()
            resident = self._usage.memory_info().rss
        except psutil.Error:
            return {}
        return {
            "CPUUtilization": used * _UNITS_OF_A_CPU / self.definition.cpu_units,
            "MemoryUtilization": 100 * resident / (self.definition.memory_mb * _MEBIBYTE),
        }

    @property
    def healthy(self) -> bool:
        """Whether it runs, and passes the checks of its target groups."""
        return self.state == RUNNING and all(
            target.state == HEALTHY for target in self.targets.values()
        )

    async def start(self, surroundings: Mapping[str, str]) -> None:
        """Start the process; of this one it sees nothing but its environment.

        Args:
            surroundings: variables besides those of the definition.

        Raises:
            OSError: the process can't be started.
        """
        definition, placement = self.definition, self.placement
        self._local_ports = {port: _free_port() for port in definition.ports}
        workplace = placement.directory / self.id
        workplace.mkdir()
        output = self._output.open()
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                str(BOOTSTRAP),
                definition.module,
                *definition.arguments,
                cwd=workplace,
                env=self._environment(workplace, surroundings),
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        finally:
            os.close(output)
        with contextlib.suppress(psutil.NoSuchProcess):
            self._usage = psutil.Process(self._process.pid)
        self._watcher = asyncio.create_task(self._watch(self._process))

    def endpoint(self, port: int) -> tuple[str, int]:
        """Where a port of the container is on this machine."""
        return LOOPBACK, self._local_ports.get(port, 0)

    def retire(self, reason: str) -> None:
        """Note that it is going to be stopped, and why."""
        if self.state == RUNNING:
            self.state, self.reason, self.stop_code = STOPPING, reason, STOPPED_BY_SERVICE

    async def stop(self, reason: str, *, most: float | None = None) -> None:
        """Ask it to end, and end it when its ``stopTimeout`` or ``most`` seconds are over."""
        self.retire(reason)
        self._signal(signal.SIGTERM)
        timeout = self.definition.stop_timeout
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout if most is None else min(timeout, most)):
                await self.exited.wait()
        self.kill()
        await self.exited.wait()

    def kill(self) -> None:
        """End its processes now."""
        if self._process and not self.exited.is_set():  # later the number may be another's
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def describe(self) -> dict[str, Any]:
        """The task as its service's callers see it."""
        targets = self.targets.values()
        return {
            "id": self.id,
            "service": self.placement.service,
            "cluster": self.placement.cluster,
            "task_definition": self.definition.revision,
            "pid": self.pid,
            "state": self.state,
            "health": [target.state for target in targets],
            "health_reasons": [target.reason for target in targets if target.reason],
            "address": self.placement.address,
            "ports": dict(self._local_ports),
            "stop_code": self.stop_code,
            "reason": self.reason,
        }

    def _environment(self, workplace: Path, surroundings: Mapping[str, str]) -> dict[str, str]:
        ports = list(self._local_ports.values())
        rewritten = {"PORT": str(ports[0]), "BIND_HOST": LOOPBACK} if ports else {}
        return {
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "HOME": str(workplace),
            "TMPDIR": str(workplace),
            "PYTHONUNBUFFERED": "1",
            **dict(self.definition.variables),
            **surroundings,
            **rewritten,
        }

    def _log(self, line: str) -> None:
        self._last_lines.append(line)
        if self.definition.log_group:
            self._logs.put(self.definition.log_group, self._stream, line)

    def _signal(self, number: signal.Signals) -> None:
        if self._process and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        code = await process.wait()
        self.kill()  # what it started itself
        self._output.drain()
        self._output.close()
        if self.state == RUNNING:
            self.stop_code = EXITED
            self.reason = self._cause(code)
        self.state = STOPPED
        self.exited.set()
        self._ended(self)

    def _cause(self, code: int) -> str:
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        last = "; ".join(self._last_lines)
        return f"Essential container in task exited: {how}. Last lines: {last or 'none'}"


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as listening:
        port: int = listening.getsockname()[1]
    return port
