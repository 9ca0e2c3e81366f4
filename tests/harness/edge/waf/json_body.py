"""The parts of a JSON body that a statement looks at: ``JsonBody`` of AWS WAF's API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.edge.waf.request import Values


class JsonBody:
    """Picks keys and values out of bodies.

    Without ``InvalidFallbackBehavior`` AWS WAF looks at what it could parse of a body that isn't
    JSON; here that is all of its text.

    Args:
        settings: with ``MatchPattern``, ``MatchScope`` and ``InvalidFallbackBehavior``.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._fallback = settings.get("InvalidFallbackBehavior", "EVALUATE_AS_STRING")
        self._keys = settings["MatchScope"] in ("ALL", "KEY")
        self._values = settings["MatchScope"] in ("ALL", "VALUE")
        paths = settings["MatchPattern"].get("IncludedPaths")
        self._paths = None if paths is None else [_segments(path) for path in paths]

    def __call__(self, body: bytes) -> Values:
        """The keys and values as text, or the answer for a body that isn't JSON."""
        if not body:
            return ()
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            if self._fallback == "EVALUATE_AS_STRING":
                return (body,)
            return bool(self._fallback == "MATCH")
        texts: list[bytes] = []
        if self._paths is None:
            self._collect(document, texts)
        else:
            for path in self._paths:
                self._collect_below(document, path, texts)
        return tuple(texts)

    def _collect_below(self, document: Any, path: Sequence[str], texts: list[bytes]) -> None:
        for segment in path:
            if isinstance(document, dict) and segment in document:
                document = document[segment]
            elif isinstance(document, list) and segment.isdigit() and int(segment) < len(document):
                document = document[int(segment)]
            else:
                return
        self._collect(document, texts)

    def _collect(self, document: Any, texts: list[bytes]) -> None:
        if isinstance(document, dict):
            for key, value in document.items():
                if self._keys:
                    texts.append(key.encode())
                self._collect(value, texts)
        elif isinstance(document, list):
            for value in document:
                self._collect(value, texts)
        elif self._values:
            texts.append(document.encode() if isinstance(document, str) else orjson.dumps(document))


def _segments(pointer: str) -> list[str]:
    """The reference tokens of a JSON pointer."""
    tokens = pointer.split("/")[1:] if pointer.startswith("/") else [pointer]
    return [token.replace("~1", "/").replace("~0", "~") for token in tokens]
