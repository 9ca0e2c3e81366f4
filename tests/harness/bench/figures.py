"""What the bench prints: one figure a line, ours beside what it was measured with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement; `ratio` is None where there is nothing to divide by."""

    name: str
    ours: str
    reference: str
    ratio: float | None
    aim: str


def table(figures: Iterable[Figure]) -> Table:
    """Lay figures out for a terminal."""
    result = Table(box=None, padding=(0, 2, 0, 0))
    result.add_column("figure", overflow="fold")
    result.add_column("ours", justify="right", no_wrap=True)
    result.add_column("beside", overflow="fold")
    result.add_column("ratio", justify="right", no_wrap=True)
    result.add_column("aim", no_wrap=True)
    for figure in figures:
        ratio = "" if figure.ratio is None else f"{figure.ratio:.1f}"
        result.add_row(figure.name, figure.ours, figure.reference, ratio, figure.aim)
    return result
