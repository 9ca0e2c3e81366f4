"""What the functions' environment may say."""

from __future__ import annotations

import pytest

from api_functions.settings import SettingsError
from transaction_gateway.settings import Settings

ENVIRONMENT = {"PAYMENTS_TABLE": "payments", "ACQUIRER_URL": "https://acquirer.example/v2"}


FRAUD = {"FRAUD_URL": "https://fraud.internal.example", "FRAUD_FAIL_OPEN_BELOW": '{"EUR": 5000}'}


def test_defaults_are_filled_in() -> None:
    settings = Settings.from_environment(ENVIRONMENT)
    assert (settings.acquirer_timeout_ms, settings.log_level) == (2000, "INFO")
    assert (settings.fraud, settings.environment) == (None, None)


def test_the_fraud_check_is_read() -> None:
    fraud = Settings.from_environment({**ENVIRONMENT, **FRAUD}).fraud
    assert fraud is not None
    assert (fraud.url, fraud.timeout_ms) == (FRAUD["FRAUD_URL"], 80)
    assert fraud.policy.passes_up_to == {"EUR": 5000}


def test_nobody_lets_payments_pass_unchecked_by_forgetting_to_say() -> None:
    with pytest.raises(SettingsError, match="set FRAUD_FAIL_OPEN_BELOW"):
        Settings.from_environment({**ENVIRONMENT, "FRAUD_URL": FRAUD["FRAUD_URL"]})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PAYMENTS_TABLE", ""),
        ("ACQUIRER_URL", "acquirer.example"),
        ("ACQUIRER_URL", "ftp://acquirer.example"),
        ("ACQUIRER_URL", "http://"),
        ("ACQUIRER_TIMEOUT_MS", "2s"),
        ("ACQUIRER_TIMEOUT_MS", "0"),
        ("ACQUIRER_TIMEOUT_MS", "60000"),
        ("LOG_LEVEL", "LOUD"),
        ("FRAUD_URL", "fraud.internal"),
        ("FRAUD_TIMEOUT_MS", "4"),
        ("FRAUD_TIMEOUT_MS", "2001"),
        ("FRAUD_FAIL_OPEN_BELOW", "5000"),
        ("FRAUD_FAIL_OPEN_BELOW", "{"),
        ("FRAUD_FAIL_OPEN_BELOW", '{"EUX": 1}'),
        ("FRAUD_FAIL_OPEN_BELOW", '{"EUR": "1"}'),
        ("FRAUD_FAIL_OPEN_BELOW", '{"EUR": 1.5}'),
        ("FRAUD_FAIL_OPEN_BELOW", '{"EUR": true}'),
        ("FRAUD_FAIL_OPEN_BELOW", '{"EUR": -1}'),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment({**ENVIRONMENT, **FRAUD, name: value})
