"""What overload does without throttling and with it: tables, a chart, and the figures to watch."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console

from harness.bench.figures import Figure
from harness.overload.measure import CROWD, measure
from harness.overload.named import CAPACITY, LEGACY
from harness.overload.report import tables, write
from harness.platform import REPOSITORY

if TYPE_CHECKING:
    from harness.overload.measure import Overload

DIRECTORY = REPOSITORY / "build" / "overload"
DOUBLE, CALM = "2x for 8 s", "0.8x for 8 s"


def overload_figures() -> list[Figure]:
    """Run all shapes against all backends, print the tables, and write the page."""
    # A log has no width of its own, and narrower the table would lose its figures.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    found = measure(lambda what: console.print(f"[dim]overload: {what}[/dim]"))
    for table in tables(found):
        console.print(table)
    write(found, DIRECTORY)
    console.print(f"Chart and page: {(DIRECTORY / 'index.html').relative_to(REPOSITORY)}\n")
    return figures(found)


def figures(found: Overload) -> list[Figure]:
    """The few figures that have an aim."""
    double, calm = found.pair(LEGACY.name, DOUBLE), found.pair(LEGACY.name, CALM)
    quiet = found.neighbours["quiet"]
    void = f" ({found.void} runs are void)" if found.void else ""
    in_flight = "not measured" if found.crowd is None else str(found.crowd.books["peak"])
    faults = "; ".join(found.crowd.faults) if found.crowd else found.crowd_failed
    return [
        Figure(
            f"Goodput at twice the capacity, throttled{void}",
            f"{double.on.goodput / CAPACITY:.0%}",
            f"{double.off.goodput / CAPACITY:.0%} of the capacity, not throttled",
            double.on.goodput / double.off.goodput if double.off.goodput else None,
            "95 % of capacity",
        ),
        Figure(
            "Transactions failed at 0.8 times the capacity, throttled",
            str(calm.on.failed),
            f"{calm.on.offered} offered",
            None,
            "0",
        ),
        Figure(
            "Transactions that the quiet merchant lost",
            str(quiet.failed),
            f"{quiet.offered}, beside one at ten times its plan",
            None,
            "0",
        ),
        Figure(
            "Transactions in flight at one time, each charged once",
            in_flight,
            faults or "books agree, ledger sums to 0",
            None,
            str(CROWD),
        ),
    ]
