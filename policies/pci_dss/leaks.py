"""Tells secrets and card numbers that stand in a configuration from names of where they are kept.

Nothing here repeats a value: what is wrong says what kind of value it is.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pci_dss.subject import UndecidedError, together

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SECRET_ENDINGS = (
    *("APIKEY", "CREDENTIAL", "CREDENTIALS", "PASSPHRASE", "PASSWD", "PASSWORD", "PASSWORDS"),
    *("PWD", "SECRET", "SECRETS", "TOKEN"),
)
"""Of words: PGPASSWORD is one."""
_SECRET_KEYS = {"ACCESS", "API", "AUTH", "ENCRYPTION", "HMAC", "MASTER", "PRIVATE", "SIGNING"}
"""What a `KEY` is called that must be kept secret."""
_OF_REFERENCES = {
    *("ALGORITHM", "ALIAS", "ARN", "ARNS", "AUDIENCE", "BUCKET", "BUS", "CLASS", "COUNT", "DAYS"),
    *("DOMAIN", "ENABLED", "ENDPOINT", "EXPIRY", "FILE", "HEADER", "HOST", "HOURS", "ID", "IDS"),
    *("ISSUER", "LENGTH", "LIMIT", "LIMITS", "MANAGER", "MINUTES", "MODE", "MS", "NAME", "NAMES"),
    *("PARAMETER", "PATH", "POLICY", "PREFIX", "PROVIDER", "QUEUE", "REGION", "REQUIRED", "ROLE"),
    *("ROTATION", "SECONDS", "SERVICE", "SIZE", "STORE", "STREAM", "TABLE", "TOPIC", "TTL"),
    *("TYPE", "URI", "URL", "VAULT", "VERSION", "VERSIONS"),
}
"""How a name ends that says where a secret is kept, or something about it."""
_HARMLESS_VALUE = re.compile(r"|arn:.*|true|false|enabled|disabled|[0-9]{1,4}", re.IGNORECASE)

_NOT_WORKED_OUT = "${"
_SECRETS = {
    "an access key of AWS": re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a URL with a password": re.compile(
        r"\b[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s:@]+@", re.IGNORECASE
    ),
    "a password": re.compile(r"(?:^|[;&\s])(?:password|pwd)=[^;&\s]+", re.IGNORECASE),
    "a token": re.compile(
        r"\b(?:gh[opsu]_[A-Za-z0-9]{36}|github_pat_\w{22,}|glpat-[\w-]{20}|xox[abprs]-[\w-]{10,}"
        r"|[rs]k_live_[A-Za-z0-9]{16,}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,})"
    ),
}
# A digest would hold a card number by chance, one in thousands.
_HEXADECIMAL = re.compile(r"(?<![0-9A-Za-z])(?=\d*[A-Fa-f])[0-9A-Fa-f]{24,}(?![0-9A-Za-z])")
_BRANDS = r"(?:2[2-7]|3[04-9]|4\d|5[0-8]|6\d)"
_CARD_NUMBER = re.compile(
    rf"(?<!\d){_BRANDS}\d{{11,17}}(?!\d)|(?<!\w){_BRANDS}(?:[ .-]?\d){{11,17}}(?!\w)"
)


def variables_leak(variables: Mapping[str, Any]) -> Iterator[str]:
    """Yield what variables give away, with their names.

    Raises:
        UndecidedError: after the others, if one isn't worked out.
    """
    return together(_named(name, str(value or "")) for name, value in variables.items())


def _named(name: str, value: str) -> Iterator[str]:
    return (f"{name} {leak}" for leak in leaks(name, value))


def leaks(name: str, value: str) -> Iterator[str]:
    """Yield what a value gives away, to follow its name.

    Raises:
        UndecidedError: a secret's value isn't worked out.
    """
    if is_secret_name(name) and not _HARMLESS_VALUE.fullmatch(value):
        if _NOT_WORKED_OUT in value:
            raise UndecidedError(f"what {name} holds isn't known")
        yield "is called as a secret is, and its value stands there"
        return
    yield from (f"holds {kind}" for kind, pattern in _SECRETS.items() if pattern.search(value))
    if holds_card_number(value):
        yield "holds a card number"


def is_secret_name(name: str) -> bool:
    """Whether a variable's name promises a secret, and not where one is kept."""
    words = [word.upper() for word in _WORD.findall(name)]
    if not words or words[-1] in _OF_REFERENCES:
        return False
    return any(word.endswith(_SECRET_ENDINGS) for word in words) or any(
        kind in _SECRET_KEYS and key == "KEY" for kind, key in pairwise(words)
    )


def holds_card_number(text: str) -> bool:
    """Whether a text holds digits of a card brand's form that pass Luhn."""
    digits = _HEXADECIMAL.sub("", text)
    numbers = (re.sub(r"\D", "", found[0]) for found in _CARD_NUMBER.finditer(digits))
    return any(map(_passes_luhn, numbers))


def _passes_luhn(digits: str) -> bool:
    doubled = (int(digit) * (1 + position % 2) for position, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
