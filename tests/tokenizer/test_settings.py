"""What the tokenizer's environment may say."""

from __future__ import annotations

import pytest

from api_functions.settings import SettingsError
from harness.testing import pci
from tokenizer.settings import Settings

KEY = "arn:aws:kms:eu-west-1:444444444444:key/0d990263-018e-4e65-a703-eff731de951e"
ENVIRONMENT = {
    "VAULT_TABLE": "vault",
    "PAYMENTS_TABLE": "payments",
    "CARD_KEY_ARN": KEY,
    "MAC_KEY_ARN": KEY,
    "ACQUIRER_URL": "https://acquirer.example/v2",
}


def test_defaults_are_filled_in() -> None:
    settings = Settings.from_environment(ENVIRONMENT)
    assert (settings.acquirer_timeout_ms, settings.log_level) == (2000, "INFO")
    assert settings.environment is None


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_a_missing_variable_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=f"set {name} in"):
        Settings.from_environment({**ENVIRONMENT, name: " "})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CARD_KEY_ARN", "alias/cards"),
        ("MAC_KEY_ARN", KEY.replace("key/", "alias/")),
        ("ACQUIRER_URL", "acquirer.example"),
        ("ACQUIRER_TIMEOUT_MS", "49"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment({**ENVIRONMENT, name: value})


@pci("4.2.1")
@pytest.mark.parametrize(
    "url", ["http://acquirer.example", "http://10.0.0.7", "http://127.0.0.1.example"]
)
def test_card_numbers_cross_no_network_in_clear(url: str) -> None:
    with pytest.raises(SettingsError, match="https"):
        Settings.from_environment({**ENVIRONMENT, "ACQUIRER_URL": url})


def test_a_process_on_the_same_machine_may_be_the_acquirer() -> None:
    for url in ("http://127.0.0.1:8181", "http://[::1]:8181"):
        assert Settings.from_environment({**ENVIRONMENT, "ACQUIRER_URL": url}).acquirer_url == url
