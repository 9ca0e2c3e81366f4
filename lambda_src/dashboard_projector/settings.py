"""What the function reads from its environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class SettingsError(ValueError):
    """An environment variable is missing; the text says which."""


@dataclass(frozen=True, slots=True)
class Settings:
    """``table`` is the read model's; ``environment`` is a dimension of the metrics."""

    table: str
    environment: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read ``DASHBOARD_TABLE`` and ``ENVIRONMENT`` (``local`` when absent).

        Raises ``SettingsError``.
        """
        table = environment.get("DASHBOARD_TABLE", "").strip()
        if not table:
            raise SettingsError("set DASHBOARD_TABLE in the function's environment")
        return cls(table, environment.get("ENVIRONMENT", "").strip() or "local")
