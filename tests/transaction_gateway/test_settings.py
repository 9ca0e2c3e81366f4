"""What the functions' environment may say."""

from __future__ import annotations

import pytest

from api_functions.settings import SettingsError
from transaction_gateway.settings import Settings

ENVIRONMENT = {"PAYMENTS_TABLE": "payments", "ACQUIRER_URL": "https://acquirer.example/v2"}


def test_defaults_are_filled_in() -> None:
    settings = Settings.from_environment(ENVIRONMENT)
    assert (settings.acquirer_timeout_ms, settings.log_level) == (2000, "INFO")


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
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment({**ENVIRONMENT, name: value})
