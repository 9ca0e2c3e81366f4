"""Plans without attributes that aren't set: checkov takes a null for a value that is there."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def written_without_nulls(plan: Mapping[str, Any]) -> Iterator[Path]:
    """Write a plan for checkov; the file is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="pci-dss-") as folder:
        path = Path(folder) / "plan.json"
        path.write_text(json.dumps(without_nulls(plan)), encoding="utf-8")
        yield path


def without_nulls(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Return a plan in which planned values have no nulls; the rest of it is the same."""
    return {**plan, "planned_values": _pruned(plan["planned_values"])}


def _pruned(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _pruned(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_pruned(inner) for inner in value]
    return value
