"""Cuts a query's text into words, operators and literals."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|\#[^\n]*)
  | (?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
  | (?P<pattern>/(?:\\.|[^/\\\n])+/)
  | (?P<span>\d+(?:ms|s|m|h|d|w)\b)
  | (?P<number>-?\d+(?:\.\d+)?)
  | (?P<name>`[^`]+`|[@A-Za-z_][@A-Za-z0-9_.]*)
  | (?P<sign>!=|<=|>=|=~|[=<>()\[\],|*])
    """,
    re.VERBOSE,
)
END = "end"


class QueryError(ValueError):
    """A query can't be run: says what isn't understood, and where it stands."""

    def __init__(self, problem: str, start: int, end: int) -> None:
        super().__init__(problem)
        self.start, self.end = start, end


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a query: ``kind`` is a group's name above, or ``end``."""

    kind: str
    text: str
    start: int
    end: int


class Tokens:
    """Reads tokens one after the other."""

    def __init__(self, query: str) -> None:
        self._query = query
        self._tokens = list(_tokens_of(query))
        self._at = 0

    @property
    def next(self) -> Token:
        """The token that comes next, left in place."""
        return self._tokens[self._at]

    def take(self) -> Token:
        """Give the next token and go on."""
        token = self.next
        self._at += token.kind != END
        return token

    def skip(self, *words: str) -> bool:
        """Go on over these words or signs, if they all come next."""
        coming = self._tokens[self._at : self._at + len(words)]
        met = [_plain(token) for token in coming] == list(words)
        self._at += len(words) if met else 0
        return met

    def expect(self, sign: str) -> None:
        """Go on over a sign that must come next. Raises ``QueryError``."""
        if not self.skip(sign):
            raise self.refusal(f"expected {sign!r} instead of")

    def of_kind(self, kind: str) -> str:
        """Give the text of a token that must be of a kind. Raises ``QueryError``."""
        if self.next.kind != kind:
            raise self.refusal(f"expected a {kind} instead of")
        return self.take().text

    def since(self, start: int) -> str:
        """Give the query's own words from a place to here, as a column without alias is named."""
        return self._query[start : self._tokens[self._at - 1].end]

    def refusal(self, problem: str) -> QueryError:
        """Make the error that names the next token."""
        token = self.next
        return QueryError(f"{problem} {token.text or 'the end'!r}", token.start, token.end)


def _tokens_of(query: str) -> Iterator[Token]:
    at = 0
    while at < len(query):
        found = _TOKEN.match(query, at)
        if found is None:
            raise QueryError(f"unknown sign {query[at]!r}", at, at + 1)
        kind = str(found.lastgroup)
        if kind != "space":
            yield Token(kind, found[0], at, found.end())
        at = found.end()
    yield Token(END, "", at, at)


def _plain(token: Token) -> str:
    return token.text.lower() if token.kind == "name" else token.text
