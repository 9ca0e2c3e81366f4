"""The condition operators of IAM policies.

Source: "IAM JSON policy elements: Condition operators" in the IAM user guide. An operator
or a value that isn't understood is an error when the policy is compiled, never a pass.
"""

from __future__ import annotations

import base64
import datetime
import functools
import ipaddress
import re
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class PolicyError(ValueError):
    """A policy says something this evaluator doesn't know; deciding on it would be a guess."""


# What a condition key holds in a request, by lower-case name; None when it is absent.
Lookup: TypeAlias = "Callable[[str], Sequence[str] | None]"

_LITERALS = re.compile(r"\$\{([*?$])\}")
_VARIABLE = re.compile(r"\$\{([^*?$}][^}]*)\}")
_SPECIAL = re.compile(r"[*?$]")


@functools.lru_cache(maxsize=4096)
def wildcard(pattern: str) -> re.Pattern[str]:
    """``*`` matches any characters, slashes too; ``?`` one; ``${*}`` stands for the character."""
    return re.compile(_expression(pattern), re.DOTALL)


@functools.lru_cache(maxsize=4096)
def any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """Match what any of the patterns matches, in upper or lower case."""
    return re.compile("|".join(map(_expression, patterns)) or "(?!)", re.DOTALL | re.IGNORECASE)


def _expression(pattern: str) -> str:
    return "".join(
        ".*" if part == "*" else "." if part == "?" else re.escape(literal(part))
        for part in re.split(r"(\$\{[*?$]\}|[*?])", pattern)
    )


def literal(text: str) -> str:
    """Replace IAM's ``${*}``, ``${?}`` and ``${$}`` by the characters they stand for."""
    return _LITERALS.sub(r"\1", text) if "${" in text else text


def expand(text: str, lookup: Lookup) -> str | None:
    """Fill in policy variables; their values are literal, never wildcards.

    Returns:
        The text in IAM notation, or None when a variable without default has no single value.
    """
    if "${" not in text:
        return text
    missing = False

    def value_of(match: re.Match[str]) -> str:
        nonlocal missing
        name, _, default = match[1].partition(",")
        values = lookup(name.strip().lower())
        if values is not None and len(values) == 1:
            value = values[0]
        elif default:
            value = default.strip().strip("'")
        else:
            missing, value = True, ""
        return _SPECIAL.sub(r"${\g<0>}", value)

    expanded = _VARIABLE.sub(value_of, text)
    return None if missing else expanded


def _like(value: str, pattern: str) -> bool:
    return wildcard(pattern).fullmatch(value) is not None


def _arn_like(value: str, pattern: str) -> bool:
    parts, patterns = value.split(":", 5), pattern.split(":", 5)
    if len(parts) != 6 or len(patterns) != 6:
        return False
    return all(_like(part, wanted) for part, wanted in zip(parts, patterns, strict=True))


def _ip(value: str, wanted: str) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


def _date(text: str) -> datetime.datetime:
    if text.isdigit():
        return datetime.datetime.fromtimestamp(int(text), datetime.UTC)
    moment = datetime.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


def _numeric(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    return lambda value, wanted: compare(float(value), float(wanted))


def _dated(
    compare: Callable[[datetime.datetime, datetime.datetime], bool],
) -> Callable[[str, str], bool]:
    return lambda value, wanted: compare(_date(value), _date(wanted))


_POSITIVE: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda value, wanted: value == wanted,
    "StringEqualsIgnoreCase": lambda value, wanted: value.lower() == wanted.lower(),
    "StringLike": _like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": lambda value, wanted: value.lower() == wanted.lower(),
    "IpAddress": _ip,
    "BinaryEquals": lambda value, wanted: base64.b64decode(value) == base64.b64decode(wanted),
    "NumericEquals": _numeric(lambda value, wanted: value == wanted),
    "NumericLessThan": _numeric(lambda value, wanted: value < wanted),
    "NumericLessThanEquals": _numeric(lambda value, wanted: value <= wanted),
    "NumericGreaterThan": _numeric(lambda value, wanted: value > wanted),
    "NumericGreaterThanEquals": _numeric(lambda value, wanted: value >= wanted),
    "DateEquals": _dated(lambda value, wanted: value == wanted),
    "DateLessThan": _dated(lambda value, wanted: value < wanted),
    "DateLessThanEquals": _dated(lambda value, wanted: value <= wanted),
    "DateGreaterThan": _dated(lambda value, wanted: value > wanted),
    "DateGreaterThanEquals": _dated(lambda value, wanted: value >= wanted),
}
_NEGATIVE = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}
_PATTERNED = {"StringLike", "ArnEquals", "ArnLike"}
_QUANTIFIERS = ("ForAnyValue", "ForAllValues")


class Condition:
    """One operator of a ``Condition`` block with one key and its wanted values.

    Args:
        name: such as ``StringLikeIfExists`` or ``ForAnyValue:StringEquals``.
        key: a condition key; compared without regard to case.
        wanted: values as written, policy variables included.

    Raises:
        PolicyError: the operator or a value isn't understood.
    """

    __slots__ = (
        "_if_exists",
        "_match",
        "_name",
        "_negated",
        "_patterned",
        "_quantifier",
        "key",
        "wanted",
    )

    def __init__(self, name: str, key: str, wanted: Sequence[str]) -> None:
        quantifier, _, operator = name.rpartition(":")
        if quantifier and quantifier not in _QUANTIFIERS:
            raise PolicyError(f"Unknown condition qualifier '{quantifier}' in '{name}'.")
        self.key = key.lower()
        self.wanted = tuple(wanted)
        self._name = operator
        self._quantifier = quantifier
        self._if_exists = operator.endswith("IfExists")
        operator = operator.removesuffix("IfExists")
        self._negated = operator in _NEGATIVE
        base = _NEGATIVE.get(operator, operator)
        if base != "Null" and base not in _POSITIVE:
            raise PolicyError(f"Unknown condition operator '{name}'.")
        self._match = _POSITIVE.get(base)
        self._patterned = base in _PATTERNED
        self._check_values()

    def _check_values(self) -> None:
        if self._match is None and not set(map(str.lower, self.wanted)) <= {"true", "false"}:
            raise PolicyError(f"Null needs 'true' or 'false' for {self.key}, not {self.wanted}.")
        for value in self.wanted:
            if self._name.startswith(("Numeric", "Date")) and "${" not in value:
                try:
                    _date(value) if self._name.startswith("Date") else float(value)
                except ValueError:
                    raise PolicyError(f"'{value}' is no value for {self._name}.") from None

    def holds(self, lookup: Lookup, *, variables: bool = True) -> bool:
        """Whether what ``lookup`` finds in the request satisfies this condition.

        Raises:
            PolicyError: the request holds several values and no quantifier says what is meant.
        """
        present = lookup(self.key)
        if self._match is None:
            return any((present is None) == (value.lower() == "true") for value in self.wanted)
        if present is None:
            if self._quantifier:  # "if the key does not exist, [ForAnyValue] returns false"
                return self._quantifier == "ForAllValues"
            return self._if_exists or self._negated
        if len(present) > 1 and not self._quantifier:
            raise PolicyError(
                f"{self.key} has several values: {self._name} needs ForAnyValue or ForAllValues."
            )
        wanted = self._expanded(lookup) if variables else self.wanted
        if self._quantifier == "ForAllValues":
            return all(self._one(value, wanted) for value in present)
        return any(self._one(value, wanted) for value in present)

    def _expanded(self, lookup: Lookup) -> list[str]:
        texts = [text for value in self.wanted if (text := expand(value, lookup)) is not None]
        return texts if self._patterned else [literal(text) for text in texts]

    def _one(self, value: str, wanted: Sequence[str]) -> bool:
        match = self._match
        try:
            matched = match is not None and any(match(value, text) for text in wanted)
        except ValueError:  # the request's value isn't of the operator's type
            matched = False
        return matched != self._negated
