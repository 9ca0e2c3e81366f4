"""What the functions read from their environment."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api_functions.settings import (
    SettingsError,
    http_address,
    log_level,
    milliseconds,
    required,
)
from payment_core.currencies import EXPONENTS
from payment_core.fraud import FraudPolicy
from payment_core.money import MAX_MINOR_UNITS, is_integer

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class FraudSettings:
    """Where the fraud check is, how long it may take, and what passes when it is silent."""

    url: str
    timeout_ms: int
    policy: FraudPolicy

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> FraudSettings | None:
        """Read ``FRAUD_URL``, ``FRAUD_TIMEOUT_MS`` and ``FRAUD_FAIL_OPEN_BELOW``.

        Without the first nothing is checked. The last is JSON, amounts in minor units by
        currency; it has no default, so that nobody chooses by forgetting. Raises
        ``SettingsError``.
        """
        if not environment.get("FRAUD_URL", "").strip():
            return None
        return cls(
            url=http_address(environment, "FRAUD_URL"),
            timeout_ms=milliseconds(
                environment, "FRAUD_TIMEOUT_MS", default=80, least=5, most=2000
            ),
            policy=FraudPolicy(_amounts(environment, "FRAUD_FAIL_OPEN_BELOW")),
        )


@dataclass(frozen=True, slots=True)
class Settings:
    """``acquirer_timeout_ms`` is how long one instruction may take, repetitions included.

    ``fraud`` is None when payments aren't checked, ``environment`` when nothing is measured.
    """

    table: str
    acquirer_url: str
    acquirer_timeout_ms: int
    log_level: str
    fraud: FraudSettings | None = None
    environment: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read ``PAYMENTS_TABLE``, ``ACQUIRER_URL``, ``ACQUIRER_TIMEOUT_MS`` and ``LOG_LEVEL``.

        The last two default to 2000 and INFO. ``ENVIRONMENT`` names the environment in metrics;
        for fraud see ``FraudSettings``. Raises ``SettingsError``.
        """
        return cls(
            table=required(environment, "PAYMENTS_TABLE"),
            acquirer_url=http_address(environment, "ACQUIRER_URL"),
            acquirer_timeout_ms=milliseconds(
                environment, "ACQUIRER_TIMEOUT_MS", default=2000, least=50, most=25_000
            ),
            log_level=log_level(environment),
            fraud=FraudSettings.from_environment(environment),
            environment=environment.get("ENVIRONMENT") or None,
        )


def _amounts(environment: Mapping[str, str], name: str) -> dict[str, int]:
    """Give a variable that must be JSON of minor units by currency. Raises ``SettingsError``."""
    text = required(environment, name)
    try:
        amounts = json.loads(text)
    except ValueError:
        amounts = None
    if not isinstance(amounts, dict) or not all(
        currency in EXPONENTS and is_integer(amount) and 0 <= amount <= MAX_MINOR_UNITS
        for currency, amount in amounts.items()
    ):
        raise SettingsError(
            f'{name} must be JSON of minor units by currency, like {{"EUR": 5000}}, not {text!r}; '
            "{} lets nothing pass"
        )
    return amounts
