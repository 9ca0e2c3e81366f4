"""Filter patterns of event source mappings: which records reach the function.

Syntax: "Filter rule syntax" in the Lambda guide.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.runtime.functions import DeploymentError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ABSENT = object()


class Pattern:
    """One pattern; all of its members have to match.

    Raises:
        DeploymentError: it isn't JSON, or has an operator that isn't known here.
    """

    def __init__(self, text: str, where: str) -> None:
        try:
            self._members: Mapping[str, Any] = json.loads(text)
        except ValueError as error:
            raise DeploymentError(f"{where} has a filter that isn't JSON: {error}") from None
        _check(self._members, where)

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Whether a record fits."""
        return _fits(self._members, record)


def _fits(members: Mapping[str, Any], record: Any) -> bool:
    found = record if isinstance(record, dict) else {}
    for name, wanted in members.items():
        value = found.get(name, _ABSENT)
        if isinstance(wanted, dict):
            if not _fits(wanted, value):
                return False
        elif not any(_accepts(rule, value) for rule in wanted):
            return False
    return True


def _accepts(rule: Any, value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    if isinstance(rule, dict):
        ((operator, operand),) = rule.items()
        return any(_OPERATORS[operator](operand, each) for each in values)
    return any(type(each) is type(rule) and each == rule for each in values)


def _starts(operand: str, value: Any) -> bool:
    return isinstance(value, str) and value.startswith(operand)


def _ends(operand: str, value: Any) -> bool:
    return isinstance(value, str) and value.endswith(operand)


def _is_other(operand: Any, value: Any) -> bool:
    if value is _ABSENT:
        return False
    refused = operand if isinstance(operand, list) else [operand]
    return not any(_accepts(each, value) for each in refused)


def _equals_ignoring_case(operand: str, value: Any) -> bool:
    return isinstance(value, str) and value.lower() == operand.lower()


def _exists(operand: bool, value: Any) -> bool:
    return (value is not _ABSENT) is operand


def _in_range(operand: list[Any], value: Any) -> bool:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    pairs = zip(operand[::2], operand[1::2], strict=True)
    return all(_COMPARISONS[sign](value, bound) for sign, bound in pairs)


_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "=": lambda value, bound: value == bound,
    "<": lambda value, bound: value < bound,
    "<=": lambda value, bound: value <= bound,
    ">": lambda value, bound: value > bound,
    ">=": lambda value, bound: value >= bound,
}
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "prefix": _starts,
    "suffix": _ends,
    "anything-but": _is_other,
    "equals-ignore-case": _equals_ignoring_case,
    "exists": _exists,
    "numeric": _in_range,
}


def _check(members: Mapping[str, Any], where: str) -> None:
    for name, wanted in members.items():
        if isinstance(wanted, dict):
            _check(wanted, where)
            continue
        rules = wanted if isinstance(wanted, list) else [wanted]
        unknown = {
            operator for rule in rules if isinstance(rule, dict) for operator in rule
        } - _OPERATORS.keys()
        if not isinstance(wanted, list) or name == "$or" or unknown:
            what = ", ".join(sorted(unknown)) or name
            raise DeploymentError(f"{where} has a filter with {what}, which isn't known here.")
