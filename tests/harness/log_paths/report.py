"""The paths as a table for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.log_paths.paths import LogPath


def table(paths: Iterable[LogPath]) -> Table:
    """Show each source with its way; orphans come first, and say why they are."""
    rows = sorted(paths, key=lambda path: (not path.problem, path.source.kind, path.source.address))
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("What logs", "", "Which", "Where it ends"):
        shown.add_column(name, overflow="fold")
    for path in rows:
        end = f"[red]{escape(path.problem)}[/red]" if path.problem else _end(path)
        # The last module tells enough, and its path would fold every line.
        address = path.source.address.rpartition("module.")[2]
        shown.add_row(path.source.kind, escape(address), path.source.logs, end)
    return shown


def _end(path: LogPath) -> str:
    return escape(f"{path.steps[-1].rpartition('.')[2]}, {path.lock}")
