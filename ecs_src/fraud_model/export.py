"""Writes LightGBM's trees as the arrays that the service walks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Arrays:
    """One tree's arrays while they fill."""

    def __init__(self) -> None:
        self.columns: dict[str, list[Any]] = {
            name: []
            for name in (
                "features",
                "thresholds",
                "missing_left",
                "left",
                "right",
                "node_means",
                "leaves",
            )
        }

    def place(self, node: Mapping[str, Any]) -> tuple[int, float, int]:
        """Append a node and all below; give its place, the mean of its rows, and their number."""
        columns = self.columns
        if "leaf_value" in node:
            columns["leaves"].append(node["leaf_value"])
            return -len(columns["leaves"]), node["leaf_value"], int(node["leaf_count"])
        if node["decision_type"] != "<=" or node["missing_type"] == "Zero":
            raise ValueError(f"the service can't walk a {node['decision_type']} split")
        index = len(columns["features"])
        columns["features"].append(node["split_feature"])
        columns["thresholds"].append(node["threshold"])
        # Where no row lacked the feature, LightGBM reads NaN as zero.
        absent_left = (
            node["default_left"] if node["missing_type"] == "NaN" else node["threshold"] >= 0
        )
        columns["missing_left"].append(int(absent_left))
        for name in ("left", "right", "node_means"):
            columns[name].append(None)
        left, left_mean, left_rows = self.place(node["left_child"])
        right, right_mean, right_rows = self.place(node["right_child"])
        rows = left_rows + right_rows
        mean = (left_mean * left_rows + right_mean * right_rows) / rows
        columns["left"][index], columns["right"][index] = left, right
        columns["node_means"][index] = mean
        return index, mean, rows


def trees_of(dump: Mapping[str, Any]) -> list[dict[str, list[Any]]]:
    """Export the trees of ``Booster.dump_model()``. Raises ``ValueError`` for other splits."""
    trees = []
    for tree in dump["tree_info"]:
        arrays = _Arrays()
        arrays.place(tree["tree_structure"])
        if not arrays.columns["features"]:
            raise ValueError("a tree is a single leaf: train on more rows")
        trees.append(arrays.columns)
    return trees


def rendered(document: Mapping[str, Any]) -> str:
    """Write the model's file: a line for each member, and for each tree, so that diffs read."""
    lines = []
    for name, value in document.items():
        if name in ("samples", "trees"):
            inner = ",\n".join(f"    {_compact(member)}" for member in value)
            lines.append(f"  {json.dumps(name)}: [\n{inner}\n  ]")
        elif isinstance(value, dict):
            inner = ",\n".join(
                f"    {json.dumps(key)}: {_compact(member)}" for key, member in value.items()
            )
            lines.append(f"  {json.dumps(name)}: {{\n{inner}\n  }}")
        else:
            lines.append(f"  {json.dumps(name)}: {_compact(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
