"""What a person reads while a pipeline runs: a line for each stage, with what it decided."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.markup import escape

from harness.aws.pipelines import FAILED, SKIPPED, SUCCEEDED
from harness.console import HEARTBEAT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console
    from rich.status import Status

    from harness.aws.pipelines import Execution
    from harness.pipeline.build import Built
    from harness.pipeline.conditions import Verdict
    from harness.pipeline.deployed import Action, Stage

DIGEST_CHARACTERS = 12
_DIGEST = ("build", "RELEASE_DIGEST")
_NAME_WIDTH = 14
_REFUSED = "REFUSED "
_REFUSAL_ENDS = "  may override: "
_TAIL_LINES = 15
_MARKS = {
    SUCCEEDED: "[green]✓[/green]",
    SKIPPED: "[dim]-[/dim]",
    FAILED: "[red]✗[/red]",
}


def digest_of(execution: Execution) -> str | None:
    """Return the release's digest, once its stage has told it."""
    namespace, name = _DIGEST
    for run in reversed(execution.actions):
        if run.declaration.get("namespace") == namespace and name in run.variables:
            return run.variables[name]
    return None


def approvers_of(execution: Execution, stage: str) -> list[str]:
    """Return who approved in a stage: `action by session`."""
    return [
        f"{run.name} by {run.updated_by.rpartition('/')[2]}"
        for run in execution.actions
        if run.stage == stage and run.token and run.updated_by and run.status == SUCCEEDED
    ]


def reasons(execution: Execution, builds: Mapping[str, Built]) -> list[str]:
    """Say why an execution ended: a rule's refusal, or what its build wrote last."""
    said = [f"✗ {execution.status_summary or execution.status}"]
    for run in execution.actions:
        built = builds.get(run.id)
        if run.status != FAILED or built is None:
            continue
        refused = [at for at, line in enumerate(built.lines) if line.startswith(_REFUSED)]
        shown: Sequence[str] = built.lines[-_TAIL_LINES:]
        if refused:
            shown = _whole(built.lines[refused[-1] :])
        said += [f"    {line}" for line in shown]
    return said


def _whole(lines: list[str]) -> list[str]:
    """Cut lines that begin with a refusal after its last one: its evidence may be a list."""
    ends = (at for at, line in enumerate(lines, 1) if line.startswith(_REFUSAL_ENDS))
    return lines[: next(ends, len(lines))]


@dataclass
class Report:
    """Prints a line for each stage that has ended; a listener of a runner.

    Attributes:
        seconds: how long each stage took, by its name.
    """

    console: Console
    seconds: dict[str, float] = field(default_factory=dict)
    _status: Status | None = None
    _title: str = ""
    _notes: dict[str, list[str]] = field(default_factory=dict)
    _spoke: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def began(self, execution: Execution, stage: Stage) -> None:
        """Show which stage runs."""
        self._title = f"{stage.name} (goes back)" if execution.rolls_back_to else stage.name
        self._spoke = time.monotonic()
        self._status = self.console.status(f"[bold]{escape(self._title)}[/bold]")
        self._status.start()

    def line(self, _action: Action, line: str) -> None:
        """Show what a build writes; a log hears of it only now and then."""
        with self._lock:
            if self._status is not None:
                self._status.update(
                    f"[bold]{escape(self._title)}[/bold]  [dim]{escape(line[:90])}[/dim]"
                )
            if self.console.is_terminal or time.monotonic() - self._spoke < HEARTBEAT_SECONDS:
                return
            self._spoke = time.monotonic()
            self.console.print(f"        {escape(line[:96])}")

    def judged(self, execution: Execution, stage: Stage, verdict: Verdict) -> None:  # noqa: ARG002 - signature of listeners
        """Keep what a condition's rule said for the stage's line."""
        self._notes.setdefault(stage.name, []).append(verdict.summary)

    def ended(self, execution: Execution, stage: Stage, seconds: float) -> None:
        """Print the stage's line, and what it says about itself below."""
        if self._status is not None:
            self._status.stop()
            self._status = None
        self.seconds[stage.name] = self.seconds.get(stage.name, 0) + seconds
        status = execution.stages[stage.name]
        mark = _MARKS.get(status, "[yellow]?[/yellow]")
        digest = digest_of(execution)
        parts = [f"{mark} {self._title:<{_NAME_WIDTH}}{seconds:>7.1f} s"]
        parts.append(f"release {digest[:DIGEST_CHARACTERS]}" if digest else "")
        if approved := approvers_of(execution, stage.name):
            parts.append(f"approved: {', '.join(approved)}")
        if status == SKIPPED:
            parts.append("skipped")
        self.console.print("  ".join(part for part in parts if part))
        for note in self._notes.pop(stage.name, []):
            self.console.print(f"    [dim]{escape(note)}[/dim]")
