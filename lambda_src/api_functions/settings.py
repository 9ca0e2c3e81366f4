"""Reads a function's environment; errors name the variable and what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

LOG_LEVELS = ("DEBUG", "INFO", "WARN", "ERROR")


class SettingsError(ValueError):
    """An environment variable is missing or wrong; the text says which and what it needs."""


def required(environment: Mapping[str, str], name: str) -> str:
    """Give a variable that must be set. Raises ``SettingsError``."""
    value = environment.get(name, "").strip()
    if not value:
        raise SettingsError(f"set {name} in the function's environment")
    return value


def http_address(environment: Mapping[str, str], name: str) -> str:
    """Give a variable that must be an http(s) address. Raises ``SettingsError``."""
    address = required(environment, name)
    if urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).hostname:
        raise SettingsError(f"{name} must be an http(s) address, not {address!r}")
    return address


def milliseconds(
    environment: Mapping[str, str], name: str, *, default: int, least: int, most: int
) -> int:
    """Give a variable that must be a number of milliseconds. Raises ``SettingsError``."""
    text = environment.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise SettingsError(f"{name} must be from {least} to {most}, not {text!r}")
    return int(text)


def log_level(environment: Mapping[str, str]) -> str:
    """Give ``LOG_LEVEL``, INFO when absent. Raises ``SettingsError``."""
    level = environment.get("LOG_LEVEL", "INFO").upper()
    if level not in LOG_LEVELS:
        raise SettingsError(f"LOG_LEVEL must be one of {', '.join(LOG_LEVELS)}, not {level!r}")
    return level
