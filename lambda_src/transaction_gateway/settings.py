"""What the functions read from their environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from api_functions.settings import http_address, log_level, milliseconds, required

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Settings:
    """``acquirer_timeout_ms`` is how long one instruction may take, repetitions included."""

    table: str
    acquirer_url: str
    acquirer_timeout_ms: int
    log_level: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read ``PAYMENTS_TABLE``, ``ACQUIRER_URL``, ``ACQUIRER_TIMEOUT_MS`` and ``LOG_LEVEL``.

        The last two default to 2000 and INFO. Raises ``SettingsError``.
        """
        return cls(
            table=required(environment, "PAYMENTS_TABLE"),
            acquirer_url=http_address(environment, "ACQUIRER_URL"),
            acquirer_timeout_ms=milliseconds(
                environment, "ACQUIRER_TIMEOUT_MS", default=2000, least=50, most=25_000
            ),
            log_level=log_level(environment),
        )
