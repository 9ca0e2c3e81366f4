"""What a hold-out says of a model: precision, recall, calibration."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def average_precision(truths: Sequence[bool], estimates: Sequence[float]) -> float:
    """Give the area under the precision-recall curve, as average precision; ties count as one."""
    hits = seen = 0
    area = recall_before = 0.0
    total = sum(truths)
    for hits, seen in _cuts(truths, estimates):
        recall = hits / total
        area += (recall - recall_before) * hits / seen
        recall_before = recall
    return area


def recall_at_precision(
    truths: Sequence[bool], estimates: Sequence[float], precision: float
) -> float:
    """Give the largest recall that a threshold of at least this precision reaches."""
    total = sum(truths)
    reached = (hits / total for hits, seen in _cuts(truths, estimates) if hits / seen >= precision)
    return max(reached, default=0.0)


def brier(truths: Sequence[bool], estimates: Sequence[float]) -> float:
    """Give the mean squared error of the estimated probabilities."""
    return sum((e - t) ** 2 for t, e in zip(truths, estimates, strict=True)) / len(truths)


def calibration(
    truths: Sequence[bool], estimates: Sequence[float], edges: Sequence[float]
) -> list[dict[str, float]]:
    """Compare estimated and observed parts of fraud between the edges (rising, from 0 to 1)."""
    rows = []
    for low, high in itertools.pairwise(edges):
        inside = [
            (truth, estimate)
            for truth, estimate in zip(truths, estimates, strict=True)
            if low <= estimate < high or estimate == high == 1
        ]
        if inside:
            rows.append(
                {
                    "from": low,
                    "to": high,
                    "payments": len(inside),
                    "estimated": round(sum(estimate for _, estimate in inside) / len(inside), 5),
                    "observed": round(sum(truth for truth, _ in inside) / len(inside), 5),
                }
            )
    return rows


def at_threshold(
    truths: Sequence[bool], scores: Sequence[int], threshold: int
) -> dict[str, float | int | None]:
    """Tell what deciding at ``score >= threshold`` does."""
    chosen = [truth for truth, score in zip(truths, scores, strict=True) if score >= threshold]
    hits = sum(chosen)
    return {
        "score": threshold,
        "part_of_payments": round(len(chosen) / len(truths), 5),
        "precision": round(hits / len(chosen), 4) if chosen else None,
        "recall": round(hits / sum(truths), 4),
        "part_of_honest": round((len(chosen) - hits) / (len(truths) - sum(truths)), 5),
    }


def _cuts(truths: Sequence[bool], estimates: Sequence[float]) -> list[tuple[int, int]]:
    """Give (frauds, payments) above each distinct estimate, from the highest down."""
    order = sorted(range(len(truths)), key=lambda place: -estimates[place])
    cuts, hits = [], 0
    for seen, place in enumerate(order, start=1):
        hits += truths[place]
        last = seen == len(order)
        if last or estimates[order[seen]] != estimates[place]:
            cuts.append((hits, seen))
    return cuts
