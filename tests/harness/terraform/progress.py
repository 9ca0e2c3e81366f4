"""Follows Terraform's JSON user interface: what starts, what ends, how much is left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class ProgressKind(StrEnum):
    """What happened to a resource, or to the command as a whole."""

    STARTED = "started"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    COUNTED = "counted"
    """Terraform knows how many changes it will make: `total` is set from here on."""


@dataclass(frozen=True)
class Progress:
    """One step of a running command."""

    command: str
    kind: ProgressKind
    address: str = ""
    action: str = ""
    """`create`, `update` or `delete`; empty for the command as a whole."""
    elapsed_seconds: float = 0.0
    completed: int = 0
    total: int | None = None
    in_progress: tuple[str, ...] = ()


ProgressCallback = Callable[[Progress], None]

observers: list[ProgressCallback] = []
"""Told every step of every root of this process, in whichever thread it happens."""

_KINDS = {
    "apply_start": ProgressKind.STARTED,
    "apply_progress": ProgressKind.RUNNING,
    "apply_complete": ProgressKind.DONE,
    "apply_errored": ProgressKind.FAILED,
}


class ProgressTracker:
    """Turns the events of one command into `Progress`, and remembers what is unfinished."""

    def __init__(
        self, command: str, callback: ProgressCallback | None = None, total: int | None = None
    ) -> None:
        self.command = command
        self.callback = callback
        self.completed = 0
        self.total = total
        self.changes: dict[str, int] = {}
        self._running: dict[str, float] = {}
        self._failed: dict[str, float] = {}

    @property
    def unfinished(self) -> tuple[str, ...]:
        """Addresses begun and not done, with the seconds they have taken, longest first."""
        oldest = sorted((self._running | self._failed).items(), key=lambda item: -item[1])
        return tuple(f"{address} ({seconds:.0f} s)" for address, seconds in oldest)

    def feed(self, event: Mapping[str, Any]) -> None:
        """Take one event of the JSON user interface; unknown ones are passed over."""
        kind = _KINDS.get(event.get("type", ""))
        if kind is not None:
            self._resource(kind, event["hook"])
        elif event.get("type") == "change_summary":
            self._summary(event["changes"])

    def _resource(self, kind: ProgressKind, hook: Mapping[str, Any]) -> None:
        address, action = hook["resource"]["addr"], hook["action"]
        if action == "read":  # data sources count neither in the plan nor here
            return
        elapsed = float(hook.get("elapsed_seconds", 0))
        if kind in (ProgressKind.STARTED, ProgressKind.RUNNING):
            self._running[address] = elapsed
        else:
            self._running.pop(address, None)
            self.completed += kind is ProgressKind.DONE
            if kind is ProgressKind.FAILED:
                self._failed[address] = elapsed
        self._tell(kind, address, action, elapsed)

    def _summary(self, changes: Mapping[str, Any]) -> None:
        self.changes = {name: value for name, value in changes.items() if isinstance(value, int)}
        if changes.get("operation") == "plan":
            self.total = sum(self.changes.get(name, 0) for name in ("add", "change", "remove"))
            self._tell(ProgressKind.COUNTED)

    def _tell(
        self, kind: ProgressKind, address: str = "", action: str = "", elapsed: float = 0.0
    ) -> None:
        step = Progress(
            command=self.command,
            kind=kind,
            address=address,
            action=action,
            elapsed_seconds=elapsed,
            completed=self.completed,
            total=self.total,
            in_progress=tuple(self._running),
        )
        for tell in (*observers, *([self.callback] if self.callback else [])):
            tell(step)
