"""What the service reads from its environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fraud_detection.scoring import DEFAULT_THRESHOLDS, HIGHEST, Thresholds

if TYPE_CHECKING:
    from collections.abc import Mapping

LOG_LEVELS = ("DEBUG", "INFO", "WARN", "ERROR")


class SettingsError(ValueError):
    """An environment variable is missing or wrong; the text says which and what it needs."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The service's settings; `README.md` lists the variables."""

    counters_table: str
    payments_table: str
    thresholds: Thresholds
    deadline_ms: int
    port: int
    bind_host: str
    drain_seconds: int
    environment: str
    log_level: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the variables. Raises ``SettingsError``."""
        level = environment.get("LOG_LEVEL", "INFO").upper()
        if level not in LOG_LEVELS:
            raise SettingsError(f"LOG_LEVEL must be one of {', '.join(LOG_LEVELS)}, not {level!r}")
        return cls(
            counters_table=_required(environment, "FRAUD_COUNTERS_TABLE"),
            payments_table=_required(environment, "PAYMENTS_TABLE"),
            thresholds=_thresholds(environment),
            deadline_ms=_number(environment, "SCORE_DEADLINE_MS", 20, 1, 5000),
            port=_number(environment, "PORT", 8080, 0, 65_535),
            bind_host=environment.get("BIND_HOST", "").strip() or "0.0.0.0",  # noqa: S104 - a task's own interface
            drain_seconds=_number(environment, "DRAIN_SECONDS", 5, 0, 10),
            environment=environment.get("ENVIRONMENT", "").strip() or "local",
            log_level=level,
        )


def _thresholds(environment: Mapping[str, str]) -> Thresholds:
    default = DEFAULT_THRESHOLDS
    # Above the highest score, nothing is reviewed or refused.
    review_at = _number(environment, "REVIEW_AT", default.review_at, 1, HIGHEST + 1)
    refuse_at = _number(environment, "REFUSE_AT", default.refuse_at, 1, HIGHEST + 1)
    if review_at > refuse_at:
        raise SettingsError(
            f"REVIEW_AT ({review_at}) must not be above REFUSE_AT ({refuse_at}): "
            "lower the one or raise the other"
        )
    return Thresholds(review_at, refuse_at)


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        raise SettingsError(f"set {name} in the task's environment")
    return value


def _number(
    environment: Mapping[str, str], name: str, default: int, smallest: int, largest: int
) -> int:
    text = environment.get(name, "").strip() or str(default)
    if not text.isascii() or not text.isdigit() or not smallest <= int(text) <= largest:
        raise SettingsError(f"{name} must be from {smallest} to {largest}, not {text!r}")
    return int(text)
