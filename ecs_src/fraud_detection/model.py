"""The exported model: trees as arrays, walked in plain Python, each score explained.

Importing LightGBM would take most of a second and 100 MB; walking takes microseconds.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fraud_detection.features import FEATURES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MODEL_FILE = Path(__file__).parent / "model.json"
FORMAT = 1


class ModelError(ValueError):
    """The model's file can't be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree. A child that is negative is a leaf, ``~child`` its number.

    ``missing_left`` says where NaN goes. ``node_means`` and ``leaves`` are log-odds: what a
    training row that reached the place got on average.
    """

    features: tuple[int, ...]
    thresholds: tuple[float, ...]
    missing_left: tuple[bool, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    node_means: tuple[float, ...]
    leaves: tuple[float, ...]

    @classmethod
    def read(cls, document: Mapping[str, Sequence[Any]]) -> Tree:
        """Read a tree of the model's file."""
        return cls(
            features=tuple(document["features"]),
            thresholds=tuple(document["thresholds"]),
            missing_left=tuple(map(bool, document["missing_left"])),
            left=tuple(document["left"]),
            right=tuple(document["right"]),
            node_means=tuple(document["node_means"]),
            leaves=tuple(document["leaves"]),
        )

    def next_place(self, node: int, row: Sequence[float]) -> int:
        """Give the child to which a row goes."""
        value = row[self.features[node]]
        # NaN is the one value that differs from itself.
        goes_left = self.missing_left[node] if value != value else value <= self.thresholds[node]
        return self.left[node] if goes_left else self.right[node]

    def mean(self, place: int) -> float:
        """Give the log-odds of a node or leaf."""
        return self.node_means[place] if place >= 0 else self.leaves[~place]


class Model:
    """Trees that sum to the log-odds of fraud."""

    def __init__(self, version: str, trees: Sequence[Tree]) -> None:
        self.version = version
        self._trees = tuple(trees)

    @classmethod
    def load(cls, path: Path = MODEL_FILE) -> Model:
        """Read a model. Raises ``ModelError`` for what this service can't walk."""
        try:
            document = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise ModelError(f"{path} can't be read: {error}") from error
        return cls.of(document, str(path))

    @classmethod
    def of(cls, document: Mapping[str, Any], place: str = "the model") -> Model:
        """Make a model of its document. Raises ``ModelError`` for what can't be walked."""
        if document.get("format") != FORMAT:
            found = document.get("format")
            raise ModelError(f"{place} has format {found!r}, not {FORMAT}: retrain")
        if tuple(document["features"]) != FEATURES:
            raise ModelError(f"{place} was trained on other features than the service's: retrain")
        if document["version"] != content_version(document):
            raise ModelError(f"{place} was changed after its training: retrain, or restore it")
        return cls(document["version"], [Tree.read(tree) for tree in document["trees"]])

    def log_odds(self, row: Sequence[float]) -> float:
        """Sum the leaves that a row reaches, in LightGBM's order."""
        total = 0.0
        for tree in self._trees:
            features, thresholds = tree.features, tree.thresholds
            left, right, missing_left = tree.left, tree.right, tree.missing_left
            node = 0
            while node >= 0:
                value = row[features[node]]
                # Written out for speed; `next_place` says the same.
                goes_left = missing_left[node] if value != value else value <= thresholds[node]
                node = left[node] if goes_left else right[node]
            total += tree.leaves[~node]
        return total

    def probability(self, row: Sequence[float]) -> float:
        """Give the estimated probability of fraud."""
        return 1 / (1 + math.exp(-self.log_odds(row)))

    def contributions(self, row: Sequence[float]) -> list[float]:
        """Share out the log-odds among the features, in the features' order.

        Each step down a tree changes the mean of the rows below; the change belongs to the
        feature that was asked. With the means of the roots, they sum to the log-odds.
        """
        shares = [0.0] * len(row)
        for tree in self._trees:
            place, mean = 0, tree.node_means[0]
            while place >= 0:
                feature = tree.features[place]
                place = tree.next_place(place, row)
                reached = tree.mean(place)
                shares[feature] += reached - mean
                mean = reached
        return shares

    def base(self) -> float:
        """Give the log-odds of the average training row: what contributions start from."""
        return sum(tree.node_means[0] for tree in self._trees)


def content_version(document: Mapping[str, Any]) -> str:
    """Name a model after the bytes that decide its scores."""
    decisive = {name: document[name] for name in ("format", "features", "trees")}
    text = json.dumps(decisive, sort_keys=True, separators=(",", ":"))
    return f"fm1-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
