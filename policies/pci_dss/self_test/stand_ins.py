"""Values for what a plan doesn't know yet, so that a check can be asked about all the rest."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

DOCUMENTS = Path(__file__).with_name("documents.toml")
_POLICY = '{"Version": "2012-10-17", "Statement": []}'


def with_documents(plan: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """Return a plan in which JSON that it doesn't tell is there, and how many there were."""
    documents = tomllib.loads(DOCUMENTS.read_text(encoding="utf-8"))
    told = copy.deepcopy(dict(plan))
    changes = {each["address"]: each["change"] for each in told["resource_changes"]}
    count = 0
    for item in resources_of(told["planned_values"]["root_module"]):
        unknown = changes.get(item["address"], {}).get("after_unknown") or {}
        for attribute, text in documents.get(item["type"], {}).items():
            if item["mode"] == "managed" and unknown.get(attribute) is True:
                item.setdefault("values", {})[attribute] = text
                del unknown[attribute]
                count += 1
    return told, count


def resources_of(module: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the resources of a plan's module and of those in it, as they stand in the plan."""
    yield from module.get("resources", ())
    for child in module.get("child_modules", ()):
        yield from resources_of(child)


def settled(values: Mapping[str, Any], unknown: Any, name: str) -> dict[str, Any]:
    """Return values in which everything that is unknown has one.

    Args:
        values: of a resource.
        unknown: as Terraform marks it.
        name: what the values are told apart by.
    """
    return _settled(dict(values), unknown or {}, name)  # type: ignore[no-any-return]  # a dict stays one


def _settled(value: Any, mark: Any, name: str) -> Any:
    if mark is True:
        return _POLICY if name.endswith("policy") else f"known-after-apply-{name}"
    if isinstance(mark, Mapping):
        inner = dict(value or {})
        return inner | {key: _settled(inner.get(key), mark[key], key) for key in mark if mark[key]}
    if isinstance(mark, list):
        elements = list(value or [])
        elements += [None] * (len(mark) - len(elements))
        return [_settled(each, inner, name) for each, inner in zip(elements, mark, strict=False)]
    return value
