"""What the environments of the publisher and the sender may say."""

from __future__ import annotations

import pytest

from api_functions.settings import SettingsError
from event_publisher.settings import Settings as PublisherSettings
from webhook_sender.settings import Settings as SenderSettings

SENDER = {"WEBHOOKS_TABLE": "webhooks", "WEBHOOK_QUEUE_URL": "https://sqs.example/1/webhooks"}


def test_defaults_are_filled_in() -> None:
    settings = SenderSettings.from_environment(SENDER)
    assert (settings.timeout_ms, settings.first_retry_ms) == (5000, 30_000)
    assert (settings.longest_retry_ms, settings.log_level) == (14_400_000, "INFO")
    assert settings.environment is None
    assert PublisherSettings.from_environment({"EVENT_BUS": "payments"}).log_level == "INFO"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEBHOOKS_TABLE", ""),
        ("WEBHOOK_QUEUE_URL", "webhooks"),
        ("WEBHOOK_TIMEOUT_MS", "60000"),
        ("FIRST_RETRY_MS", "0"),
        ("LONGEST_RETRY_MS", "43200001"),
        ("LONGEST_RETRY_MS", "20000"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_a_wrong_value_of_the_sender_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        SenderSettings.from_environment({**SENDER, name: value})


def test_the_publisher_needs_a_bus() -> None:
    with pytest.raises(SettingsError, match="EVENT_BUS"):
        PublisherSettings.from_environment({})
