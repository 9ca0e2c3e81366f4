"""Shows the progress of Terraform to a person at a terminal, or line by line in a log."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from harness.terraform.progress import Progress, ProgressKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.terraform.progress import ProgressCallback

_DOING = {"create": "creating", "update": "updating", "delete": "destroying"}
_DID = {"create": "created", "update": "updated", "delete": "destroyed"}


def describe(step: Progress) -> str:
    """Return one line about a step, or an empty string for one that is not worth a line."""
    count = f"{step.completed}/{step.total if step.total is not None else '?'}"
    doing = _DOING.get(step.action, step.action)
    elapsed = f"{step.elapsed_seconds:.0f} s"
    match step.kind:
        case ProgressKind.COUNTED:
            return f"{step.command}: {step.total} changes"
        case ProgressKind.DONE:
            did = _DID.get(step.action, step.action)
            return f"{step.command} {count} {step.address} {did} in {elapsed}"
        case ProgressKind.RUNNING:
            return (
                f"{step.command} {count} {step.address} still {doing}, {step.elapsed_seconds:.0f} s"
            )
        case ProgressKind.FAILED:
            return f"{step.command} {count} {step.address} failed {doing}"
        case ProgressKind.STARTED:
            return ""


@contextlib.contextmanager
def show_progress(console: Console | None = None, *, title: str = "") -> Iterator[ProgressCallback]:
    """Give a callback for `progress=`: a bar on a terminal, plain lines anywhere else."""
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield lambda step: _print_line(console, step)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[current]}"),
    )
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task(title or "terraform", total=None, current="")

        def update(step: Progress) -> None:
            others = f" and {len(step.in_progress) - 1} more" if len(step.in_progress) > 1 else ""
            current = f"{step.in_progress[0]}{others}" if step.in_progress else ""
            bar.update(
                task,
                description=title or step.command,
                total=step.total,
                completed=step.completed,
                current=current,
            )

        yield update


def _print_line(console: Console, step: Progress) -> None:
    line = describe(step)
    if line:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
