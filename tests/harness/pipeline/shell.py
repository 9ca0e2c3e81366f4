"""The shell of a build: one instance for all of its commands, as in CodeBuild.

What a command exports, and where it goes, holds for the next one. A command that ends the shell
has failed or not by its status, and the next shell goes on with what was exported before.
"""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import IO

_LOOK_SECONDS = 0.5
_END_SECONDS = 70  # Terraform saves its state and releases its lock first
# Answers go through what was standard error; commands write both of theirs to standard output.
_LAUNCH = 'exec 3>&2 2>&1; exec "$0" -s'


class ShellTimeoutError(Exception):
    """The build ran out of its time."""


class ShellStoppedError(Exception):
    """Somebody stopped the build."""


class Shell:
    """Runs commands one after the other; a context manager that leaves no process.

    Args:
        program: `sh` or `bash`.
        environment: the environment of the first command.
        directory: where it begins.
        workdir: for files of its own.
        say: called with each line that a command writes.
        stopping: ends the command that runs when it is set.
    """

    def __init__(
        self,
        program: str,
        environment: Mapping[str, str],
        directory: Path,
        workdir: Path,
        say: Callable[[str], None],
        stopping: threading.Event,
    ) -> None:
        self._program = program
        self._directory = str(directory)
        self._workdir = workdir
        self._say = say
        self._stopping = stopping
        self._number = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self.environment: Mapping[str, str] = dict(environment)
        """What the commands so far have left exported."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, command: str, until: float) -> int:
        """Run a command, and return its status.

        Args:
            command: a script, in the buildspec's words.
            until: when it has to be over, by the monotonic clock.

        Raises:
            ShellTimeoutError: it wasn't; nothing of it is left.
            ShellStoppedError: it was stopped before; nothing of it is left.
        """
        self._number += 1
        script, after = self._workdir / f"{self._number}.sh", self._workdir / "environment"
        script.write_text(command + "\n", encoding="utf-8")
        process = self._process or self._start()
        _write(
            process,
            f". {shlex.quote(str(script))} </dev/null 3>&-; __status=$?; "
            f"env -0 >{shlex.quote(str(after))}; pwd >&3; echo $__status >&3\n",
        )
        try:
            told = self._answer(process, until)
        except (ShellStoppedError, ShellTimeoutError):
            self.close()
            raise
        if len(told) < 2:  # the command ended the shell
            code = process.wait()
            self.close()
            return code if code >= 0 else 128 - code
        self._directory, status = told
        pairs = (pair.partition("=") for pair in after.read_text("utf-8", "replace").split("\0"))
        self.environment = {name: value for name, _, value in pairs if name}
        return int(status)

    def export(self, name: str, value: str) -> None:
        """Give the commands that follow a variable."""
        self.environment = {**self.environment, name: value}
        if self._process is not None:
            _write(self._process, f"export {name}={shlex.quote(value)}\n")

    def close(self) -> None:
        """End the shell, and whatever its commands left running."""
        process, self._process = self._process, None
        if process is None:
            return
        _signal(process, signal.SIGTERM)
        if self._reader is not None:
            self._reader.join(_END_SECONDS)  # whoever still works holds the output open
        _signal(process, signal.SIGKILL)
        process.wait()
        if self._reader is not None:
            self._reader.join()
        for pipe in (process.stdin, process.stdout, process.stderr):
            with contextlib.suppress(BrokenPipeError):
                _open(pipe).close()

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(  # noqa: S603 - a buildspec's commands are for a shell
            ["/bin/sh", "-c", _LAUNCH, self._program],
            cwd=self._directory,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._relay, args=(process,), daemon=True)
        self._reader.start()
        self._process = process
        return process

    def _relay(self, process: subprocess.Popen[bytes]) -> None:
        for line in _open(process.stdout):
            self._say(line.decode(errors="replace").rstrip("\n"))

    def _answer(self, process: subprocess.Popen[bytes], until: float) -> list[str]:
        """Wait for directory and status; a shell that has ended says less."""
        descriptor, told = _open(process.stderr).fileno(), b""
        while told.count(b"\n") < 2:
            left = until - time.monotonic()
            if left <= 0:
                raise ShellTimeoutError
            if self._stopping.is_set():
                raise ShellStoppedError
            ready, _, _ = select.select([descriptor], [], [], min(left, _LOOK_SECONDS))
            if ready:
                chunk = os.read(descriptor, 65_536)
                if not chunk:
                    break
                told += chunk
            elif process.poll() is not None:
                break
        return told.decode(errors="replace").splitlines()


def _write(process: subprocess.Popen[bytes], line: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        _open(process.stdin).write(line.encode())
        _open(process.stdin).flush()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _open(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None  # noqa: S101 - narrows the type: all three are pipes
    return pipe
