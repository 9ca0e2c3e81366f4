"""What a person reads while long work runs: numbered steps, live where there is a terminal."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.markup import escape

from harness.terraform import Progress, ProgressKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.status import Status

# How often a log without a terminal hears from work that goes on, in seconds.
HEARTBEAT_SECONDS = 15.0


class Step:
    """One step under way; `update` says what it does now, `done` what it came to."""

    def __init__(self, console: Console, title: str, status: Status) -> None:
        self._console = console
        self._title = title
        self._status = status
        self._spoke = time.monotonic()
        self.result = ""

    def update(self, detail: str) -> None:
        """Show what happens now; a log gets a line only now and then."""
        self._status.update(f"{self._title}  [dim]{escape(detail)}[/dim]")
        if not self._console.is_terminal and time.monotonic() - self._spoke > HEARTBEAT_SECONDS:
            self._spoke = time.monotonic()
            self._console.print(f"        {escape(detail)}")

    def done(self, result: str) -> None:
        """Set what the step's closing line says."""
        self.result = result

    def terraform(self, progress: Progress) -> None:
        """Follow a Terraform command; to be handed to it as its progress callback."""
        if progress.kind is ProgressKind.COUNTED and not progress.total:
            return
        total = f"/{progress.total}" if progress.total else ""
        waiting = ""
        if progress.in_progress:
            others = len(progress.in_progress) - 1
            waiting = f"  {progress.in_progress[0].rpartition('module.')[2]}"
            waiting += f" and {others} more" if others else ""
        self.update(f"{progress.command} {progress.completed}{total}{waiting}")


@dataclass
class Steps:
    """Numbers the steps of a piece of work and times each."""

    console: Console
    total: int
    count: int = 0

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Announce a step, run it, and print its closing line unless it raises."""
        self.count += 1
        label = f"[bold]{self.count}/{self.total}[/bold] {escape(title)}"
        started = time.monotonic()
        with self.console.status(label) as status:
            step = Step(self.console, label, status)
            if not self.console.is_terminal:
                self.console.print(label)
            yield step
        seconds = time.monotonic() - started
        mark = "[green]✓[/green]"
        result = f"  {escape(step.result)}" if step.result else ""
        self.console.print(f"{mark} {label}{result}  [dim]{seconds:.1f} s[/dim]")
