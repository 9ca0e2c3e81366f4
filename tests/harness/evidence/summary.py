"""What `make evidence` tells a person at its end."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from harness.evidence import pack
from pci_dss.catalogue import catalogue
from pci_dss.evidence.model import Status
from pci_dss.evidence.trend import standing
from pci_dss.matrix import TEST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rich.console import Console

    from harness.evidence.run import Made
    from pci_dss.catalogue import Catalogue
    from pci_dss.evidence.delta import Delta
    from pci_dss.evidence.model import Evidence

COLOURS = {
    Status.FAIL: "red",
    Status.NOT_EVALUATED: "magenta",
    Status.EXCEPTION: "yellow",
    Status.MANUAL: "cyan",
    Status.PASS: "green",
}

WIDE = 100
"""Columns from which on there is room for titles."""


def show(made: Made, directory: Path, console: Console) -> None:
    """Print the table of requirements, what changed, and where the pack is."""
    rows = made.evidence.rows
    console.print()
    console.print(table(made.evidence, catalogue(), titles=console.width >= WIDE))
    if unrun := sum(row.check == TEST and row.status == Status.NOT_EVALUATED for row in rows):
        console.print(
            f"\n{unrun} of those not evaluated are tests that weren't run on these files: "
            "`make test` runs them, and the next pack says how they ended.",
            soft_wrap=True,
        )
    for line in failing(made.evidence):
        console.print(line, soft_wrap=True)
    if made.changed:
        show_delta(made.changed, console)
    console.print(f"\nPack: {escape(str(directory / pack.PAGE))}")
    console.print(
        f"Verify offline: python3 {escape(str(directory))}/verify.py {escape(str(directory))} "
        f"--fingerprint {made.fingerprint}",
        soft_wrap=True,
    )
    for problem in made.problems:
        console.print(f"[red]✗[/red] {escape(problem)}")


def failing(evidence: Evidence) -> Iterator[str]:
    """Name what fails with its address, each resource once, and what mends it."""
    numbers: dict[tuple[str, str, str], list[str]] = {}
    failed = [row for row in evidence.rows if row.status == Status.FAIL]
    for row in failed:
        numbers.setdefault((row.check, row.environment, row.subject), []).append(row.requirement)
    told = {(row.check, row.environment, row.subject): row for row in failed}
    for key, row in told.items():
        place = f" ({row.file}:{row.line})" if row.file else ""
        yield (
            f"\n[red]FAIL[/red] {', '.join(numbers[key])} [bold]{row.check}[/bold] "
            f"{escape(f'{row.environment} {row.subject}'.strip())}{escape(place)}"
        )
        yield f"     {escape('; '.join(row.reasons) or row.title)}"
        if row.fix:
            yield f"     Fix: {escape(row.fix)}"


def show_delta(changed: Delta, console: Console) -> None:
    """Print what changed, as long lines as they are."""
    console.print()
    for line in changed.lines():
        console.print(escape(line), soft_wrap=True)


def table(evidence: Evidence, expected: Catalogue, *, titles: bool = True) -> Table:
    """Show each requirement, with its title where there is room, and how many rows say what."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column(expected.standard, no_wrap=True)
    if titles:
        shown.add_column("", overflow="ellipsis", max_width=36, no_wrap=True)
    for status in COLOURS:
        shown.add_column(_head(status), justify="right", no_wrap=True)
    shown.add_column("stands at", no_wrap=True)
    stands = standing(evidence)
    for requirement, rows in evidence.by_requirement():
        counts = Counter(row.status for row in rows)
        status = stands[requirement]
        title = escape(expected.requirements[requirement].title)
        shown.add_row(
            requirement,
            *([title] if titles else []),
            *(str(counts[each] or "") for each in COLOURS),
            f"[{COLOURS[status]}]{status}[/{COLOURS[status]}]",
        )
    total = evidence.counts()
    of_all = [f"{len(stands)} requirements"] if titles else []
    shown.add_row("all", *of_all, *(str(total[each]) for each in COLOURS), "")
    return shown


def _head(status: Status) -> str:
    return {Status.NOT_EVALUATED: "not\nevaluated"}.get(status, status.lower())
