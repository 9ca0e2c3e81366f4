"""What the functions read from their environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

LOG_LEVELS = ("DEBUG", "INFO", "WARN", "ERROR")


class SettingsError(ValueError):
    """An environment variable is missing or wrong; the text says which and what it needs."""


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
        url = _required(environment, "ACQUIRER_URL")
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise SettingsError(f"ACQUIRER_URL must be an http(s) address, not {url!r}")
        timeout = environment.get("ACQUIRER_TIMEOUT_MS", "2000")
        if not timeout.isascii() or not timeout.isdigit() or not 50 <= int(timeout) <= 25_000:
            raise SettingsError(f"ACQUIRER_TIMEOUT_MS must be from 50 to 25000, not {timeout!r}")
        level = environment.get("LOG_LEVEL", "INFO").upper()
        if level not in LOG_LEVELS:
            raise SettingsError(f"LOG_LEVEL must be one of {', '.join(LOG_LEVELS)}, not {level!r}")
        return cls(_required(environment, "PAYMENTS_TABLE"), url, int(timeout), level)


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        raise SettingsError(f"set {name} in the function's environment")
    return value
