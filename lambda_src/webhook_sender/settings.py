"""What the webhook sender reads from its environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from api_functions.settings import (
    SettingsError,
    http_address,
    log_level,
    milliseconds,
    required,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_INVISIBLE_MS = 43_000_000
"""SQS hides a message for twelve hours at most, counted from when it was received."""


@dataclass(frozen=True, slots=True)
class Settings:
    """``timeout_ms`` is for one whole attempt; ``environment`` is None when nothing is measured.

    The wait before a try is random below a bound that starts at ``first_retry_ms`` and doubles
    up to ``longest_retry_ms``.
    """

    table: str
    queue_url: str
    timeout_ms: int
    first_retry_ms: int
    longest_retry_ms: int
    log_level: str
    environment: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the variables. Raises ``SettingsError``.

        | Variable | Default |
        |---|---|
        | ``WEBHOOKS_TABLE``, ``WEBHOOK_QUEUE_URL`` | required |
        | ``WEBHOOK_TIMEOUT_MS`` | 5000 |
        | ``FIRST_RETRY_MS`` | 30000 |
        | ``LONGEST_RETRY_MS`` | 14400000 |
        | ``LOG_LEVEL`` | INFO |
        | ``ENVIRONMENT`` | none: nothing is measured |
        """
        first = milliseconds(
            environment, "FIRST_RETRY_MS", default=30_000, least=1000, most=3_600_000
        )
        longest = milliseconds(
            environment,
            "LONGEST_RETRY_MS",
            default=14_400_000,
            least=1000,
            most=_LONGEST_INVISIBLE_MS,
        )
        if longest < first:
            raise SettingsError("LONGEST_RETRY_MS must be at least FIRST_RETRY_MS")
        return cls(
            table=required(environment, "WEBHOOKS_TABLE"),
            queue_url=http_address(environment, "WEBHOOK_QUEUE_URL"),
            timeout_ms=milliseconds(
                environment, "WEBHOOK_TIMEOUT_MS", default=5000, least=500, most=10_000
            ),
            first_retry_ms=first,
            longest_retry_ms=longest,
            log_level=log_level(environment),
            environment=environment.get("ENVIRONMENT") or None,
        )
