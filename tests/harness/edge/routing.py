"""Finds the deployed resource for a path the way API Gateway does.

A literal segment wins over ``{parameter}``, which wins over a greedy ``{proxy+}``; a
branch that leads nowhere is abandoned for the next best one. Paths are matched as sent:
an empty segment (``//``, a trailing slash) matches nothing, so that the path which IAM
policies are evaluated on is the path that was routed.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Generic, TypeVar
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

T = TypeVar("T")

NO_PARAMETERS: Mapping[str, str] = MappingProxyType({})
ANY = "ANY"


class _Node(Generic[T]):
    __slots__ = ("greedy", "literals", "methods", "parameter")

    def __init__(self) -> None:
        self.literals: dict[str, _Node[T]] = {}
        self.parameter: tuple[str, _Node[T]] | None = None
        self.greedy: tuple[str, _Node[T]] | None = None
        self.methods: dict[str, T] = {}


class Router(Generic[T]):
    """Maps (verb, path) to what was deployed there.

    Args:
        routes: (verb or ``ANY``, resource path such as ``/pets/{id}``, target).

    Raises:
        ValueError: two routes give one position different parameter names.
    """

    def __init__(self, routes: Iterable[tuple[str, str, T]]) -> None:
        self._root: _Node[T] = _Node()
        for verb, resource_path, target in routes:
            node = self._root
            for segment in _segments(resource_path):
                node = _child(node, segment, resource_path)
            node.methods[verb.upper()] = target

    def find(self, verb: str, path: str) -> tuple[T, Mapping[str, str]] | None:
        """The target and decoded path parameters, or None when nothing was deployed there."""
        found = _walk(self._root, _segments(path), 0, verb)
        if found is None:
            return None
        target, captured = found
        if not captured:
            return target, NO_PARAMETERS
        return target, {name: unquote(value) for name, value in captured}


def _segments(path: str) -> list[str]:
    return path[1:].split("/") if len(path) > 1 else []


def _child(node: _Node[T], segment: str, resource_path: str) -> _Node[T]:
    if not segment.startswith("{"):
        return node.literals.setdefault(segment, _Node())
    greedy = segment.endswith("+}")
    name = segment[1:-2] if greedy else segment[1:-1]
    known = node.greedy if greedy else node.parameter
    if known is None:
        known = (name, _Node())
        if greedy:
            node.greedy = known
        else:
            node.parameter = known
    if known[0] != name:
        raise ValueError(f"{resource_path}: {{{name}}} stands where {{{known[0]}}} already does")
    return known[1]


def _walk(
    node: _Node[T], segments: list[str], at: int, verb: str
) -> tuple[T, list[tuple[str, str]]] | None:
    if at == len(segments):
        target = node.methods.get(verb) or node.methods.get(ANY)
        return None if target is None else (target, [])
    segment = segments[at]
    if not segment:
        return None
    if (literal := node.literals.get(segment)) and (
        found := _walk(literal, segments, at + 1, verb)
    ):
        return found
    if node.parameter:
        name, child = node.parameter
        if found := _walk(child, segments, at + 1, verb):
            found[1].append((name, segment))
            return found
    if node.greedy:
        name, child = node.greedy
        target = child.methods.get(verb) or child.methods.get(ANY)
        if target is not None:
            return target, [(name, "/".join(segments[at:]))]
    return None
