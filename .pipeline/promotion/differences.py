"""Environments differ in what environments/differences.toml lists, and in nothing else.

Plans hold secrets: values that Terraform marks are compared and not shown.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

from promotion.comparison import differing, unknown
from promotion.errors import BrokenInputError, Refused
from promotion.may_differ import MayDiffer
from promotion.planned import read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path as File

    from promotion.comparison import Path
    from promotion.planned import PlannedEnvironment

RULE = "environments differ only in what environments/differences.toml lists"

_SHOWN = 300
"""Characters of a value that are shown."""


@dataclass(frozen=True)
class Difference:
    """An attribute, or a whole resource, in which environments differ."""

    type: str
    address: str
    path: Path
    """Of the attribute; empty for a resource that not every environment has."""
    values: Mapping[str, Any]
    """By environment; what isn't known yet may be missing."""
    is_sensitive: bool

    @property
    def attribute(self) -> str:
        """The attribute as Terraform writes it, such as `rule[1].priority`."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return "".join(steps).removeprefix(".")

    def __str__(self) -> str:
        lines = [f"{self.type} {self.address}", f"  {self.attribute or 'the resource'}"]
        for environment, value in self.values.items():
            shown = "(sensitive)" if self.is_sensitive else _shown(value, exists=not self.path)
            lines.append(f"    {environment}: {shown}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Judgement:
    """What a comparison found."""

    environments: Sequence[str]
    resources: int
    allowed: Sequence[Difference] = field(repr=False)
    """Differences that the list names."""
    refused: Sequence[Difference]
    """Differences that it doesn't."""
    unused: Sequence[str]
    """What the list names and no difference needs; known when all environments were compared."""

    def require(self) -> None:
        """Accept no difference beside the list, and nothing on the list that isn't needed.

        Raises:
            Refused: with every finding.
        """
        if not self.refused and not self.unused:
            return
        found = [*map(str, self.refused), *self.unused]
        raise Refused(
            rule=RULE,
            evidence="\n".join([f"{len(found)} found", *found]).replace("\n", "\n    "),
            fix="make the environments alike; or list the attribute in"
            " environments/differences.toml with the reason why it may differ; or take out of it"
            " what is unused",
            override="nobody: the list is changed like code, by a reviewed commit",
        )


def judge(plans: Sequence[Mapping[str, Any]], environments: File) -> Judgement:
    """Compare plans of different environments.

    Args:
        plans: as `terraform show -json` gives them, one an environment.
        environments: the folder with `differences.toml` and `organization.json`.

    Raises:
        BrokenInputError: fewer than two environments were given, or a file is malformed.
    """
    may_differ = MayDiffer.load(environments / "differences.toml")
    organization = json.loads((environments / "organization.json").read_text(encoding="utf-8"))
    planned = [read(plan, organization["accounts"]) for plan in plans]
    names = [each.name for each in planned]
    if len(names) < 2 or len(set(names)) < len(names):
        given = ", ".join(names) or "none"
        raise BrokenInputError(f"give plans of two or more environments, one each; got: {given}")
    found = [*_differences(planned)]
    admitted = [may_differ.admits(each.type, each.address, each.path) for each in found]
    return Judgement(
        environments=names,
        resources=len({address for each in planned for address in each.resources}),
        allowed=[each for each, listed in zip(found, admitted, strict=True) if listed],
        refused=[each for each, listed in zip(found, admitted, strict=True) if not listed],
        unused=_unused(may_differ, planned) if set(names) >= may_differ.environments else (),
    )


def _unused(may_differ: MayDiffer, planned: Sequence[PlannedEnvironment]) -> list[str]:
    for environment in planned:
        for address, resource in environment.resources.items():
            for path in unknown(resource.configured):
                may_differ.may_need(resource.type, address, path)
    return may_differ.unused()


def _differences(planned: Sequence[PlannedEnvironment]) -> Iterator[Difference]:
    """Compare every environment with every other: not all have every resource."""
    found: dict[tuple[str, Path], dict[str, Any]] = {}
    for one, other in combinations(planned, 2):
        for address, path, here, there in differing(one, other):
            values = found.setdefault((address, path), {})
            values.setdefault(one.name, here)
            values.setdefault(other.name, there)
    for (address, path), values in sorted(found.items(), key=lambda item: (item[0][0], str(item))):
        resource = next(each.resources[address] for each in planned if address in each.resources)
        marked = any(
            _is_sensitive(each.resources[address].sensitive, path)
            for each in planned
            if address in each.resources
        )
        yield Difference(resource.type, address, path, values, marked)


def _is_sensitive(marks: Any, path: Path) -> bool:
    """Whether Terraform marks what is at a path, or something within it or around it."""
    for step in path:
        if isinstance(marks, dict):
            marks = marks.get(step)
        elif isinstance(marks, list) and isinstance(step, int):
            marks = marks[step] if step < len(marks) else None
        else:
            break  # the whole is marked, or a list whose blocks go by their names here
    return _any_marked(marks)


def _any_marked(marks: Any) -> bool:
    if isinstance(marks, dict):
        marks = [*marks.values()]
    return any(map(_any_marked, marks)) if isinstance(marks, list) else marks is True


def _shown(value: Any, *, exists: bool) -> str:
    if exists:
        return "has it" if value else "has none"
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"
