"""Charts as numbers: where each bar stands in a plot of 1000 units' height, drawn as SVG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HEIGHT = 1000
_COLUMN = 100
"""Width of a day's column; the plot is stretched to whatever room there is."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One rectangle, of one series."""

    x: int
    y: int
    width: int
    height: int
    series: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars in columns by day. ``top`` is the value at the plot's upper edge.

    ``columns`` are the values of each series, by day.
    """

    days: Sequence[str]
    series: Sequence[str]
    columns: Sequence[Sequence[int]]
    bars: Sequence[Bar]
    top: int

    @property
    def width(self) -> int:
        """The plot's width."""
        return _COLUMN * len(self.days)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(any(values) for values in self.columns)


def stacked(days: Sequence[str], values: Mapping[str, Sequence[int]]) -> Chart:
    """Stack the series of each day on one another."""
    sums = [sum(series[n] for series in values.values()) for n in range(len(days))]
    top = _round_above(max(sums, default=0))
    bars = []
    for n in range(len(days)):
        base = 0
        for name, series in values.items():
            low, high = _scale(base, top), _scale(base + series[n], top)
            if high > low:
                bars.append(Bar(n * _COLUMN + 18, HEIGHT - high, _COLUMN - 36, high - low, name))
            base += series[n]
    return Chart(days, list(values), list(values.values()), bars, top)


def side_by_side(days: Sequence[str], values: Mapping[str, Sequence[int]]) -> Chart:
    """Stand the series of each day beside one another."""
    top = _round_above(max((max(series, default=0) for series in values.values()), default=0))
    width = (_COLUMN - 28) // max(len(values), 1)
    bars = [
        Bar(n * _COLUMN + 14 + place * width, HEIGHT - height, width - 4, height, name)
        for place, (name, series) in enumerate(values.items())
        for n in range(len(days))
        if (height := _scale(series[n], top))
    ]
    return Chart(days, list(values), list(values.values()), bars, top)


def _scale(value: int, top: int) -> int:
    """Give a height; what is more than nothing is seen."""
    return max(round(value * HEIGHT / top), 6) if value > 0 else 0


def _round_above(value: int) -> int:
    """Give the next of 1, 2, 3, 4, 5, 6, 8, 10, 20, 30 ... so that the axis reads well."""
    step = 1
    while step * 10 < value:
        step *= 10
    return next(step * factor for factor in (1, 2, 3, 4, 5, 6, 8, 10) if step * factor >= value)
