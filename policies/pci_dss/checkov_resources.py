"""Resources that checkov judges, as our policies read them: of a plan, or of a module's files.

A plan is read anew from its JSON, where values, unknowns and references through modules are whole.
Of files there is only what checkov evaluated: variables have their defaults, and what depends on
others is text, which counts as unknown here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from terraform_plan.references import Instance, UnresolvedError, value_at
from terraform_plan.references import Path as AttributePath
from terraform_plan.references import Resources as PlannedResources

if TYPE_CHECKING:
    from pci_dss.subject import Resources

_HEADS = "var|local|data|module|each|count|self|path|terraform|null|aws_[a-z0-9_]+"
_REFERENCE = re.compile(rf"(?:{_HEADS})\.[^\s]*")
_OF_DYNAMIC_BLOCK = re.compile(r"[a-z0-9_]+\.(?:key|value)(?:[.\[].*)?")
_EXPRESSION = re.compile(
    r"""
    \$\{[^}]*\} | \$\{[a-z_]+\(.*\)\}  # what stands in a text
    | [a-z_]+\(.*\)                    # a function's call
    | .+\ \?\ .+\ :\ .+               # a condition
    | \[for\ .*\] | \{for\ .*\}        # a list or map that is worked out
    | (?=.*\b[a-z_]+\.[a-z_])[^\s"]+(?:\ [-+*/%]\ [^\s"]+)+  # a sum of what is named
    """,
    re.DOTALL | re.VERBOSE,
)


class Graph(Protocol):
    """What is used of checkov's rustworkx graph."""

    def node_indices(self) -> list[int]:
        """Return the numbers of all nodes."""

    def __getitem__(self, index: int) -> tuple[str, dict[str, Any]]:
        """Return a node: a hash, and its attributes."""

    def out_edges(self, index: int) -> list[tuple[int, int, dict[str, Any]]]:
        """Return source, target and attributes of the edges that begin at a node."""


def resources_of(conf: Mapping[str, Any], graph: Graph) -> tuple[Instance, Resources]:
    """Return the resource that checkov shows to a check, and all beside it."""
    (address,) = [conf["__address__"]]
    source = conf.get("__file__")
    source = source[0] if isinstance(source, list) else source
    if source and str(source).endswith(".json"):
        path = Path(str(source))
        planned = planned_resources(path, path.stat().st_mtime_ns)
        return planned.all[address], planned
    written = _written(graph)
    return written.all[address], written


@lru_cache(maxsize=8)
def planned_resources(path: Path, modified_ns: int) -> PlannedResources:  # noqa: ARG001 - a key
    """Read a plan's JSON, once as long as it isn't written again."""
    return PlannedResources(json.loads(path.read_bytes()))


class WrittenResources:
    """Resources of Terraform files, as checkov evaluated them."""

    whole = False

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.all: dict[str, Instance] = {}
        self._nodes: dict[str, int] = {}
        for index in graph.node_indices():
            attributes = graph[index][1]
            if attributes.get("block_type_") == "resource":
                item = _instance(attributes)
                self.all[item.address] = item
                self._nodes[item.address] = index

    def of(self, *types: str) -> Iterator[Instance]:
        """Yield the resources of some types."""
        return (item for item in self.all.values() if item.type in types)

    def named(self, item: Instance, path: AttributePath, *types: str) -> tuple[str, ...]:
        """Give the addresses of what an attribute names; `pci_dss.subject.Resources` tells more.

        Raises:
            UnresolvedError: it names nothing of these files.
        """
        wanted = ".".join(map(str, path))
        # The only block of its name is called without a number.
        labels = {wanted, str(path[0]), ".".join(each for each in path if isinstance(each, str))}
        found = set()
        for _, target, edge in self._graph.out_edges(self._nodes[item.address]):
            attributes = self._graph[target][1]
            if edge["label"] in labels and attributes.get("resource_type") in types:
                found.add(_address(attributes))
        if not found and not _absent(item, path):
            raise UnresolvedError(f"{item.address}: the files don't tell what {wanted} names")
        return tuple(sorted(found))

    def configures(self, item: Instance, attribute: str) -> bool:
        """Whether the files set an attribute, to a known value or not."""
        return not _absent(item, (attribute,))


_last: list[tuple[Graph, WrittenResources]] = []


def _written(graph: Graph) -> WrittenResources:
    if not _last or _last[0][0] is not graph:
        _last[:] = [(graph, WrittenResources(graph))]
    return _last[0][1]


def _absent(item: Instance, path: AttributePath) -> bool:
    return value_at(item.values, path) is None and not value_at(item.unknown, path)


def _address(attributes: Mapping[str, Any]) -> str:
    return str(attributes.get("__address__") or attributes["block_name_"])


def _instance(attributes: Mapping[str, Any]) -> Instance:
    ((kind, by_name),) = attributes["config_"].items()
    ((name, conf),) = by_name.items()
    address = _address(attributes)
    values, unknown = _block(conf)
    module = address.removesuffix(f"{kind}.{name}").rstrip(".")
    return Instance(address, kind, name, module, None, values, unknown)


def _split(wrapped: Any) -> tuple[Any, Any]:
    """Tell checkov's list around each attribute from lists and blocks; mark what isn't known."""
    if not isinstance(wrapped, list):
        return _plain(wrapped)
    if any(isinstance(each, Mapping) for each in wrapped) and "for_each" in wrapped:
        return None, True  # checkov breaks dynamic blocks beside others of their name
    if wrapped and all(isinstance(each, Mapping) for each in wrapped):
        blocks = [_block(each) for each in wrapped]
        return [values for values, _ in blocks], [unknown for _, unknown in blocks]
    return _plain(wrapped[0] if len(wrapped) == 1 else wrapped)


def _block(block: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    values, unknown = {}, {}
    for key, value in _with_dynamic_blocks(block).items():
        if key.startswith("__") or key in ("start_line", "end_line", "dynamic"):
            continue
        values[key], unknown[key] = _split(value)
    return values, unknown


def _with_dynamic_blocks(block: Mapping[str, Any]) -> dict[str, Any]:
    """Add one block for all that a dynamic one makes; what differs between them isn't known."""
    found = dict(block)
    for dynamic in block.get("dynamic") or ():
        for name, templates in dynamic.items():
            static = found.get(name) or []
            found[name] = [*static, *(each for each in templates if each not in static)]
    return found


def _plain(value: Any) -> tuple[Any, Any]:
    if isinstance(value, str) and _is_expression(value):
        return None, True
    if isinstance(value, list):
        parts = [_plain(each) for each in value]
        return [each for each, _ in parts], [unknown for _, unknown in parts]
    if isinstance(value, Mapping):
        parts_by_key = {
            key: _plain(each) for key, each in value.items() if not str(key).startswith("__")
        }
        # Statements of a policy are told apart as far as they are known.
        return {key: each for key, (each, _) in parts_by_key.items()}, {
            key: unknown for key, (_, unknown) in parts_by_key.items()
        }
    return value, False


def _is_expression(text: str) -> bool:
    """Whether all of a text is to be worked out; one that has known parts stays as it is."""
    return any(pattern.fullmatch(text) for pattern in (_REFERENCE, _OF_DYNAMIC_BLOCK, _EXPRESSION))
