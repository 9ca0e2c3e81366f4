"""What the log review reads from its environment."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api_functions.settings import SettingsError, required

if TYPE_CHECKING:
    from collections.abc import Mapping

_PERIODS = {str(hours): hours for hours in range(1, 25) if 24 % hours == 0}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A query that must be saved: ``digest`` is of its text and log groups as they were released.

    ``compared_days`` is 0 for a query whose rows are findings. Otherwise its rows are lines by log
    group and hour, of so many days more, and hours without the usual lines are findings.
    """

    digest: str
    severity: str
    requirement: str
    compared_days: int


@dataclass(frozen=True, slots=True)
class Settings:
    """``folder`` is the first part of the saved queries' names."""

    environment: str
    folder: str
    period_hours: int
    queries: Mapping[str, Wanted]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the variables. Raises ``SettingsError``.

        | Variable | Meaning |
        |---|---|
        | ``ENVIRONMENT`` | names the environment in metrics |
        | ``REVIEW_FOLDER`` | first part of the saved queries' names, such as payments-dev/review |
        | ``REVIEW_PERIOD_HOURS`` | hours of a period, that divide a day; default 24 |
        | ``REVIEW_QUERIES`` | JSON: by name, digest, severity, requirement and compared_days |
        """
        hours = environment.get("REVIEW_PERIOD_HOURS", "24")
        if hours not in _PERIODS:
            choices = ", ".join(_PERIODS)
            raise SettingsError(f"REVIEW_PERIOD_HOURS must be one of {choices}, not {hours!r}")
        return cls(
            environment=required(environment, "ENVIRONMENT"),
            folder=required(environment, "REVIEW_FOLDER"),
            period_hours=_PERIODS[hours],
            queries=_queries(required(environment, "REVIEW_QUERIES")),
        )


def _queries(text: str) -> dict[str, Wanted]:
    try:
        listed: dict[str, dict[str, Any]] = json.loads(text)
        found = {name: Wanted(**fields) for name, fields in listed.items()}
    except (AttributeError, TypeError, ValueError):
        found = {}
    if not found:
        names = ", ".join(Wanted.__slots__)
        raise SettingsError(f"REVIEW_QUERIES must be a JSON object of queries, each with {names}")
    return found
