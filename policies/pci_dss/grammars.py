"""Has checkov make the tables of its JSONPath grammar once, not for each path that it parses.

Needs checkov.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import ply.yacc
from bc_jsonpath_ng import parser

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Yacc:
    """In place of the module ply.yacc, of which bc_jsonpath_ng uses one function."""

    @staticmethod
    def yacc(*, module: Any, start: str, **options: Any) -> Any:
        grammar: Any = type(module)
        return _parser_of(grammar, start, tuple(sorted(options.items(), key=str)))


@cache
def _parser_of(grammar: Any, start: str, options: tuple[tuple[str, Any], ...]) -> Any:
    return ply.yacc.yacc(module=grammar(), start=start, **dict(options))


class _Ply:
    yacc = _Yacc


@contextmanager
def grammars_made_once() -> Iterator[None]:
    """Do so for a while; what was made is kept for the next time."""
    original = parser.ply
    parser.ply = _Ply
    try:
        yield
    finally:
        parser.ply = original
