"""What the event publisher reads from its environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from api_functions.settings import log_level, required

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Settings:
    """``bus`` is a name or an ARN; ``environment`` is None when nothing is measured."""

    bus: str
    log_level: str
    environment: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read ``EVENT_BUS``, ``LOG_LEVEL`` and ``ENVIRONMENT``. Raises ``SettingsError``."""
        return cls(
            bus=required(environment, "EVENT_BUS"),
            log_level=log_level(environment),
            environment=environment.get("ENVIRONMENT") or None,
        )
