"""What the function reads from its environment."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from api_functions.settings import (
    SettingsError,
    http_address,
    log_level,
    milliseconds,
    required,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Settings:
    """``acquirer_timeout_ms`` is how long a registration may take, its second try included."""

    vault_table: str
    payments_table: str
    card_key: str
    mac_key: str
    acquirer_url: str
    acquirer_timeout_ms: int
    log_level: str
    environment: str | None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the variables that lambda_src/README.md lists. Raises ``SettingsError``."""
        return cls(
            vault_table=required(environment, "VAULT_TABLE"),
            payments_table=required(environment, "PAYMENTS_TABLE"),
            card_key=_key_arn(environment, "CARD_KEY_ARN"),
            mac_key=_key_arn(environment, "MAC_KEY_ARN"),
            acquirer_url=_private_address(environment, "ACQUIRER_URL"),
            acquirer_timeout_ms=milliseconds(
                environment, "ACQUIRER_TIMEOUT_MS", default=2000, least=50, most=25_000
            ),
            log_level=log_level(environment),
            environment=environment.get("ENVIRONMENT") or None,
        )


def _key_arn(environment: Mapping[str, str], name: str) -> str:
    arn = required(environment, name)
    if _KEY_ARN.fullmatch(arn) is None:
        # An alias can be moved, and then cards would be taken for others.
        raise SettingsError(f"{name} must be the ARN of a KMS key, not {arn!r}")
    return arn


def _private_address(environment: Mapping[str, str], name: str) -> str:
    """Give an address to which card numbers may be sent: they cross no network in clear."""
    address = http_address(environment, name)
    if urlsplit(address).scheme != "https" and not _is_loopback(urlsplit(address).hostname or ""):
        raise SettingsError(f"{name} must be an https address: card numbers are sent there")
    return address


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
