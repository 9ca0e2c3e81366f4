"""The tables, the chart and the page, from runs in virtual time."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from rich.console import Console

from harness.bench.overload import figures
from harness.overload.measure import NOISY, QUIET, SHAPES, Overload, Pair
from harness.overload.named import BACKENDS, LEGACY
from harness.overload.report import COLUMNS, claim, rows, tables, write
from harness.overload.shapes import spike, sustained
from harness.overload.tally import avoided
from harness.testing.browser import SCREENSHOTS, running_browser

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.overload.named import Named
    from harness.overload.shapes import Shape
    from harness.overload.tally import Tally

    Run = Callable[[Named, Shape, bool], Tally]

MACHINE = {"cpus": 2, "python": "3.11.7", "system": "Linux x86_64", "load_before": 0.1}
RUN = (sustained(0.8, 8), sustained(2, 8), sustained(3, 8), spike(2), spike(5))
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def found(tally: Run) -> Overload:
    """What a bench might find; the crowd failed to be run. Only some shapes are really run."""
    pairs = []
    for backend in BACKENDS:
        for shape in SHAPES[backend.name]:
            run = shape if backend is LEGACY and shape in RUN else sustained(2, 2)
            off, on = (tally(LEGACY, run, throttled) for throttled in (False, True))
            if run is not shape:
                on = replace(on, failed=round(0.8 * off.failed))
            pairs.append(Pair(backend.name, shape, off, on, avoided(off, on)))
    calm = tally(LEGACY, sustained(0.8, 8), True)
    return Overload(MACHINE, pairs, {QUIET: calm, NOISY: pairs[4].on}, None, "too slow")


def test_each_shape_has_a_row_without_throttling_and_one_with(found: Overload) -> None:
    cells = list(rows(found))
    assert len(cells) == 2 * sum(map(len, SHAPES.values()))
    assert {len(row) for row in cells} == {len(COLUMNS)}
    at = next(number for number, row in enumerate(cells) if row[:2] == (LEGACY.name, "2x for 8 s"))
    assert cells[at][2] == "no"
    assert cells[at + 1][2] == "yes"
    assert cells[at + 1][-2:] == (f"{found.pairs[1].avoided:.0%}", "50%")


def test_void_runs_are_marked_and_counted(found: Overload) -> None:
    assert found.void == 0
    late = replace(found.pairs[1].off, lag_p99=0.5)
    pairs = [replace(found.pairs[1], off=late), *found.pairs[2:]]
    void = replace(found, pairs=pairs)
    assert (void.void, pairs[0].void) == (1, True)
    assert next(rows(void))[3].startswith("!")
    console = Console(width=160)
    with console.capture() as shown:
        for table in tables(void):
            console.print(table)
    assert "Void runs (marked !): 1." in shown.get()
    assert "too slow" in shown.get()


def test_the_claim_names_the_loads_it_holds_under(found: Overload) -> None:
    said = claim(found)
    assert [text.partition(" (")[0] for text in said["holds"]] == [
        "2x for 8 s",
        "3x for 8 s",
        "3 s of 2x over 0.6x",
        "3 s of 5x over 0.6x",
    ]
    assert said["not"]
    late = [replace(pair, on=replace(pair.on, lag_p99=0.5)) for pair in found.pairs]
    assert claim(replace(found, pairs=late)) == {"holds": [], "not": []}


def test_figures_have_what_they_aim_at(found: Overload) -> None:
    goodput, calm, quiet, crowd = figures(found)
    assert goodput.ratio is not None
    assert goodput.ratio > 3
    assert (calm.ours, quiet.ours, crowd.ours) == ("0", "0", "not measured")


def test_results_are_json_with_every_run(found: Overload, tmp_path: Path) -> None:
    write(found, tmp_path)
    results = json.loads((tmp_path / "results.json").read_text(), parse_constant=pytest.fail)
    assert len(results["runs"]) == len(found.pairs)
    assert {"off", "on", "avoided", "best_avoided", "void"} <= set(results["runs"][0])


def test_the_chart_is_an_image_that_says_what_it_shows(found: Overload, tmp_path: Path) -> None:
    write(found, tmp_path)
    root = ET.parse(tmp_path / "overload.svg").getroot()  # noqa: S314 - drawn by us
    assert root.get("role") == "img"
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert title.text
    assert description is not None
    assert "legacy-fifo, 2x for 8 s: goodput" in (description.text or "")
    texts = {element.text for element in root.iter(f"{SVG}text")}
    assert {"throttled", "not throttled", *(backend.name for backend in BACKENDS)} <= texts


def test_the_page_is_readable_in_both_themes_and_on_narrow_screens(
    found: Overload, tmp_path: Path
) -> None:
    write(found, tmp_path)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    complaints = []
    with running_browser() as browser:
        for width, dark in ((1280, False), (1280, True), (390, False)):
            context = browser.new_context(
                viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
            )
            page = context.new_page()
            page.goto((tmp_path / "index.html").as_uri())
            view = f"overload-{width}{'-dark' if dark else ''}"
            page.screenshot(path=SCREENSHOTS / f"{view}.png", full_page=True)
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                complaints.append((view, "scrolls sideways"))
            complaints += [
                (view, violation["id"])
                for violation in Axe().run(page).response["violations"]
                if violation["impact"] in ("serious", "critical")
            ]
            context.close()
    assert complaints == []
