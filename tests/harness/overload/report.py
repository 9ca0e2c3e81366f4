"""The overload runs as tables for a terminal, as JSON, and as a page with a chart."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from rich.table import Table

from harness.overload.chart import chart
from harness.overload.named import BACKENDS, CAPACITY, LEGACY
from harness.overload.tally import MOST_LAG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.overload.measure import Overload, Pair
    from harness.overload.tally import Tally

COLUMNS = (
    "backend",
    "load",
    "throttled",
    "offered",
    "goodput",
    "failed",
    "p50",
    "p99",
    "retries",
    "avoided",
    "at best",
)
HOLDS_FROM = 0.30
_TEMPLATES = Path(__file__).parent / "templates"


def tables(found: Overload) -> Iterator[Table | str]:
    """What the terminal is shown."""
    overview = Table(
        min_width=108, box=None, padding=(0, 1, 0, 0), title="Overload", title_justify="left"
    )
    for number, column in enumerate(COLUMNS):
        overview.add_column(column, justify="left" if number < 3 else "right", no_wrap=True)
    for cells in rows(found):
        overview.add_row(*cells)
    yield overview
    yield from notes(found)


def rows(found: Overload) -> Iterator[tuple[str, ...]]:
    """Two rows for each shape, without throttling and with it."""
    for pair in found.pairs:
        off, on = (_cells(run) for run in (pair.off, pair.on))
        yield (pair.backend, pair.shape.name, "no", *off, "", "")
        yield ("", "", "yes", *on, _share(pair.avoided), _best(pair))


def notes(found: Overload) -> Iterator[str]:
    """What the table doesn't say."""
    machine = found.machine
    yield (
        f"Capacity {CAPACITY:g} transactions/s. Goodput is of the capacity; latencies are of "
        "transactions that succeeded, from the intended time. A short run may show a little more "
        "than the capacity, since it begins with everything free. "
        f"{machine['cpus']} CPUs, load {machine['load_before']} before."
    )
    if found.void:
        yield (
            f"Void runs (marked !): {found.void}. The generator was more than "
            f"{MOST_LAG * 1000:.0f} ms late at p99; measure where nothing else runs."
        )
    quiet, noisy = found.neighbours["quiet"], found.neighbours["noisy"]
    yield (
        f"Beside a noisy merchant that sends ten times its plan ({noisy.offered} transactions, "
        f"{noisy.refused} attempts refused), the quiet one lost {quiet.failed} of {quiet.offered}."
    )
    yield crowd_note(found)


def crowd_note(found: Overload) -> str:
    """What became of the transactions in flight at once."""
    crowd = found.crowd
    if crowd is None:
        return f"The transactions in flight at once can't be told: {found.crowd_failed}"
    said = (
        f"{crowd.books['peak']} of {crowd.count} transactions were in flight at one time, "
        f"{crowd.copies} requests sent twice: {crowd.books['orders_authorized']} orders charged by "
        f"{crowd.books['authorizations']} authorizations and {crowd.books['captures']} captures, "
        f"ledger sum {crowd.books['ledger_sum']}, {crowd.memory:.0f} MiB, {crowd.seconds:.0f} s."
    )
    return said if not crowd.faults else f"{said} Not as it must be: {'; '.join(crowd.faults)}"


def document(found: Overload) -> dict[str, Any]:
    """Everything as JSON."""
    crowd = found.crowd
    return {
        "machine": dict(found.machine),
        "capacity": CAPACITY,
        "void_runs": found.void,
        "runs": [pair.document() for pair in found.pairs],
        "neighbours": {name: run.document() for name, run in found.neighbours.items()},
        "crowd": {**asdict(crowd), "faults": crowd.faults} if crowd else found.crowd_failed,
    }


def write(found: Overload, directory: Path) -> None:
    """Write ``results.json``, ``overload.svg`` and ``index.html``."""
    directory.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_without_nan(document(found)), indent=1)
    (directory / "results.json").write_text(text + "\n", encoding="utf-8")
    drawn = chart(found)
    (directory / "overload.svg").write_text(drawn, encoding="utf-8")
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined
    )
    page = environment.get_template("overload.html.j2").render(
        found=found,
        chart=Markup(drawn),  # noqa: S704 - drawn by us
        columns=COLUMNS,
        rows=list(rows(found)),
        notes=list(notes(found)),
        backends=BACKENDS,
        capacity=CAPACITY,
        claim=claim(found),
    )
    (directory / "index.html").write_text(page, encoding="utf-8")


def claim(found: Overload) -> dict[str, list[str]]:
    """Under which loads throttling avoids 30 % of the failures, and under which it doesn't.

    Void runs say nothing.
    """
    held: dict[str, list[str]] = {"holds": [], "not": []}
    for pair in found.pairs:
        if pair.avoided is not None and pair.backend == LEGACY.name and not pair.void:
            verdict = "holds" if pair.avoided >= HOLDS_FROM else "not"
            held[verdict].append(f"{pair.shape.name} ({_share(pair.avoided)})")
    return held


def _cells(run: Tally) -> tuple[str, ...]:
    mark = "!" if run.void else ""
    return (
        f"{mark}{run.offered}",
        f"{run.goodput / CAPACITY:.0%}",
        f"{run.failed_share:.1%}" if run.failed else "0",
        _ms(run.p50),
        _ms(run.p99),
        str(run.retries),
    )


def _ms(seconds: float) -> str:
    return "" if math.isnan(seconds) else f"{seconds * 1000:.0f} ms"


def _share(share: float | None) -> str:
    return "" if share is None else f"{round(share, 2) or 0.0:.0%}"


def _best(pair: Pair) -> str:
    return "" if pair.shape.spike else _share(pair.shape.best_avoided)


def _without_nan(value: Any) -> Any:
    """JSON knows no NaN."""
    if isinstance(value, dict):
        return {name: _without_nan(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value
