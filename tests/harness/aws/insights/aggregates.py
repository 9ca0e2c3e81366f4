"""``stats``: groups records and counts or sums them up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.aws.insights.expressions import Expression, expression
from harness.aws.insights.records import number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.aws.insights.records import Record, Value
    from harness.aws.insights.tokens import Tokens


def _sum(values: Sequence[Value]) -> Value:
    return sum(_numbers(values))


def _average(values: Sequence[Value]) -> Value:
    numbers = _numbers(values)
    return sum(numbers) / len(numbers) if numbers else None


def _least(values: Sequence[Value]) -> Value:
    return min(_numbers(values), default=None)


def _most(values: Sequence[Value]) -> Value:
    return max(_numbers(values), default=None)


def _numbers(values: Sequence[Value]) -> list[float]:
    return [found for value in values if (found := number(value)) is not None]


_AGGREGATES: dict[str, Callable[[Sequence[Value]], Value]] = {
    "count": len,
    "count_distinct": lambda values: len(set(values)),
    "sum": _sum,
    "avg": _average,
    "min": _least,
    "max": _most,
}


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One figure of a group: over the values that are there, or over all records."""

    name: str
    combine: Callable[[Sequence[Value]], Value]
    of: Expression | None

    def over(self, records: Sequence[Record]) -> Value:
        """Give the figure of one group."""
        if self.of is None:
            return len(records)
        values = (self.of.evaluate(record) for record in records)
        return self.combine([value for value in values if value is not None])


@dataclass(frozen=True, slots=True)
class Stats:
    """Figures by the values of expressions."""

    aggregates: Sequence[Aggregate]
    by: Sequence[Expression]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that come of it."""
        return (*(each.name for each in self.by), *(each.name for each in self.aggregates))

    def apply(self, records: Sequence[Record]) -> list[Record]:
        """Give a record for each group, in the order in which groups were met."""
        groups: dict[tuple[Value, ...], list[Record]] = {}
        for record in records:
            key = tuple(each.evaluate(record) for each in self.by)
            groups.setdefault(key, []).append(record)
        return [
            {
                **{each.name: value for each, value in zip(self.by, key, strict=True)},
                **{each.name: each.over(members) for each in self.aggregates},
            }
            for key, members in groups.items()
        ]


def stats(tokens: Tokens) -> Stats:
    """Parse what follows the word ``stats``. Raises ``QueryError``."""
    aggregates = [_aggregate(tokens)]
    while tokens.skip(","):
        aggregates.append(_aggregate(tokens))
    by: list[Expression] = []
    if tokens.skip("by"):
        by.append(named(tokens))
        while tokens.skip(","):
            by.append(named(tokens))
    return Stats(aggregates, by)


def named(tokens: Tokens) -> Expression:
    """Parse an expression and the alias that it may have. Raises ``QueryError``."""
    found = expression(tokens)
    if tokens.skip("as"):
        return Expression(tokens.of_kind("name").strip("`"), found.evaluate)
    return found


def _aggregate(tokens: Tokens) -> Aggregate:
    start = tokens.next.start
    combine = _AGGREGATES.get(tokens.next.text.lower())
    if combine is None:
        known = ", ".join(_AGGREGATES)
        raise tokens.refusal(f"stats in the embedded AWS knows {known}, but not")
    tokens.take()
    tokens.expect("(")
    of = None if tokens.skip("*") or tokens.next.text == ")" else expression(tokens)
    tokens.expect(")")
    name = tokens.since(start)
    if tokens.skip("as"):
        name = tokens.of_kind("name").strip("`")
    return Aggregate(name, combine, of)
