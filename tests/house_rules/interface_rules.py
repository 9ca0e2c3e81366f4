"""Rules about what a module or root offers: its variables and outputs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from house_rules.findings import Finding
from house_rules.layout_rules import is_module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.testing.static import Folder

MOST_VARIABLES = 19

_UNIT_SUFFIX = re.compile(
    r"_(seconds|minutes|hours|days|ms|milliseconds|mb|kb|bytes|percent|count|per_second|"
    r"per_minute|per_day)$"
)
_UNIT_WORD = re.compile(
    r"\b(seconds?|minutes?|hours?|days?|milliseconds?|ms|MB|megabytes?|KB|kilobytes?|bytes?|"
    r"percent(age)?|requests?|transactions?|calls?|number of|how many|count)\b|%",
    re.IGNORECASE,
)
_NUMBER_FIELD = re.compile(r"(\w+)\s*=\s*(?:optional\(\s*)?number\b")
_ANY_TYPE = re.compile(r"\bany\b")


def variables_are_typed(folder: Folder) -> Iterator[Finding]:
    """Every variable has a type, and a real one: `any` hides what a module takes."""
    for block in folder.blocks("variable"):
        kind = block.attributes.get("type")
        name = block.labels[0]
        if kind is None:
            yield Finding(
                block.file, block.line, f"variable {name} has no type", "add `type = ...`"
            )
        elif _ANY_TYPE.search(str(kind.value)):
            fix = "write the type out, with `optional(...)` for what may be left out"
            yield Finding(block.file, kind.line, f"variable {name} has the type any", fix)


def variables_are_described(folder: Folder) -> Iterator[Finding]:
    """Every variable says what it is."""
    for block in folder.blocks("variable"):
        if not str(block.get("description") or "").strip():
            problem = f"variable {block.labels[0]} has no description"
            yield Finding(block.file, block.line, problem, "say what it is, and its unit")


def variables_are_not_nullable(folder: Folder) -> Iterator[Finding]:
    """A null doesn't slip past a default, unless null is the default."""
    for block in folder.blocks("variable"):
        default = block.attributes.get("default")
        null_is_meant = default is not None and default.value is None
        if block.get("nullable") is not False and not null_is_meant:
            problem = f"variable {block.labels[0]} may be null"
            fix = "add `nullable = false`, or `default = null` if null means something"
            yield Finding(block.file, block.line, problem, fix)


def variables_name_their_units(folder: Folder) -> Iterator[Finding]:
    """A number without a unit is read wrongly by somebody."""
    for block in folder.blocks("variable"):
        kind = str(block.get("type"))
        names = [block.labels[0]] if kind == "number" else _NUMBER_FIELD.findall(kind)
        unnamed = [name for name in names if not _UNIT_SUFFIX.search(name)]
        if unnamed and not _UNIT_WORD.search(str(block.get("description") or "")):
            problem = f"variable {block.labels[0]} gives no unit for {', '.join(unnamed)}"
            fix = "name the unit in the description, or end the name with it (_seconds, _days)"
            yield Finding(block.file, block.line, problem, fix)


def modules_are_small(folder: Folder) -> Iterator[Finding]:
    """A module takes fewer than twenty inputs."""
    variables = list(folder.blocks("variable"))
    if is_module(folder) and len(variables) > MOST_VARIABLES:
        block = variables[MOST_VARIABLES]
        problem = f"the module has {len(variables)} variables, {MOST_VARIABLES} are the most"
        fix = "merge related ones into an object, or decide for the caller"
        yield Finding(block.file, block.line, problem, fix)


def outputs_are_described(folder: Folder) -> Iterator[Finding]:
    """Every output says what it is."""
    for block in folder.blocks("output"):
        if not str(block.get("description") or "").strip():
            problem = f"output {block.labels[0]} has no description"
            yield Finding(block.file, block.line, problem, "say what it is")
