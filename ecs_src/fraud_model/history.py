"""Replays payments over counters in memory, as the service counts them in its table."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fraud_detection.features import FEATURES, features
from fraud_detection.tallies import additions, outdated, subjects

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fraud_model.generator import Labelled

LEFT_OUT = 0.08
"""Part of the training rows for which a subject's counters are left out, each on its own."""

_MANY = 130


@dataclass(frozen=True, slots=True)
class Row:
    """What the model would have seen of one payment, and what it should say."""

    at: float
    values: list[float]
    fraud: bool
    pattern: str


def replay(payments: Iterable[Labelled], seed: int, complete_from: float) -> Iterator[Row]:
    """Count the payments in their order, and give the inputs of each.

    Before ``complete_from`` (epoch seconds) a part of the tallies is hidden, as when a counter
    doesn't answer in time: the model learns to score without.
    """
    chance = random.Random(f"{seed}/left out")  # noqa: S311 - reproducible
    kept: dict[str, dict[str, int]] = defaultdict(dict)
    for payment in payments:
        seen = {}
        for subject, key in subjects(payment.transaction).items():
            tally = kept[key]
            for name in additions(subject, payment.transaction, payment.at):
                tally[name] = tally.get(name, 0) + 1
            if len(tally) > _MANY:
                for name in list(outdated(tally, payment.at)):
                    del tally[name]
            if payment.at >= complete_from or chance.random() >= LEFT_OUT:
                seen[subject] = tally
        values = features(payment.transaction, seen, payment.at)
        yield Row(payment.at, values, payment.fraud, payment.pattern)


def without_counters(row: Row) -> Row:
    """Give a row as it is when no counter answers."""
    values = [row.values[0]] + [math.nan] * (len(FEATURES) - 1)
    return Row(row.at, values, row.fraud, row.pattern)
