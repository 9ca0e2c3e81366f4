"""Owns one terraform process on behalf of the harness; started by `process.py` as a program.

Terraform must be asked to stop, with a single SIGINT, to save its state and release its lock. The
harness can't be the one that asks when it has itself been killed, and terraform would die of the
broken output pipe before it could save anything. So this small process stands between them: it
passes output on, asks once when its standard input closes, a byte arrives on it, or the harness is
gone, kills what is left after a grace time, and never leaves a provider plugin behind.

Runs isolated from site packages: it starts in a few milliseconds and imports nothing of ours.
Usage: supervisor.py GRACE_SECONDS COMMAND [ARGUMENT...]
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PARENT_CHECK_SECONDS = 1.0
_CHUNK_BYTES = 65_536


def _die_with_parent() -> None:
    """Have the kernel interrupt terraform if this supervisor is killed outright (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def _wake_on_signals() -> int:
    """Return a descriptor that becomes readable when a signal arrives, such as a child's end.

    Interrupts are handled, not ignored: what is ignored stays ignored in terraform.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: None)
    signal.set_wakeup_fd(writing)
    return reading


class _Supervisor:
    """One running command: relays, listens for the wish to stop, and stops it at most once."""

    def __init__(self, grace_seconds: float, command: list[str]) -> None:
        self.parent = os.getppid()
        self.grace_seconds = grace_seconds
        self.kill_at: float | None = None
        self.control_open = True
        self.reader_gone = False
        self.signalled = _wake_on_signals()
        self.child = subprocess.Popen(  # noqa: S603 - the harness's own argument list
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # safe: this process has one thread
        )

    def run(self) -> int:
        """Relay output until terraform closes it, and return terraform's exit code."""
        assert self.child.stdout is not None  # noqa: S101 - narrows the type: asked for a pipe
        output = self.child.stdout.fileno()
        while self._step(output):
            pass
        code = self._wait()
        self._kill_group()
        return code if code >= 0 else 128 - code

    def _step(self, output: int) -> bool:
        watched = [output, self.signalled, *([0] if self.control_open else [])]
        ready, _, _ = select.select(watched, [], [], _PARENT_CHECK_SECONDS)
        if self.signalled in ready:
            os.read(self.signalled, _CHUNK_BYTES)
            if self.child.poll() is not None:
                self._kill_group()  # a plugin that outlived terraform may hold its output open
        if 0 in ready:
            self.control_open = bool(os.read(0, 1)) and self.control_open
            self._stop_once()
        if os.getppid() != self.parent:
            self._stop_once()
        if self.kill_at is not None and time.monotonic() >= self.kill_at:
            self._kill_group()
        if output not in ready:
            return True
        chunk = os.read(output, _CHUNK_BYTES)
        self._pass_on(chunk)
        return bool(chunk)

    def _wait(self) -> int:
        remaining = None
        if self.kill_at is not None:
            remaining = max(0.1, self.kill_at - time.monotonic())
        try:
            return self.child.wait(remaining)
        except subprocess.TimeoutExpired:
            self._kill_group()
            return self.child.wait()

    def _stop_once(self) -> None:
        if self.kill_at is None:
            self.kill_at = time.monotonic() + self.grace_seconds
            self.child.send_signal(signal.SIGINT)

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.child.pid, signal.SIGKILL)

    def _pass_on(self, chunk: bytes) -> None:
        while chunk and not self.reader_gone:
            try:
                chunk = chunk[os.write(1, chunk) :]
            except BrokenPipeError:
                self.reader_gone = True


def main(arguments: list[str]) -> int:
    """Supervise one command and return its exit code."""
    grace, *command = arguments
    try:
        return _Supervisor(float(grace), command).run()
    except FileNotFoundError as error:
        sys.stderr.write(f"{Path(command[0]).name} can't be started: {error}\n")
        return 127


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
