"""What the service reads from its environment."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from payment_core.currencies import EXPONENTS
from payment_core.money import is_integer

if TYPE_CHECKING:
    from collections.abc import Mapping

LOG_LEVELS = ("DEBUG", "INFO", "WARN", "ERROR")
SHORTEST_KEY = 32
"""Characters of a key that signs: 32 of hexadecimal carry 128 bits."""

_BASE_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")
_FUNCTION_ARN = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_:-]+")


class SettingsError(ValueError):
    """An environment variable is missing or wrong; the text says which and what it needs."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The service's settings.

    | Variable | Meaning | Default |
    |---|---|---|
    | ``PAYMENTS_TABLE`` | payments and merchants' profiles; only read | required |
    | ``DASHBOARD_TABLE`` | the read model, and refunds asked for | required |
    | ``WEBHOOKS_TABLE`` | endpoints and deliveries; only read | required |
    | ``TRANSACTION_GATEWAY_ARN`` | alias of the function that refunds | required |
    | ``CSRF_KEY`` | 32 characters or more: signs forms and cursors, one for all tasks | one of |
    | ``CSRF_KEY_SECRET_ARN`` | the secret that holds that key | the two |
    | ``REFUND_SECOND_PERSON_ABOVE`` | JSON, minor units by currency: what one person may refund \
of a payment; a currency that isn't named needs two for any amount | ``{}`` |
    | ``REFUND_TIMEOUT_MS`` | wait for the gateway's function, 1000 to 25000 | 10000 |
    | ``EXPORT_MAX_ROWS`` | payments of one CSV file, 1 to 60000 | 50000 |
    | ``BASE_PATH`` | path that stands before ``/merchants`` in requests, such as ``/live`` | none |
    | ``PORT``, ``BIND_HOST`` | where to listen | 8080, 0.0.0.0 |
    | ``DRAIN_SECONDS`` | answered after SIGTERM while health says 503, 0 to 15 | 5 |
    | ``ENVIRONMENT`` | dimension of the metrics | ``local`` |
    | ``LOG_LEVEL`` | DEBUG, INFO, WARN or ERROR | INFO |
    """

    payments_table: str
    dashboard_table: str
    webhooks_table: str
    transaction_gateway_arn: str
    csrf_key: str = field(repr=False)
    csrf_key_secret_arn: str
    second_person_above: Mapping[str, int]
    refund_timeout_ms: int
    export_max_rows: int
    base_path: str
    port: int
    bind_host: str
    drain_seconds: int
    environment: str
    log_level: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the variables. Raises ``SettingsError``."""
        key, secret = (
            environment.get(name, "").strip() for name in ("CSRF_KEY", "CSRF_KEY_SECRET_ARN")
        )
        if bool(key) == bool(secret):
            raise SettingsError("set one of CSRF_KEY and CSRF_KEY_SECRET_ARN")
        if key and len(key) < SHORTEST_KEY:
            raise SettingsError(f"CSRF_KEY must have at least {SHORTEST_KEY} characters")
        return cls(
            payments_table=_required(environment, "PAYMENTS_TABLE"),
            dashboard_table=_required(environment, "DASHBOARD_TABLE"),
            webhooks_table=_required(environment, "WEBHOOKS_TABLE"),
            transaction_gateway_arn=_function(environment),
            csrf_key=key,
            csrf_key_secret_arn=secret,
            second_person_above=_limits(environment.get("REFUND_SECOND_PERSON_ABOVE", "{}")),
            refund_timeout_ms=_number(environment, "REFUND_TIMEOUT_MS", 10_000, 1_000, 25_000),
            export_max_rows=_number(environment, "EXPORT_MAX_ROWS", 50_000, 1, 60_000),
            base_path=_base_path(environment),
            port=_number(environment, "PORT", 8080, 0, 65_535),
            bind_host=environment.get("BIND_HOST", "").strip() or "0.0.0.0",  # noqa: S104 - a task's own interface
            drain_seconds=_number(environment, "DRAIN_SECONDS", 5, 0, 15),
            environment=environment.get("ENVIRONMENT", "").strip() or "local",
            log_level=_level(environment),
        )


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


def _function(environment: Mapping[str, str]) -> str:
    arn = _required(environment, "TRANSACTION_GATEWAY_ARN")
    if _FUNCTION_ARN.fullmatch(arn) is None:
        raise SettingsError(
            "TRANSACTION_GATEWAY_ARN must be the ARN of a Lambda function's alias, like "
            f"arn:aws:lambda:<region>:<account>:function:<name>:live, not {arn!r}"
        )
    return arn


def _base_path(environment: Mapping[str, str]) -> str:
    path = environment.get("BASE_PATH", "").strip().rstrip("/")
    if _BASE_PATH.fullmatch(path) is None:
        raise SettingsError(f"BASE_PATH must be a path like /live, not {path!r}")
    return path


def _level(environment: Mapping[str, str]) -> str:
    level = environment.get("LOG_LEVEL", "INFO").upper()
    if level not in LOG_LEVELS:
        raise SettingsError(f"LOG_LEVEL must be one of {', '.join(LOG_LEVELS)}, not {level!r}")
    return level


def _limits(text: str) -> dict[str, int]:
    try:
        limits = json.loads(text)
    except ValueError:
        limits = None
    if not isinstance(limits, dict):
        raise SettingsError('REFUND_SECOND_PERSON_ABOVE must be JSON like {"EUR": 50000}')
    for currency, limit in limits.items():
        if currency not in EXPONENTS or not is_integer(limit) or limit < 0:
            raise SettingsError(
                f"REFUND_SECOND_PERSON_ABOVE has {currency!r}: {limit!r}; it needs ISO 4217 codes "
                "with whole minor units, 0 or more"
            )
    return limits
