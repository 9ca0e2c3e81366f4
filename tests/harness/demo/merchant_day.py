"""One merchant's day of payments as a CSV file, read and checked.

One row is one request, in the order in which the merchant's system sent them::

    time,operation,payment,amount,currency,card,idempotency_key,expect
    09:00:04,authorize,P0001,49.90,EUR,visa_01,k-0001,authorized
    09:03:10,capture,P0001,49.90,EUR,,k-0002,captured

`amount` is in the currency's major unit with as many decimals as ISO 4217 gives it, `payment` is
the merchant's own reference, `card` is a test card's name (`harness.demo.wallet`) or a token that
the acquirer knows, and `expect`, which may be left empty, is the state, the problem's code or the
decline's code of the answer. A row with a key that stood on an earlier row is that request sent
again.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from harness.demo.wallet import NUMBERS
from payment_core.currencies import EXPONENTS
from payment_core.money import MAX_MINOR_UNITS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

COLUMNS = (
    "time",
    "operation",
    "payment",
    "amount",
    "currency",
    "card",
    "idempotency_key",
    "expect",
)
OPERATIONS = ("authorize", "capture", "void", "refund")
MAX_ERRORS = 20

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d")
_REFERENCE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TOKEN = re.compile(r"tok_[A-Za-z0-9_]{4,64}")
_AMOUNT = re.compile(r"\d{1,12}(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Row:
    """One request of the day; `amount` is in minor units, and None for a void."""

    line: int
    time: str
    operation: str
    payment: str
    amount: int | None
    currency: str
    card: str
    idempotency_key: str
    expect: str

    @property
    def content(self) -> tuple[object, ...]:
        """What must not change between two rows with one idempotency key."""
        return (self.operation, self.payment, self.amount, self.currency, self.card)


@dataclass(frozen=True, slots=True)
class InputProblem:
    """A place in the file that can't be used, and why."""

    line: int
    column: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}"


class MerchantDayError(Exception):
    """The file can't be played; `problems` holds each place with its reason."""

    def __init__(self, path: Path, problems: Sequence[InputProblem]) -> None:
        self.problems = tuple(problems)
        shown = [f"{path}: {problem}" for problem in problems[:MAX_ERRORS]]
        if len(problems) > MAX_ERRORS:
            shown.append(f"{path}: and {len(problems) - MAX_ERRORS} more")
        super().__init__("\n".join(shown))


def read(path: Path) -> list[Row]:
    """Read and check a merchant's day.

    Raises:
        MerchantDayError: with every place that is wrong, by line and column.
        OSError: when the file can't be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problem = InputProblem(line, "?", f"byte {error.start} isn't UTF-8; save the file as UTF-8")
        raise MerchantDayError(path, [problem]) from error
    reader = _Reader()
    rows = list(reader.rows(text))
    if not rows and not reader.problems:
        reader.report(1, "operation", "the file holds no request")
    if reader.problems:
        raise MerchantDayError(path, reader.problems)
    return rows


@dataclass
class _Reader:
    """Checks rows one after another and remembers what later rows refer to."""

    problems: list[InputProblem] = field(default_factory=list)
    authorized: dict[str, Row] = field(default_factory=dict)
    keys: dict[str, Row] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    """Payments with a row that is wrong itself: what follows from it isn't reported too."""
    last_time: str = ""

    def report(self, line: int, column: str, message: str) -> None:
        self.problems.append(InputProblem(line, column, message))

    def rows(self, text: str) -> Iterator[Row]:
        lines = csv.reader(text.splitlines(keepends=True), strict=True)
        try:
            header = next(lines, [])
            if tuple(header) != COLUMNS:
                self.report(1, _first_difference(header), f"the header must be {','.join(COLUMNS)}")
                return
            for values in lines:
                if not values:
                    continue
                if len(values) != len(COLUMNS):
                    self.report(
                        lines.line_num,
                        _first_missing(values),
                        f"{len(values)} columns where {len(COLUMNS)} belong",
                    )
                elif row := self._row(lines.line_num, dict(zip(COLUMNS, values, strict=True))):
                    yield row
        except csv.Error as error:
            self.report(lines.line_num, "?", f"not CSV: {error}")

    def _row(self, line: int, cells: Mapping[str, str]) -> Row | None:
        before = len(self.problems)
        self._check_shape(line, cells)
        amount = self._amount(line, cells) if cells["operation"] != "void" else None
        if len(self.problems) > before:
            self.broken.add(cells["payment"])
            return None
        row = Row(
            line=line,
            amount=amount,
            time=cells["time"],
            operation=cells["operation"],
            payment=cells["payment"],
            currency=cells["currency"],
            card=cells["card"],
            idempotency_key=cells["idempotency_key"],
            expect=cells["expect"],
        )
        self._check_order(row)
        return row if len(self.problems) == before else None

    def _check_shape(self, line: int, cells: Mapping[str, str]) -> None:
        operation = cells["operation"]
        if operation not in OPERATIONS:
            self.report(line, "operation", f"{operation!r} isn't one of {', '.join(OPERATIONS)}")
        if not _TIME.fullmatch(cells["time"]):
            self.report(line, "time", f"{cells['time']!r} isn't a time of day as HH:MM:SS")
        for column in ("payment", "idempotency_key"):
            if not _REFERENCE.fullmatch(cells[column]):
                self.report(
                    line, column, f"{cells[column]!r} isn't 1 to 64 letters, digits, '-' or '_'"
                )
        card = cells["card"]
        if operation == "authorize" and not (card in NUMBERS or _TOKEN.fullmatch(card)):
            self.report(
                line,
                "card",
                "an authorization needs a test card's name, such as visa_01, or a token (tok_...); "
                "numbers don't belong into the file",
            )
        if operation != "authorize" and card:
            self.report(line, "card", f"must be empty for a {operation}")
        for column in ("amount", "currency") if operation == "void" else ():
            if cells[column]:
                self.report(line, column, "must be empty for a void, which takes no amount")

    def _amount(self, line: int, cells: Mapping[str, str]) -> int | None:
        text, currency = cells["amount"], cells["currency"]
        if currency not in EXPONENTS:
            self.report(line, "currency", f"{currency!r} isn't an active ISO 4217 currency")
            return None
        if not _AMOUNT.fullmatch(text):
            self.report(line, "amount", f"{text!r} isn't a positive decimal number such as 12.50")
            return None
        minor = Decimal(text).scaleb(EXPONENTS[currency])
        if minor != minor.to_integral_value():
            decimals = len(text.partition(".")[2])
            self.report(
                line,
                "amount",
                f"{text} has {decimals} decimals, and {currency} has {EXPONENTS[currency]}",
            )
            return None
        if not 1 <= minor <= MAX_MINOR_UNITS:
            self.report(line, "amount", f"must be 1 to {MAX_MINOR_UNITS} minor units")
            return None
        return int(minor)

    def _check_order(self, row: Row) -> None:
        if row.time < self.last_time:
            self.report(
                row.line, "time", f"{row.time} is before {self.last_time} of an earlier line"
            )
        self.last_time = max(self.last_time, row.time)
        first = self.keys.setdefault(row.idempotency_key, row)
        if first.content != row.content:
            self.report(
                row.line,
                "idempotency_key",
                f"{row.idempotency_key!r} was used on line {first.line} for another request",
            )
        origin = self.authorized.get(row.payment)
        if row.operation == "authorize":
            if origin is not None and origin.idempotency_key != row.idempotency_key:
                self.report(
                    row.line, "payment", f"{row.payment!r} was authorized on line {origin.line}"
                )
            self.authorized.setdefault(row.payment, row)
        elif origin is None and row.payment not in self.broken:
            self.report(row.line, "payment", f"{row.payment!r} isn't authorized on an earlier line")
        elif origin and row.amount is not None and row.currency != origin.currency:
            self.report(
                row.line,
                "currency",
                f"{row.currency} differs from {origin.currency}, "
                f"in which line {origin.line} authorized it",
            )


def _first_difference(header: Sequence[str]) -> str:
    for expected, found in zip(COLUMNS, header, strict=False):
        if expected != found:
            return found or expected
    return COLUMNS[len(header)] if len(header) < len(COLUMNS) else header[len(COLUMNS)]


def _first_missing(values: Sequence[str]) -> str:
    return COLUMNS[len(values)] if len(values) < len(COLUMNS) else str(len(COLUMNS) + 1)
