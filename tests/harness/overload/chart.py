"""The chart of the overload runs, as SVG for both themes; colours apart for every kind of eye."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from harness.overload.named import CAPACITY, LEGACY
from harness.overload.tally import BIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.overload.measure import Overload

WIDTH, HEIGHT = 1000, 760
SPIKE_SHOWN = 5.0
_STYLE = """
#overload { --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --off: #b84a00; --on: #0067a5;
  --best: #1b1f24; --paper: #ffffff;
  font-family: system-ui, "Segoe UI", "Liberation Sans", sans-serif; font-size: 13px }
@media (prefers-color-scheme: dark) { #overload { --ink: #e6edf3; --soft: #9da7b3;
  --line: #3d444d; --off: #ff9d57; --on: #6cb6ff; --best: #e6edf3; --paper: #0d1117 } }
#overload .paper { fill: var(--paper) }
#overload text { fill: var(--ink) }
#overload .soft { fill: var(--soft); font-size: 12px }
#overload .title { font-size: 15px; font-weight: 600 }
#overload .end { text-anchor: end } #overload .mid { text-anchor: middle }
#overload .grid { stroke: var(--line); stroke-width: 1 }
#overload .aim { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 2 3 }
#overload .off, #overload .on, #overload .offered { fill: none; stroke-width: 2.5;
  stroke-linejoin: round }
#overload .off { stroke: var(--off); stroke-dasharray: 7 4 } #overload .on { stroke: var(--on) }
#overload .offered { stroke: var(--soft); stroke-width: 1.5 }
#overload .dot-off { fill: var(--off) } #overload .dot-on { fill: var(--on) }
#overload .say-off { fill: var(--off); font-weight: 600 }
#overload .say-on { fill: var(--on); font-weight: 600 }
#overload .say-on, #overload .say-off { paint-order: stroke; stroke: var(--paper);
  stroke-width: 4px; stroke-linejoin: round }
#overload .best { stroke: var(--best); stroke-width: 2.5 }
"""


@dataclass(frozen=True, slots=True)
class _Plot:
    """A rectangle to draw in; values from 0 to ``most`` grow upwards."""

    x: float
    y: float
    width: float
    height: float
    most: float

    def up(self, value: float) -> float:
        return self.y + self.height * (1 - min(value, self.most) / self.most)

    def along(self, share: float) -> float:
        return self.x + self.width * share


def chart(found: Overload) -> str:
    """Draw goodput by load, failures avoided by shape, and a spike second by second."""
    parts = [
        f'<svg id="overload" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'role="img" aria-labelledby="overload-title overload-what">',
        '<title id="overload-title">Throttling under overload</title>',
        f'<desc id="overload-what">{escape(_described(found))}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>',
        *_goodput(found),
        *_avoided(found),
        *_spike(found),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _described(found: Overload) -> str:
    return " ".join(
        f"{pair.backend}, {pair.shape.name}: goodput {pair.off.goodput / CAPACITY:.0%} of the "
        f"capacity without throttling and {pair.on.goodput / CAPACITY:.0%} with it, "
        f"{pair.avoided:.0%} of the failures avoided."
        for pair in found.pairs
        if pair.avoided is not None
    )


def _goodput(found: Overload) -> Iterable[str]:
    yield _text(20, 30, "Goodput under a lasting load, in % of the capacity", "title")
    backends = list(dict.fromkeys(pair.backend for pair in found.pairs))
    for number, backend in enumerate(backends):
        plot = _Plot(62 + number * 318, 80, 262, 190, 1.25)
        pairs = [p for p in found.pairs if p.backend == backend and not p.shape.spike]
        yield _text(plot.x, 60, backend, "say")
        for value in (0, 0.25, 0.5, 0.75, 1.0):
            yield _line(plot.x, plot.up(value), plot.x + plot.width, plot.up(value), "grid")
            yield _text(plot.x - 8, plot.up(value) + 4, f"{value:.0%}", "soft end")
        places = [plot.along((place + 0.5) / len(pairs)) for place in range(len(pairs))]
        for x, pair in zip(places, pairs, strict=True):
            yield _text(x, plot.y + plot.height + 20, f"{pair.shape.peak:g}x", "soft mid")
        for kind in ("on", "off"):  # dashes over the solid line show where they agree
            values = [getattr(pair, kind).goodput / CAPACITY for pair in pairs]
            points = [(x, plot.up(value)) for x, value in zip(places, values, strict=True)]
            yield _path(points, kind)
            yield from (_dot(x, y, kind) for x, y in points)
        if backend == LEGACY.name:
            first, last = (getattr(pairs[-1], kind).goodput / CAPACITY for kind in ("on", "off"))
            right = plot.x + plot.width
            yield _text(right, plot.up(first) - 12, "throttled", "say-on end")
            yield _text(right, plot.up(last) - 12, "not throttled", "say-off end")
    yield _text(62, 312, "load, in multiples of the capacity", "soft")


def _avoided(found: Overload) -> Iterable[str]:
    pairs = [p for p in found.pairs if p.backend == LEGACY.name and p.avoided is not None]
    yield _text(20, 362, f"Failures avoided by throttling, {LEGACY.name}", "title")
    left, width, top, step = 180, 290, 392, 38

    def at(share: float) -> float:
        return left + width * max(0.0, min(share, 1.0))

    bottom = top + step * len(pairs)
    for share in (0, 0.25, 0.5, 0.75, 1.0):
        yield _line(at(share), top, at(share), bottom, "grid")
        yield _text(at(share), bottom + 18, f"{share:.0%}", "soft mid")
    for number, pair in enumerate(pairs):
        share = pair.avoided or 0.0
        y = top + step * number + 7
        yield _text(left - 10, y + 16, pair.shape.name, "end")
        yield _bar(at(0), y, at(share) - at(0), 24)
        shown = at(share) + 8
        if not pair.shape.spike and pair.shape.best_avoided:
            best = at(pair.shape.best_avoided)
            yield _line(best, y - 3, best, y + 27, "best")
            shown = max(shown, best + 8)
        yield _text(shown, y + 16, f"{share:.0%}{' (void)' if pair.void else ''}", "say-on")
    yield _line(at(0.3), top - 4, at(0.3), bottom, "aim")
    yield _text(at(0.3), top - 9, "30 %", "soft mid")
    yield _line(left, bottom + 38, left, bottom + 54, "best")
    yield _text(left + 10, bottom + 51, "1 / load: the most to avoid if it never ended", "soft")


def _spike(found: Overload) -> Iterable[str]:
    shown = [
        pair
        for pair in found.pairs
        if pair.backend == LEGACY.name and pair.shape.spike and pair.shape.peak == SPIKE_SHOWN
    ]
    if not shown:
        return
    pair = shown[0]
    plot = _Plot(590, 400, 380, 236, SPIKE_SHOWN + 0.5)
    yield _text(548, 362, f"{pair.shape.name}, {LEGACY.name}, in % of the capacity", "title")
    for value in range(int(SPIKE_SHOWN) + 1):
        yield _line(plot.x, plot.up(value), plot.x + plot.width, plot.up(value), "grid")
        yield _text(plot.x - 8, plot.up(value) + 4, f"{value:.0%}", "soft end")
    seconds = pair.shape.seconds
    for second in range(int(seconds) + 1):
        x = plot.along(second / seconds)
        yield _text(x, plot.y + plot.height + 20, f"{second} s", "soft mid")
    yield _path(_steps(plot, [offered for offered, _ in pair.on.timeline], seconds), "offered")
    for kind in ("off", "on"):
        good = [succeeded for _, succeeded in getattr(pair, kind).timeline]
        yield _path(_steps(plot, good, seconds), kind)
    y = plot.y + plot.height + 48
    for x, kind, label in (
        (plot.x, "offered", "offered"),
        (plot.x + 110, "on", "succeeded, throttled"),
        (plot.x, "off", "succeeded, not throttled"),
    ):
        low = y + (24 if kind == "off" else 0)
        yield _line(x, low - 4, x + 30, low - 4, kind)
        yield _text(x + 38, low, label, "say-off" if kind == "off" else f"say-{kind}")


def _steps(plot: _Plot, counts: Sequence[int], seconds: float) -> list[tuple[float, float]]:
    """A line through the middles of the timeline's steps."""
    return [
        (plot.along((number + 0.5) * BIN / seconds), plot.up(count / BIN / CAPACITY))
        for number, count in enumerate(counts)
    ]


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def _path(points: Sequence[tuple[float, float]], kind: str) -> str:
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{drawn}" class="{kind}"/>'


def _dot(x: float, y: float, kind: str) -> str:
    """A square where throttled and a circle where not: told apart without colour."""
    if kind == "on":
        return f'<rect x="{x - 5:.1f}" y="{y - 5:.1f}" width="10" height="10" class="dot-on"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" class="dot-off"/>'


def _bar(x: float, y: float, width: float, height: float) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}" '
        'rx="2" class="dot-on"/>'
    )
