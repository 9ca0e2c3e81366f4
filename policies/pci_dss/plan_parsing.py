"""Makes checkov read plans as JSON: it takes a YAML parser, and that most of the time of a scan.

Needs checkov. Lines within a plan's JSON are lost; nobody wants them.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checkov.common.parsers.node import DictNode
from checkov.terraform import plan_parser

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class _Mark:
    line: int = 0
    column: int = 0


_MARK = _Mark()


@contextmanager
def plans_read_as_json() -> Iterator[None]:
    """Replace checkov's parser of plans for a while."""
    original = plan_parser.parse
    plan_parser.parse = _parsed
    try:
        yield
    finally:
        plan_parser.parse = original


def _parsed(path: str, _errors: Any) -> tuple[Any, list[tuple[int, str]]]:
    """Return what checkov's parser does: every object knows its file, and lines of the text."""

    def node(pairs: list[tuple[str, Any]]) -> Any:
        place = {"__file__": path, "__startline__": 1, "__endline__": 1}
        return DictNode({**dict(pairs), **place}, _MARK, _MARK)

    text = Path(path).read_text(encoding="utf-8")
    return json.loads(text, object_pairs_hook=node), [(1, "")]
