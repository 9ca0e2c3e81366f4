"""Parses a query into commands and runs them over records."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from harness.aws.insights.aggregates import Stats, named, stats
from harness.aws.insights.expressions import expression, is_time, regular_expression
from harness.aws.insights.records import number, written, written_time
from harness.aws.insights.tokens import END, Tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from harness.aws.insights.expressions import Expression
    from harness.aws.insights.records import Record, Value

    Step: TypeAlias = Callable[[list[Record]], list[Record]]

Row: TypeAlias = list[dict[str, str]]
"""A result as GetQueryResults has it: fields with their values, those that there are."""

_MOST_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Result:
    """What a query gives: its rows, and how many events it matched."""

    rows: list[Row]
    matched: int


class Query:
    """A query that can be run.

    Raises:
        QueryError: it has something that isn't known here.
    """

    def __init__(self, text: str) -> None:
        self._tokens = Tokens(text)
        self._steps: list[Step] = []
        self._shown: tuple[str, ...] = ()
        self._limit = _MOST_ROWS
        self._aggregated = False
        self._selects: list[Step] = []
        self._command()
        while self._tokens.skip("|"):
            self._command()
        if self._tokens.next.kind != END:
            raise self._tokens.refusal("expected | or the end instead of")

    def run(self, records: Iterable[Record]) -> Result:
        """Give the rows of a query over events in any order."""
        found = sorted(records, key=lambda record: -float(record["@timestamp"] or 0))
        matched = len(found)
        for step in self._steps:
            found = step(found)
            if step in self._selects:
                matched = len(found)
        return Result([self._row(record) for record in found[: self._limit]], matched)

    def _row(self, record: Record) -> Row:
        shown = self._shown or ("@timestamp", "@message")
        row = [
            {"field": name, "value": _shown_as(name, value)}
            for name in shown
            if (value := record.get(name)) is not None
        ]
        pointer = [] if self._aggregated else [{"field": "@ptr", "value": str(record["@ptr"])}]
        return row + pointer

    def _command(self) -> None:
        parsers = {
            "dedup": self._dedup,
            "display": self._display,
            "fields": self._fields,
            "filter": self._filter,
            "limit": self._limit_to,
            "parse": self._parse,
            "sort": self._sort,
            "stats": self._stats,
        }
        parse = parsers.get(self._tokens.next.text.lower())
        if parse is None:
            known = ", ".join(parsers)
            raise self._tokens.refusal(f"the embedded AWS knows the commands {known}, but not")
        self._tokens.take()
        parse()

    def _filter(self) -> None:
        condition = expression(self._tokens).evaluate

        def keep(records: list[Record]) -> list[Record]:
            return [record for record in records if condition(record)]

        self._steps.append(keep)
        if not self._aggregated:
            self._selects.append(keep)

    def _fields(self) -> None:
        chosen = self._several()
        self._shown += tuple(each.name for each in chosen)

        def compute(records: list[Record]) -> list[Record]:
            return [
                {**record, **{each.name: each.evaluate(record) for each in chosen}}
                for record in records
            ]

        self._steps.append(compute)

    def _display(self) -> None:
        self._shown = ()
        self._fields()

    def _several(self) -> list[Expression]:
        chosen = [named(self._tokens)]
        while self._tokens.skip(","):
            chosen.append(named(self._tokens))
        return chosen

    def _stats(self) -> None:
        figures: Stats = stats(self._tokens)
        self._shown = figures.columns
        self._aggregated = True
        self._steps.append(figures.apply)

    def _sort(self) -> None:
        orders = [self._order()]
        while self._tokens.skip(","):
            orders.append(self._order())

        def order(records: list[Record]) -> list[Record]:
            found = list(records)
            for by, descending in reversed(orders):
                found.sort(key=lambda record: _place(by.evaluate(record)), reverse=descending)
            return found

        self._steps.append(order)

    def _order(self) -> tuple[Expression, bool]:
        by = expression(self._tokens)
        if self._tokens.skip("desc"):
            return by, True
        if self._tokens.skip("asc"):
            return by, False
        raise self._tokens.refusal("the embedded AWS wants asc or desc before")

    def _dedup(self) -> None:
        by = self._several()

        def first_of_each(records: list[Record]) -> list[Record]:
            met: dict[tuple[Value, ...], Record] = {}
            for record in records:
                met.setdefault(tuple(each.evaluate(record) for each in by), record)
            return list(met.values())

        self._steps.append(first_of_each)

    def _limit_to(self) -> None:
        self._limit = int(self._tokens.of_kind("number"))

    def _parse(self) -> None:
        source = expression(self._tokens).evaluate
        if self._tokens.next.kind == "text":
            pattern = self._glob()
        else:
            pattern = regular_expression(self._tokens)

        def extract(records: list[Record]) -> list[Record]:
            return [{**record, **_groups(pattern, source(record))} for record in records]

        self._steps.append(extract)

    def _glob(self) -> re.Pattern[str]:
        pieces = self._tokens.take().text[1:-1].split("*")
        if not self._tokens.skip("as"):
            raise self._tokens.refusal("parse wants `as` and a name for each * before")
        names = [each.name for each in self._several()]
        if len(names) != len(pieces) - 1:
            raise self._tokens.refusal("parse wants a name for each * before")
        groups = [f"(?P<{name}>.*?)" for name in names]
        text = "".join(
            re.escape(piece) + group for piece, group in zip(pieces, [*groups, ""], strict=True)
        )
        return re.compile(text if pieces[-1] else f"{text}$", re.DOTALL)


def _groups(pattern: re.Pattern[str], value: Value) -> Record:
    found = None if value is None else pattern.search(str(value))
    return dict(found.groupdict()) if found else {}


def _place(value: Value) -> tuple[int, float, str]:
    """Where a value stands in order: what is missing first, then numbers, then texts."""
    if value is None:
        return 0, 0, ""
    as_number = number(value)
    return (2, 0, str(value)) if as_number is None else (1, as_number, "")


def _shown_as(name: str, value: str | int | float) -> str:
    return written_time(float(value)) if is_time(name) else written(value)
