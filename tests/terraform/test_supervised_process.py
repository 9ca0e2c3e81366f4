"""One command under the supervisor: its output, its one interrupt, and nothing left behind."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from harness.terraform import process
from harness.terraform.process import CommandTimeoutError

WAIT_SECONDS = 20

# Stands in for terraform: counts interrupts, ends on the first after finishing its work, and has
# a plugin process that ignores interrupts, as providers do.
COMMAND = """
import os, signal, subprocess, sys, time
interrupts = []
signal.signal(signal.SIGINT, lambda *_: interrupts.append(1))
plugin = subprocess.Popen([sys.executable, "-c", "import signal, time;"
    "signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(600)"])
print("pids", os.getpid(), plugin.pid, flush=True)
while not interrupts:
    time.sleep(0.02)
time.sleep(0.3)
with open(sys.argv[1], "w") as state:
    state.write(f"saved after {len(interrupts)} interrupt")
print("stopped", flush=True)
"""

STUBBORN = COMMAND.replace("while not interrupts", "while True")


class Command:
    """Runs a stand-in under the supervisor and remembers its lines and processes."""

    def __init__(self, script: str, directory: Path) -> None:
        self.lines: list[str] = []
        self.state = directory / "state"
        self.directory = directory
        self.script = script
        self.on_start: Callable[[], None] = lambda: None

    def run(self, *, timeout_seconds: float = WAIT_SECONDS, grace_seconds: float = 10) -> int:
        return process.run(
            [sys.executable, "-c", self.script, str(self.state)],
            cwd=self.directory,
            environment=os.environ,
            stderr=self.directory / "stderr",
            on_line=self._line,
            timeout_seconds=timeout_seconds,
            grace_seconds=grace_seconds,
        )

    def _line(self, line: str) -> None:
        self.lines.append(line)
        if line.startswith("pids"):
            self.on_start()

    @property
    def processes(self) -> list[psutil.Process]:
        """Those of its processes that still live."""
        pids = [
            int(pid) for line in self.lines if line.startswith("pids") for pid in line[4:].split()
        ]
        assert pids, "the command never started"
        return [psutil.Process(pid) for pid in pids if is_alive(pid)]


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that is dead and not yet collected doesn't."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(COMMAND, tmp_path)


@pytest.fixture
def stubborn(tmp_path: Path) -> Iterator[Command]:
    command = Command(STUBBORN, tmp_path)
    yield command
    for survivor in command.processes:
        survivor.kill()


def interrupt(times: int = 1) -> None:
    """Press Ctrl-C from another thread, so that it meets the main thread waiting."""

    def press() -> None:
        for _ in range(times):
            os.kill(os.getpid(), signal.SIGINT)
            threading.Event().wait(0.05)

    threading.Thread(target=press).start()


def test_output_arrives_line_by_line_and_the_exit_code_is_kept(tmp_path: Path) -> None:
    script = "import sys; print('one'); print('två', end=''); sys.exit(7)"
    command = Command(script, tmp_path)
    assert command.run() == 7
    assert command.lines == ["one", "två"]


def test_long_output_is_whole(tmp_path: Path) -> None:
    command = Command("print('x' * 300_000); print('end')", tmp_path)
    assert command.run() == 0
    assert [len(line) for line in command.lines] == [300_000, 3]


def test_a_command_that_does_not_exist_is_reported(tmp_path: Path) -> None:
    code = process.run(
        ["/nowhere/terraform"],
        cwd=tmp_path,
        environment={},
        stderr=tmp_path / "stderr",
        on_line=print,
        timeout_seconds=WAIT_SECONDS,
        grace_seconds=1,
    )
    assert code == 127
    assert "terraform can't be started" in (tmp_path / "stderr").read_text()


@pytest.mark.parametrize("times", [1, 4])
def test_ctrl_c_however_often_asks_once_and_waits(command: Command, times: int) -> None:
    command.on_start = lambda: interrupt(times)
    with pytest.raises(KeyboardInterrupt):
        command.run()
    assert command.state.read_text() == "saved after 1 interrupt"
    assert command.lines[-1] == "stopped"
    assert not command.processes


def test_sigterm_asks_once_and_waits(command: Command) -> None:
    command.on_start = lambda: os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(SystemExit) as caught:
        command.run()
    assert caught.value.code == 128 + signal.SIGTERM
    assert command.state.read_text() == "saved after 1 interrupt"
    assert not command.processes
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_failing_callback_stops_the_command(command: Command) -> None:
    def fail() -> None:
        raise ValueError("no room on the screen")

    command.on_start = fail
    with pytest.raises(ValueError, match="no room"):
        command.run()
    assert command.state.read_text() == "saved after 1 interrupt"
    assert not command.processes


def test_the_timeout_stops_the_command(command: Command) -> None:
    with pytest.raises(CommandTimeoutError, match="after 5 seconds"):
        command.run(timeout_seconds=5.0)
    assert command.state.read_text() == "saved after 1 interrupt"
    assert not command.processes


def test_what_does_not_stop_is_killed_after_the_grace_time(stubborn: Command) -> None:
    with pytest.raises(CommandTimeoutError):
        stubborn.run(timeout_seconds=5.0, grace_seconds=0.5)
    assert not stubborn.state.exists()
    assert not stubborn.processes


PARENT = """
import os, sys
from pathlib import Path
from harness.terraform import process
process.run(sys.argv[2:], cwd=Path(sys.argv[1]), environment=os.environ,
    stderr=Path(sys.argv[1]) / "stderr", on_line=lambda line: print(line, flush=True),
    timeout_seconds=60, grace_seconds=10)
"""


def test_killing_the_harness_lets_the_command_finish(tmp_path: Path) -> None:
    state = tmp_path / "state"
    # Slow enough to end for a supervisor that asks at every look after its parent to ask again.
    slow = COMMAND.replace("time.sleep(0.3)", "time.sleep(1.5)")
    arguments = [str(tmp_path), sys.executable, "-c", slow, str(state)]
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, *arguments], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        _, *pids = parent.stdout.readline().split()
        watched = [psutil.Process(int(pid)) for pid in pids]
        parent.kill()
    _, alive = psutil.wait_procs(watched, timeout=WAIT_SECONDS)
    assert not alive
    assert state.read_text() == "saved after 1 interrupt"
