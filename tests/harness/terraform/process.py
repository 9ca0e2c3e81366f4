"""Runs one terraform command under the supervisor and hands over its output line by line."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_SUPERVISOR = Path(__file__).with_name("supervisor.py")
_CHUNK_BYTES = 65_536


class CommandTimeoutError(Exception):
    """The command ran out of its time and was stopped."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"stopped after {seconds:g} seconds")


def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    stderr: Path,
    on_line: Callable[[str], None],
    timeout_seconds: float,
    grace_seconds: float,
) -> int:
    """Run `argv`, call `on_line` for each line of its standard output, return its exit code.

    Whatever ends the wait early (Ctrl-C, SIGTERM, the timeout, an exception of `on_line`), the
    command gets one SIGINT and `grace_seconds` to finish before it is killed, and the cause is
    raised again once no process is left.

    Raises:
        CommandTimeoutError: after `timeout_seconds`.
    """
    with stderr.open("wb") as errors, _termination_raises():
        process = subprocess.Popen(  # noqa: S603 - the argument list is ours; no shell reads it
            [sys.executable, "-I", "-S", str(_SUPERVISOR), str(grace_seconds), *argv],
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
        try:
            for line in _lines(process, time.monotonic() + timeout_seconds):
                on_line(line)
        except TimeoutError:
            raise CommandTimeoutError(timeout_seconds) from None
        finally:
            code = _finish(process, on_line)
    return code


def _lines(process: subprocess.Popen[bytes], deadline: float | None = None) -> Iterator[str]:
    """Yield lines as they arrive until the output closes or `deadline` (monotonic) passes."""
    assert process.stdout is not None  # noqa: S101 - narrows the type: asked for a pipe
    descriptor = process.stdout.fileno()
    pending = b""
    while True:
        patience = None if deadline is None else max(0.0, deadline - time.monotonic())
        ready, _, _ = select.select([descriptor], [], [], patience)
        if not ready:
            raise TimeoutError
        chunk = os.read(descriptor, _CHUNK_BYTES)
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace")
        if not chunk:
            break
    if pending:
        yield pending.decode(errors="replace")


def _finish(process: subprocess.Popen[bytes], on_line: Callable[[str], None]) -> int:
    """Ask for a stop if it still runs, and wait; impatient repeats of Ctrl-C change nothing."""
    assert process.stdin is not None  # noqa: S101 - narrows the type: asked for a pipe
    process.stdin.close()
    while True:
        with contextlib.suppress(KeyboardInterrupt, SystemExit):
            for line in _lines(process):
                with contextlib.suppress(Exception):
                    on_line(line)
            code = process.wait()
            if process.stdout is not None:
                process.stdout.close()
            return code


@contextlib.contextmanager
def _termination_raises() -> Iterator[None]:
    """Let SIGTERM unwind the stack as Ctrl-C does, unless somebody else handles it."""
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def terminate(number: int, _frame: object) -> NoReturn:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
