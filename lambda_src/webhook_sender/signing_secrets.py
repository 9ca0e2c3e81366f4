"""The secrets that sign, from Secrets Manager: kept for minutes, so that a rotation is noticed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_KEPT_MS = 300_000
_MOST = 2
_SHORTEST = 32


class SecretError(ValueError):
    """The secret's value isn't what it should be; the text says which and what it needs."""


class SigningSecrets:
    """Reads a secret's value, ``{"signing_secrets": [...]}``: one, or two during a rotation."""

    def __init__(self, client: Any, clock: Callable[[], int]) -> None:
        self._client = client
        self._clock = clock
        self._kept: dict[str, tuple[int, tuple[str, ...]]] = {}

    def read(self, arn: str) -> tuple[str, ...]:
        """Give the secrets that are valid now. Raises ``SecretError`` or the SDK's errors."""
        now = self._clock()
        until, secrets = self._kept.get(arn, (0, ()))
        if now < until:
            return secrets
        answer = self._client.get_secret_value(SecretId=arn)
        secrets = _secrets(answer.get("SecretString") or "", arn)
        self._kept[arn] = (now + _KEPT_MS, secrets)
        return secrets


def _secrets(text: str, arn: str) -> tuple[str, ...]:
    try:
        value = json.loads(text)
        secrets = value["signing_secrets"]
    except (ValueError, TypeError, LookupError):
        secrets = None
    if (
        not isinstance(secrets, list)
        or not 1 <= len(secrets) <= _MOST
        or not all(isinstance(secret, str) and len(secret) >= _SHORTEST for secret in secrets)
    ):
        raise SecretError(
            f'{arn} must hold {{"signing_secrets": [...]}} with one secret, or two while they '
            f"rotate, of at least {_SHORTEST} characters each"
        )
    return tuple(secrets)
