"""The walk of the exported trees is LightGBM's own, and what explains a score adds up to it."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_detection.features import FEATURES
from fraud_detection.model import MODEL_FILE, Model, ModelError, content_version
from fraud_detection.reasons import CODES, LEAST_LOG_ODDS, MOST, TEXTS, reasons
from fraud_detection.scoring import DEFAULT_THRESHOLDS, Decision, Thresholds, score_of
from harness.fraud import CONTRACT

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENT: dict[str, Any] = json.loads(MODEL_FILE.read_text())
MODEL = Model.load()
ROWS = [
    [math.nan if value is None else value for value in sample["row"]]
    for sample in DOCUMENT["samples"]
]

numbers = st.floats(min_value=-5, max_value=2000) | st.just(math.nan)
rows = st.lists(numbers, min_size=len(FEATURES), max_size=len(FEATURES))


def test_stored_rows_get_what_lightgbm_gave_them() -> None:
    assert len(ROWS) > 100
    # The same additions in the same order: equal to the last bit.
    assert [MODEL.log_odds(row) for row in ROWS] == [
        sample["log_odds"] for sample in DOCUMENT["samples"]
    ]


def test_the_stored_rows_are_worth_comparing() -> None:
    scores = [score_of(MODEL.probability(row)) for row in ROWS]
    assert min(scores) < 10
    assert max(scores) > 900
    assert any(math.isnan(value) for row in ROWS for value in row)


def test_a_model_trained_now_is_walked_as_lightgbm_predicts() -> None:
    lightgbm = pytest.importorskip("lightgbm", reason="the model's own environment has it")
    numpy = pytest.importorskip("numpy")
    from fraud_model.export import trees_of
    from fraud_model.train import PARAMETERS

    chance = random.Random(7)  # noqa: S311 - reproducible
    data = numpy.array(
        [
            [math.nan if chance.random() < 0.1 else chance.gauss(0, 3) for _ in FEATURES]
            for _ in range(3000)
        ]
    )
    data[:, 0] = numpy.nan_to_num(data[:, 0])  # one that is always known
    label = (numpy.nan_to_num(data[:, 0] + data[:, 3]) > 2).astype(float)
    booster = lightgbm.train(PARAMETERS, lightgbm.Dataset(data, label=label), 20)
    document = {"format": 1, "features": list(FEATURES), "trees": trees_of(booster.dump_model())}
    model = Model.of({**document, "version": content_version(document)})
    data[0, 0] = numpy.nan  # unknown for the first time
    assert [model.log_odds(row) for row in data.tolist()] == list(
        booster.predict(data, raw_score=True)
    )


def test_the_version_is_of_the_content() -> None:
    assert DOCUMENT["version"] == content_version(DOCUMENT) == MODEL.version
    other = json.loads(json.dumps(DOCUMENT))
    other["trees"][3]["leaves"][0] += 1e-9
    assert content_version(other) != DOCUMENT["version"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"format": 2}, "format"),
        ({"features": [*FEATURES[1:], FEATURES[0]]}, "other features"),
        ({"version": "fm1-0000000000000000"}, "changed after its training"),
        ({"trees": DOCUMENT["trees"][:-1]}, "changed after its training"),
    ],
)
def test_a_file_that_is_not_the_trained_one_is_refused(
    tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    file = tmp_path / "model.json"
    file.write_text(json.dumps({**DOCUMENT, **change}))
    with pytest.raises(ModelError, match=reason):
        Model.load(file)


def test_a_file_that_cant_be_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.json"
    file.write_text("{")
    with pytest.raises(ModelError, match="can't be read"):
        Model.load(file)


@given(rows)
def test_contributions_sum_to_the_log_odds(row: list[float]) -> None:
    explained = MODEL.base() + sum(MODEL.contributions(row))
    assert explained == pytest.approx(MODEL.log_odds(row), abs=1e-9)


@given(rows, st.sampled_from(DOCUMENT["about"]["rising"]), st.floats(0, 500))
def test_more_of_a_counter_never_lowers_the_score(row: list[float], name: str, more: float) -> None:
    place = FEATURES.index(name)
    if math.isnan(row[place]):
        row[place] = 1.0
    raised = [value + more if n == place else value for n, value in enumerate(row)]
    assert MODEL.log_odds(raised) >= MODEL.log_odds(row) - 1e-9


@given(rows, st.sampled_from(DOCUMENT["about"]["falling"]), st.floats(0, 1))
def test_a_more_usual_place_never_raises_the_score(
    row: list[float], name: str, more: float
) -> None:
    place = FEATURES.index(name)
    if math.isnan(row[place]):
        row[place] = 0.0
    raised = [value + more if n == place else value for n, value in enumerate(row)]
    assert MODEL.log_odds(raised) <= MODEL.log_odds(row) + 1e-9


@given(rows)
def test_reasons_are_few_distinct_and_of_the_contract(row: list[float]) -> None:
    given_ = [reason.code for reason in reasons(MODEL.contributions(row), row)]
    assert len(given_) == len(set(given_)) <= MOST
    documented = CONTRACT.document["components"]["schemas"]["Reason"]["properties"]["code"]["enum"]
    assert set(given_) <= set(documented)


def test_what_is_unknown_is_no_reason() -> None:
    nothing = [math.nan] * len(FEATURES)
    assert reasons([9.0] * len(FEATURES), nothing) == ()


def test_small_contributions_are_no_reason() -> None:
    known = [1.0] * len(FEATURES)
    assert reasons([LEAST_LOG_ODDS / 10] * len(FEATURES), known) == ()


def test_contributions_of_one_code_are_added() -> None:
    known, shares = [1.0] * len(FEATURES), [0.0] * len(FEATURES)
    for name in ("token_1m", "token_10m", "token_1h"):
        shares[FEATURES.index(name)] = LEAST_LOG_ODDS * 0.9
    shares[FEATURES.index("amount_deviation")] = LEAST_LOG_ODDS * 1.5
    assert [reason.code for reason in reasons(shares, known)] == ["card_velocity", "amount_unusual"]


def test_every_feature_has_a_code_and_every_code_a_text() -> None:
    documented = CONTRACT.document["components"]["schemas"]["Reason"]["properties"]["code"]["enum"]
    assert set(CODES) == set(TEXTS) == set(documented)


def test_thresholds_decide() -> None:
    thresholds = Thresholds(review_at=200, refuse_at=700)
    assert [thresholds.decide(score) for score in (0, 199, 200, 699, 700, 1000)] == [
        Decision.APPROVE,
        Decision.APPROVE,
        Decision.REVIEW,
        Decision.REVIEW,
        Decision.REFUSE,
        Decision.REFUSE,
    ]


def test_the_file_reports_what_it_was_measured_on() -> None:
    about, held_out = DOCUMENT["about"], DOCUMENT["hold_out"]
    assert "synthetic" in about["data"]
    assert held_out["payments"] + about["training_rows"] == about["payments"]
    # Far better than chance, and not perfect: the generator has noise that nothing can see.
    assert 10 * held_out["prevalence"] < held_out["average_precision"] < 0.95
    without = DOCUMENT["hold_out_without_counters"]
    assert without["average_precision"] < held_out["average_precision"]
    by_score = {row["score"]: row for row in held_out["thresholds"]}
    for threshold in (DEFAULT_THRESHOLDS.review_at, DEFAULT_THRESHOLDS.refuse_at):
        assert by_score[threshold]["precision"] > 0.5


def test_serving_needs_none_of_the_packages_that_train() -> None:
    heavy = "import sys, fraud_detection.server; print({'lightgbm', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
