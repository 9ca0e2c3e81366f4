"""Conditions and values: parsed into functions of a record."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from harness.aws.insights.records import TIMES, number, written_time
from harness.aws.insights.tokens import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.aws.insights.records import Record, Value
    from harness.aws.insights.tokens import Tokens

    Evaluate: TypeAlias = Callable[[Record], Value]

_SPANS_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_COMPARISONS: dict[str, Callable[[float | str, float | str], bool]] = {
    "=": lambda a, b: a == b,
    "<": lambda a, b: a < b,  # type: ignore[operator]  # both are of one type
    ">": lambda a, b: a > b,  # type: ignore[operator]
    "<=": lambda a, b: a <= b,  # type: ignore[operator]
    ">=": lambda a, b: a >= b,  # type: ignore[operator]
}
_FUNCTIONS: dict[str, Callable[[Value], Value]] = {
    "ispresent": lambda value: value is not None,
    "isempty": lambda value: value is None or value == "",
    "tolower": lambda value: None if value is None else str(value).lower(),
    "toupper": lambda value: None if value is None else str(value).upper(),
}


@dataclass(frozen=True, slots=True)
class Expression:
    """A value of each record, and the words that it was asked for with."""

    name: str
    evaluate: Evaluate


def expression(tokens: Tokens) -> Expression:
    """Parse a condition or value. Raises ``QueryError``."""
    start = tokens.next.start
    evaluate = _either(tokens)
    return Expression(tokens.since(start).strip("`"), evaluate)


def _either(tokens: Tokens) -> Evaluate:
    parts = [_both(tokens)]
    while tokens.skip("or"):
        parts.append(_both(tokens))
    return parts[0] if len(parts) == 1 else lambda record: any(part(record) for part in parts)


def _both(tokens: Tokens) -> Evaluate:
    parts = [_negation(tokens)]
    while tokens.skip("and"):
        parts.append(_negation(tokens))
    return parts[0] if len(parts) == 1 else lambda record: all(part(record) for part in parts)


def _negation(tokens: Tokens) -> Evaluate:
    if tokens.skip("not"):
        return _not(_negation(tokens))
    return _comparison(tokens)


def _not(condition: Evaluate) -> Evaluate:
    return lambda record: not condition(record)


def _comparison(tokens: Tokens) -> Evaluate:
    left = _operand(tokens)
    if tokens.skip("not", "like"):
        return _not(_like(tokens, left))
    if tokens.skip("like") or tokens.skip("=~"):
        return _like(tokens, left)
    if tokens.skip("not", "in"):
        return _not(_one_of(tokens, left))
    if tokens.skip("in"):
        return _one_of(tokens, left)
    if tokens.skip("!="):
        return _not(_compared(left, "=", _operand(tokens)))
    if tokens.next.text in _COMPARISONS:
        return _compared(left, tokens.take().text, _operand(tokens))
    return left


def _compared(left: Evaluate, sign: str, right: Evaluate) -> Evaluate:
    compare = _COMPARISONS[sign]

    def evaluate(record: Record) -> bool:
        a, b = left(record), right(record)
        if a is None or b is None:
            return False
        numbers = number(a), number(b)
        if numbers[0] is None or numbers[1] is None:
            return compare(str(a), str(b))
        return compare(numbers[0], numbers[1])

    return evaluate


def _one_of(tokens: Tokens, value: Evaluate) -> Evaluate:
    tokens.expect("[")
    choices = [_operand(tokens)]
    while tokens.skip(","):
        choices.append(_operand(tokens))
    tokens.expect("]")
    tests = [_compared(value, "=", choice) for choice in choices]
    return lambda record: any(test(record) for test in tests)


def _like(tokens: Tokens, value: Evaluate) -> Evaluate:
    if tokens.next.kind == "text":
        part = _unquoted(tokens.take().text)
        return lambda record: part in str(value(record) or "")
    pattern = regular_expression(tokens)

    def evaluate(record: Record) -> bool:
        found = value(record)
        return found is not None and pattern.search(str(found)) is not None

    return evaluate


def regular_expression(tokens: Tokens) -> re.Pattern[str]:
    """Parse ``/.../``. Raises ``QueryError``."""
    place = tokens.next
    text = tokens.of_kind("pattern")[1:-1].replace("\\/", "/").replace("(?<", "(?P<")
    text = text.replace("(?P<=", "(?<=").replace("(?P<!", "(?<!")
    try:
        return re.compile(text)
    except re.error as error:
        problem = f"{place.text} isn't a regular expression: {error}"
        raise QueryError(problem, place.start, place.end) from None


def _operand(tokens: Tokens) -> Evaluate:
    token = tokens.next
    if tokens.skip("("):
        inner = _either(tokens)
        tokens.expect(")")
        return inner
    if token.kind == "text":
        text = _unquoted(tokens.take().text)
        return lambda _: text
    if token.kind == "number":
        value = float(tokens.take().text)
        return lambda _: value
    if token.kind == "name":
        name = tokens.take().text.strip("`")
        return _call(tokens, name) if tokens.skip("(") else _field(name)
    raise tokens.refusal("expected a field, a value or a function instead of")


def _field(name: str) -> Evaluate:
    return lambda record: record.get(name)


def _call(tokens: Tokens, name: str) -> Evaluate:
    if name.lower() == "bin":
        span = tokens.of_kind("span")
        tokens.expect(")")
        return _bin(span)
    function = _FUNCTIONS.get(name.lower())
    if function is None:
        raise tokens.refusal(
            f"the function {name} isn't known to the embedded AWS; it knows bin,"
            f" {', '.join(_FUNCTIONS)}. It stands before"
        )
    argument = _operand(tokens)
    tokens.expect(")")
    return lambda record: function(argument(record))


def _bin(span: str) -> Evaluate:
    count = int(re.sub(r"\D", "", span))
    width = count * _SPANS_MS[span.lstrip("0123456789")]

    def evaluate(record: Record) -> Value:
        at = record.get("@timestamp")
        return None if at is None else written_time(int(at) // width * width)

    return evaluate


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def is_time(name: str) -> bool:
    """Tell whether results write a field as a time."""
    return name in TIMES
