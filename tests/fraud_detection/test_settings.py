"""What the task's environment may say."""

from __future__ import annotations

import pytest

from fraud_detection.scoring import DEFAULT_THRESHOLDS, Thresholds
from fraud_detection.settings import Settings, SettingsError

ENVIRONMENT = {"FRAUD_COUNTERS_TABLE": "counters", "PAYMENTS_TABLE": "payments"}


def test_defaults_are_filled_in() -> None:
    settings = Settings.from_environment(ENVIRONMENT)
    assert settings.thresholds == DEFAULT_THRESHOLDS
    assert (settings.deadline_ms, settings.port, settings.bind_host) == (20, 8080, "0.0.0.0")  # noqa: S104
    assert (settings.drain_seconds, settings.environment) == (5, "local")


def test_thresholds_can_be_set_and_switched_off() -> None:
    told = {**ENVIRONMENT, "REVIEW_AT": "300", "REFUSE_AT": "1001"}
    assert Settings.from_environment(told).thresholds == Thresholds(300, 1001)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FRAUD_COUNTERS_TABLE", ""),
        ("PAYMENTS_TABLE", " "),
        ("SCORE_DEADLINE_MS", "0"),
        ("SCORE_DEADLINE_MS", "20ms"),
        ("SCORE_DEADLINE_MS", "5001"),
        ("REVIEW_AT", "0"),
        ("REFUSE_AT", "1002"),
        ("REVIEW_AT", "900"),
        ("PORT", "http"),
        ("PORT", "70000"),
        ("DRAIN_SECONDS", "60"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment({**ENVIRONMENT, name: value})
