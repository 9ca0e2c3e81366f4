"""Whether an answer of a built-in check can be relied on.

checkov takes what a plan doesn't tell yet for absent, and guesses from names which resources are
connected. An answer that rests on either is no answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from checkov.common.graph.checks_infra.base_check import BaseGraphCheck

from pci_dss.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pci_dss.checkov_resources import Graph
    from pci_dss.listening import Answer
    from pci_dss.subject import Resources
    from terraform_plan.references import Instance
    from terraform_plan.references import Path as AttributePath
    from terraform_plan.references import Resources as PlannedResources

Pairs = Mapping[str, set[str]]
"""By address, the addresses of what is connected with it."""


def read(answer: Answer, kind: str, silently: Iterable[str]) -> tuple[AttributePath, ...]:
    """Return the paths of what an answer rests on, as policies write them.

    Args:
        answer: of a check on a resource.
        kind: the resource's type.
        silently: what the check reads and doesn't tell of.
    """
    paths = {*_read(answer, kind), *map(_path, silently)}
    return tuple(sorted(paths, key=str))


def unknown(item: Instance, resources: Resources, paths: Iterable[AttributePath]) -> list[str]:
    """List the paths of a resource of which something isn't known."""
    subject = Subject(item, resources)
    return [".".join(map(str, path)) for path in paths if not subject.known(*path)]


def connected_types(check: Any) -> frozenset[str]:
    """Return the types whose connections a check on the graph looks at; else none."""
    if not isinstance(check, BaseGraphCheck):
        return frozenset()
    return frozenset(
        kind
        for part in _parts(check)
        if part.connected_resources_types
        for kind in (*part.resource_types, *part.connected_resources_types)
    )


def both_ways(pairs: Iterable[tuple[str, str]]) -> Pairs:
    """Return what each is paired with."""
    found: dict[str, set[str]] = {}
    for one, other in pairs:
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return found


class Connections:
    """Tells where checkov's graph of a plan misses a connection, or has one that isn't there."""

    def __init__(self, planned: PlannedResources, graph: Graph) -> None:
        self._types = {address: item.type for address, item in planned.all.items()}
        self._planned = both_ways(
            (item.address, other) for item in planned.all.values() for other in planned.linked(item)
        )
        self._drawn = both_ways(_edges(graph, self._types.keys()))

    def mistaken(self, address: str, types: frozenset[str]) -> str:
        """Say what is wrong among the resources of some types around one; else nothing."""
        seen, near = {address}, [address]
        while near:
            here = near.pop()
            planned, drawn = (
                self._among(self._planned, here, types),
                self._among(self._drawn, here, types),
            )
            if other := min(planned ^ drawn, default=""):
                seen_by = "doesn't see" if other in planned else "wrongly sees"
                return f"checkov {seen_by} that {here} and {other} are connected"
            near += [other for other in planned if other not in seen]
            seen |= planned
        return ""

    def _among(self, pairs: Pairs, address: str, types: frozenset[str]) -> set[str]:
        return {other for other in pairs.get(address, ()) if self._types[other] in types}


def _read(answer: Answer, kind: str) -> Iterator[AttributePath]:
    if isinstance(answer.check, BaseGraphCheck):
        for part in _parts(answer.check):
            if part.attribute and kind in part.resource_types:
                yield (part.attribute.partition(".")[0],)
    for key in answer.read:
        if path := _path(key.replace("/", ".").replace("[", "").replace("]", "")):
            yield path


def _path(dotted: str) -> AttributePath:
    return tuple(int(step) if step.isdigit() else step for step in dotted.split(".") if step)


def _parts(check: Any) -> Iterator[Any]:
    yield check
    for part in check.sub_checks:
        yield from _parts(part)


def _edges(graph: Graph, addresses: Iterable[str]) -> Iterator[tuple[str, str]]:
    known = set(addresses)
    nodes = {index: graph[index][1].get("__address__") for index in graph.node_indices()}
    for index, address in nodes.items():
        for _, target, _ in graph.out_edges(index):
            other = nodes[target]
            if address in known and other in known and other != address:
                yield address, other
