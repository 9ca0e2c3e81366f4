"""Values for what a plan doesn't know yet, so that a check can be asked about all the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_POLICY = '{"Version": "2012-10-17", "Statement": []}'


def settled(values: Mapping[str, Any], unknown: Any, name: str) -> dict[str, Any]:
    """Return values in which everything that is unknown has one.

    Args:
        values: of a resource.
        unknown: as Terraform marks it.
        name: what the values are told apart by.
    """
    return _settled(dict(values), unknown or {}, name)  # type: ignore[no-any-return]


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
