"""Changes of values by path, also within attributes that hold JSON.

A path is names and positions with dots; `*` is every element. ``policy.Statement.0.Effect`` goes
into a policy's JSON. At its end `+` adds to a list, and `-` removes what is there. Where a path has
nothing to go into, lists and blocks are made; a `*` that meets nothing changes nothing.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any

_Edit = Callable[[Any], Any]
_GONE = object()
_JSON = {
    "access_policy",
    "assume_role_policy",
    "body",
    "container_definitions",
    "content",
    "policy",
    "policy_document",
}
"""Attributes whose text is JSON, also where it isn't known."""


def changed(values: Mapping[str, Any], edits: Mapping[str, Any]) -> dict[str, Any]:
    """Return a resource's values with all edits made."""
    result: dict[str, Any] = copy.deepcopy(dict(values))
    for path, value in edits.items():
        steps = path.rstrip("+-").split(".")
        result = _within(result, steps, _edit(path[-1], value))
        name = steps[0]
        if name in _JSON and isinstance(result.get(name), (dict, list)):
            result[name] = json.dumps(result[name])
    return result


def attributes(edits: Mapping[str, Any]) -> set[str]:
    """Return the resource's attributes that edits touch."""
    return {path.rstrip("+-").partition(".")[0] for path in edits}


def holds(values: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a resource has some values; None is nothing there, True anything."""
    return all(_holds(_at(values, path.split(".")), value) for path, value in wanted.items())


def _holds(found: Any, value: Any) -> bool:
    if isinstance(value, bool):
        return bool(found) == value
    return bool(found == value)


def _at(value: Any, steps: list[str]) -> Any:
    for step in steps:
        value = _parsed(value)
        if isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, Mapping):
            value = value.get(step)
        else:
            return None
    return value


def _edit(mark: str, value: Any) -> _Edit:
    if mark == "+":
        return lambda found: [*(found or []), value]
    if mark == "-":
        return lambda _: _GONE
    return lambda _: copy.deepcopy(value)


def _within(value: Any, steps: list[str], edit: _Edit) -> Any:
    """Return a value with what lies at some steps below it edited."""
    if not steps:
        return edit(value)
    parsed = _parsed(value)
    edited = _into(parsed, steps, edit)
    return edited if parsed is value else json.dumps(edited)


def _into(value: Any, steps: list[str], edit: _Edit) -> Any:
    step, rest = steps[0], steps[1:]
    if step == "*" and not value:
        return value
    if step == "*" and isinstance(value, Mapping):
        edited_by_key = {key: _within(each, rest, edit) for key, each in value.items()}
        return {key: each for key, each in edited_by_key.items() if each is not _GONE}
    if step == "*":
        edited = [_within(each, rest, edit) for each in value]
        return [each for each in edited if each is not _GONE]
    if isinstance(value, str):  # nothing lies in it
        return value
    if step.isdigit():
        return _into_list(value, int(step), rest, edit)
    inner = dict(value or {})
    edited = _within(inner.get(step), rest, edit)
    if edited is None:
        return value
    inner[step] = None if edited is _GONE else edited
    return inner


def _into_list(value: Any, position: int, steps: list[str], edit: _Edit) -> Any:
    elements = list(value or [])
    if position >= len(elements):
        elements.append(None)
        position = len(elements) - 1
    edited = _within(elements[position], steps, edit)
    if edited is None:
        return value
    elements[position] = edited
    return [each for each in elements if each is not _GONE]


def _parsed(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in "[{":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
