"""Trains the model and writes it: ``python -m fraud_model.train [--output FILE | --check]``.

Needs the packages of ``requirements-model.lock``. The same packages on the same kind of processor
write the same bytes: the payments are seeded, and LightGBM runs deterministically in one thread.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lightgbm  # type: ignore[import-not-found]  # an environment of its own
import numpy as np  # type: ignore[import-not-found]  # an environment of its own

from fraud_detection.features import FEATURES
from fraud_detection.model import FORMAT, MODEL_FILE, Model, content_version
from fraud_detection.scoring import DEFAULT_THRESHOLDS, score_of
from fraud_detection.tallies import DAY
from fraud_model import figures
from fraud_model.export import rendered, trees_of
from fraud_model.generator import BEGIN, DAYS, FALSE_REPORTS, SEED, UNREPORTED, generate
from fraud_model.history import LEFT_OUT, Row, replay, without_counters

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fraud_model.generator import Labelled

TRAINING_DAYS = 28
ROUNDS = 90
PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.08,
    "num_leaves": 16,
    "min_data_in_leaf": 60,
    "lambda_l2": 5.0,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "seed": SEED,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}
# More of these never makes a payment less suspicious ...
RISING = {
    *(name for name in FEATURES if re.fullmatch(r"(token|device|country)_(1m|10m|1h|24h)", name)),
    "device_tokens_24h",
    "merchant_1m_ratio",
    "merchant_10m_ratio",
    "country_10m_ratio",
}
# ... nor of these more so.
FALLING = {"token_payments", "token_country_share", "token_device_share", "country_24h_share"}

EDGES = (0.0, 0.002, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0)
THRESHOLDS = (20, 50, 100, 200, 300, 400, 500, 600, 700, 800, 850, 900, 950, 980)
PRECISIONS = (0.5, 0.8, 0.9, 0.95)
SAMPLES = 60


def main() -> int:
    """Train, measure, write; or compare with what was written before."""
    parser = argparse.ArgumentParser(description="Train the fraud model on synthetic payments.")
    parser.add_argument("--output", type=Path, default=MODEL_FILE, help="default: %(default)s")
    parser.add_argument(
        "--check", action="store_true", help="exit 1 unless the file holds these very bytes"
    )
    options = parser.parse_args()
    document = trained()
    text = rendered(document)
    if options.check:
        same = options.output.read_text(encoding="utf-8") == text
        sys.stdout.write(f"{options.output} {'is' if same else 'is not'} what training gives\n")
        return 0 if same else 1
    options.output.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{document['version']} written to {options.output}\n")
    for name in ("average_precision", "prevalence", "recall_at_precision"):
        sys.stdout.write(f"  {name}: {document['hold_out'][name]}\n")
    return 0


def trained() -> dict[str, Any]:
    """Train and measure: the whole content of the model's file."""
    payments = generate()
    end_of_training = BEGIN + TRAINING_DAYS * DAY
    rows = list(replay(payments, SEED, end_of_training))
    training = [row for row in rows if row.at < end_of_training]
    held_out = [row for row in rows if row.at >= end_of_training]
    booster = fit(training)
    trees = trees_of(booster.dump_model())
    decisive: dict[str, Any] = {"format": FORMAT, "features": list(FEATURES), "trees": trees}
    version = content_version(decisive)
    model = Model.of({**decisive, "version": version})
    return {
        "version": version,
        "format": FORMAT,
        "features": list(FEATURES),
        "about": about(payments, training),
        "hold_out": measure(model, held_out),
        "hold_out_without_counters": measure(model, [without_counters(row) for row in held_out]),
        "samples": samples(booster, rows),
        "trees": trees,
    }


def fit(rows: Sequence[Row]) -> Any:
    """Train LightGBM on rows."""
    rising = [(name in RISING) - (name in FALLING) for name in FEATURES]
    data = lightgbm.Dataset(
        np.array([row.values for row in rows]),
        label=np.array([row.fraud for row in rows], dtype=float),
        feature_name=list(FEATURES),
    )
    return lightgbm.train({**PARAMETERS, "monotone_constraints": rising}, data, ROUNDS)


def about(payments: Sequence[Labelled], training: Sequence[Row]) -> dict[str, Any]:
    """Say where the model comes from."""
    return {
        "data": "synthetic payments of fraud_model/generator.py; figures hold for these alone",
        "seed": SEED,
        "days": DAYS,
        "training_days": TRAINING_DAYS,
        "payments": len(payments),
        "training_rows": len(training),
        "training_prevalence": round(_part(row.fraud for row in training), 5),
        "fraud_not_reported": UNREPORTED,
        "honest_reported": FALSE_REPORTS,
        "counters_left_out": LEFT_OUT,
        "lightgbm": lightgbm.__version__,
        "numpy": np.__version__,
        "rounds": ROUNDS,
        "parameters": PARAMETERS,
        "rising": sorted(RISING),
        "falling": sorted(FALLING),
    }


def measure(model: Model, rows: Sequence[Row]) -> dict[str, Any]:
    """Measure a model on rows that come after all it was trained on."""
    truths = [row.fraud for row in rows]
    estimates = [model.probability(row.values) for row in rows]
    scores = [score_of(estimate) for estimate in estimates]
    return {
        "payments": len(rows),
        "frauds": sum(truths),
        "prevalence": round(_part(truths), 5),
        "average_precision": round(figures.average_precision(truths, estimates), 4),
        "recall_at_precision": {
            str(wanted): round(figures.recall_at_precision(truths, estimates, wanted), 4)
            for wanted in PRECISIONS
        },
        "brier": round(figures.brier(truths, estimates), 6),
        "calibration": figures.calibration(truths, estimates, EDGES),
        "thresholds": [figures.at_threshold(truths, scores, each) for each in THRESHOLDS],
        "caught_by_pattern": {
            pattern: caught(
                [score for score, row in zip(scores, rows, strict=True) if row.pattern == pattern]
            )
            for pattern in sorted({row.pattern for row in rows})
        },
    }


def caught(scores: Sequence[int]) -> dict[str, float | int]:
    """Tell what the default thresholds do to the payments of one pattern."""
    return {
        "payments": len(scores),
        "reviewed": round(_part(score >= DEFAULT_THRESHOLDS.review_at for score in scores), 4),
        "refused": round(_part(score >= DEFAULT_THRESHOLDS.refuse_at for score in scores), 4),
    }


def samples(booster: Any, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Keep rows with LightGBM's own predictions, which the service's walk must equal."""
    spread = [rows[place * len(rows) // SAMPLES] for place in range(SAMPLES)]
    frauds = [row for row in rows if row.fraud]
    spread += [frauds[place * len(frauds) // SAMPLES] for place in range(SAMPLES)]
    spread.append(without_counters(spread[0]))
    values = np.array([row.values for row in spread])
    log_odds = booster.predict(values, raw_score=True)
    return [
        {
            "row": [None if math.isnan(value) else value for value in row.values],
            "log_odds": float(predicted),
        }
        for row, predicted in zip(spread, log_odds, strict=True)
    ]


def _part(truths: Iterable[bool]) -> float:
    known = list(truths)
    return sum(known) / len(known)


if __name__ == "__main__":
    sys.exit(main())
