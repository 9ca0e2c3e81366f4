"""Training without LightGBM: the generator repeats, history counts as the service, figures hold."""

from __future__ import annotations

import json
import math
from collections import Counter

import pytest

from fraud_detection.features import FEATURES, features
from fraud_detection.model import MODEL_FILE
from fraud_detection.tallies import Subject, additions, subjects
from fraud_model import figures
from fraud_model.export import rendered, trees_of
from fraud_model.generator import BEGIN, SEED, generate
from fraud_model.history import replay, without_counters

PAYMENTS = generate(seed=3, days=2)


def test_the_same_seed_makes_the_same_payments() -> None:
    assert generate(seed=3, days=2) == PAYMENTS
    assert generate(seed=4, days=2) != PAYMENTS


def test_payments_come_in_order_with_every_pattern_of_fraud() -> None:
    assert [payment.at for payment in PAYMENTS] == sorted(payment.at for payment in PAYMENTS)
    patterns = Counter(payment.pattern for payment in PAYMENTS)
    assert set(patterns) == {
        "honest",
        "card_testing",
        "velocity_burst",
        "stolen_abroad",
        "unusual_amount",
        "quiet",
    }
    assert patterns["honest"] > 0.9 * len(PAYMENTS)


def test_labels_are_noisy() -> None:
    unreported = [p for p in PAYMENTS if p.pattern != "honest" and not p.fraud]
    assert 0 < len(unreported) < 0.2 * sum(p.pattern != "honest" for p in PAYMENTS)


def test_history_counts_as_the_service_does() -> None:
    """Removing what is outdated, which history does in bulk, changes no row."""
    kept: dict[str, dict[str, int]] = {}
    rows = replay(PAYMENTS, seed=1, complete_from=BEGIN)
    for payment, row in zip(PAYMENTS, rows, strict=True):
        seen: dict[Subject, dict[str, int]] = {}
        for subject, key in subjects(payment.transaction).items():
            seen[subject] = kept.setdefault(key, {})
            for name in additions(subject, payment.transaction, payment.at):
                seen[subject][name] = seen[subject].get(name, 0) + 1
        wanted = features(payment.transaction, seen, payment.at)
        assert list(map(repr, row.values)) == list(map(repr, wanted))


def test_counters_are_left_out_of_some_training_rows() -> None:
    complete = list(replay(PAYMENTS[:2000], seed=1, complete_from=BEGIN))
    partial = list(replay(PAYMENTS[:2000], seed=1, complete_from=math.inf))
    token = FEATURES.index("token_1m")
    assert not any(math.isnan(row.values[token]) for row in complete)
    hidden = sum(math.isnan(row.values[token]) for row in partial)
    assert 0.04 < hidden / len(partial) < 0.13
    bare = without_counters(complete[0])
    assert sum(not math.isnan(value) for value in bare.values) == 1


def test_average_precision_of_a_known_ranking() -> None:
    truths = [True, False, True, False]
    assert figures.average_precision(truths, [0.9, 0.8, 0.7, 0.1]) == pytest.approx(
        0.5 * 1 + 0.5 * 2 / 3
    )
    assert figures.average_precision(truths, [0.9, 0.1, 0.8, 0.2]) == 1
    # Estimates that tell nothing are worth the prevalence.
    assert figures.average_precision(truths, [0.5] * 4) == 0.5


def test_recall_at_a_precision() -> None:
    truths = [True, False, True, False, True]
    estimates = [0.9, 0.8, 0.7, 0.6, 0.5]
    assert figures.recall_at_precision(truths, estimates, 1.0) == pytest.approx(1 / 3)
    assert figures.recall_at_precision(truths, estimates, 0.6) == 1
    assert figures.recall_at_precision([False, True], [0.9, 0.1], 0.9) == 0


def test_calibration_compares_in_bins() -> None:
    (low, high) = figures.calibration([False, True, True], [0.1, 0.2, 1.0], [0, 0.5, 1])
    assert low == {"from": 0, "to": 0.5, "payments": 2, "estimated": 0.15, "observed": 0.5}
    assert (high["payments"], high["observed"]) == (1, 1)


def test_a_threshold_is_told_in_all_its_effects() -> None:
    told = figures.at_threshold([True, True, False, False], [900, 100, 800, 10], 500)
    assert told == {
        "score": 500,
        "part_of_payments": 0.5,
        "precision": 0.5,
        "recall": 0.5,
        "part_of_honest": 0.5,
    }
    assert figures.at_threshold([True, False], [1, 1], 500)["precision"] is None


def test_trees_are_exported_with_their_means() -> None:
    def leaf(value: float, count: int) -> dict[str, float]:
        return {"leaf_value": value, "leaf_count": count}

    split = {
        "decision_type": "<=",
        "missing_type": "NaN",
        "default_left": True,
        "split_feature": 4,
        "threshold": 1.5,
    }
    inner = {**split, "missing_type": "None", "threshold": -2.0, "default_left": True}
    tree = {**split, "left_child": leaf(-1.0, 3), "right_child": {
        **inner, "left_child": leaf(2.0, 1), "right_child": leaf(4.0, 1)}}  # fmt: skip
    (exported,) = trees_of({"tree_info": [{"tree_structure": tree}]})
    assert exported == {
        "features": [4, 4],
        "thresholds": [1.5, -2.0],
        # Where nothing was missing in training, missing is zero, which is above -2.
        "missing_left": [1, 0],
        "left": [-1, -2],
        "right": [1, -3],
        "node_means": [(-3 + 6) / 5, 3.0],
        "leaves": [-1.0, 2.0, 4.0],
    }


@pytest.mark.parametrize("change", [{"decision_type": "=="}, {"missing_type": "Zero"}])
def test_splits_that_cant_be_walked_are_refused(change: dict[str, str]) -> None:
    leaf = {"leaf_value": 1.0, "leaf_count": 1}
    node = {"decision_type": "<=", "missing_type": "None", "split_feature": 0, "threshold": 0.0}
    tree = {**node, **change, "left_child": leaf, "right_child": leaf}
    with pytest.raises(ValueError, match="can't walk"):
        trees_of({"tree_info": [{"tree_structure": tree}]})


def test_the_models_file_is_as_training_writes_it() -> None:
    text = MODEL_FILE.read_text()
    document = json.loads(text)
    assert rendered(document) == text
    assert document["about"]["seed"] == SEED
