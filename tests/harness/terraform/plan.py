"""Plans and applies as data. Sensitive values are replaced before anybody can print them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.terraform.errors import Diagnostic

SENSITIVE = "(sensitive value)"


@dataclass(frozen=True)
class ChangeCounts:
    """How many resources a command adds, changes and removes; a replacement adds and removes."""

    add: int = 0
    change: int = 0
    remove: int = 0

    @property
    def total(self) -> int:
        """All of them together."""
        return self.add + self.change + self.remove

    @classmethod
    def from_json(cls, changes: Mapping[str, int]) -> ChangeCounts:
        """Read the `changes` of a `change_summary` event."""
        return cls(changes.get("add", 0), changes.get("change", 0), changes.get("remove", 0))


@dataclass(frozen=True)
class ResourceChange:
    """What a plan does to one managed resource."""

    address: str
    type: str
    actions: tuple[str, ...]
    before: Mapping[str, Any] | None = field(repr=False)
    after: Mapping[str, Any] | None = field(repr=False)
    unknown: Mapping[str, Any] = field(repr=False, default_factory=dict)
    """The attributes whose values are known only after the apply, as Terraform marks them."""
    replace_paths: tuple[tuple[str | int, ...], ...] = ()

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> ResourceChange:
        """Read one of a plan's `resource_changes` or `resource_drift`."""
        change = document["change"]
        return cls(
            address=document["address"],
            type=document["type"],
            actions=tuple(change["actions"]),
            before=mask(change.get("before"), change.get("before_sensitive")),
            after=mask(change.get("after"), change.get("after_sensitive")),
            unknown=change.get("after_unknown") or {},
            replace_paths=tuple(tuple(path) for path in change.get("replace_paths", ())),
        )


@dataclass(frozen=True)
class Resource:
    """A managed resource as the plan expects it after the apply."""

    address: str
    type: str
    name: str
    module: str
    values: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Plan:
    """A saved plan. What it says in detail is read when first asked for, which takes seconds."""

    path: Path
    is_empty: bool
    """Nothing would change: neither resources nor outputs."""
    counts: ChangeCounts
    warnings: tuple[Diagnostic, ...]
    load: Callable[[], Mapping[str, Any]] = field(repr=False, compare=False)

    @cached_property
    def document(self) -> Mapping[str, Any]:
        """The whole of `terraform show -json`, sensitive values included: for policies."""
        return self.load()

    @cached_property
    def changes(self) -> tuple[ResourceChange, ...]:
        """Managed resources that change; those left alone are not listed."""
        found = self._changes("resource_changes")
        return tuple(change for change in found if change.actions != ("no-op",))

    @cached_property
    def drift(self) -> tuple[ResourceChange, ...]:
        """Managed resources found other than the state has them, trifles included."""
        return self._changes("resource_drift")

    @cached_property
    def resources(self) -> Mapping[str, Resource]:
        """Every managed resource after the apply, by address."""
        root = self.document.get("planned_values", {}).get("root_module", {})
        return {resource.address: resource for resource in _resources(root, module_address="")}

    @cached_property
    def outputs(self) -> Outputs:
        """The outputs after the apply; None for what is known only then."""
        return Outputs(self.document.get("planned_values", {}).get("outputs", {}))

    def _changes(self, name: str) -> tuple[ResourceChange, ...]:
        return tuple(map(ResourceChange.from_json, _managed(self.document.get(name, ()))))

    def __str__(self) -> str:
        lines = [f"  {'/'.join(change.actions):<14} {change.address}" for change in self.changes]
        return "\n".join(lines) or "  no changes to resources"


class Outputs(Mapping[str, Any]):
    """Values of the root's outputs by name; printing it shows no sensitive value."""

    def __init__(self, document: Mapping[str, Mapping[str, Any]]) -> None:
        self._values = {name: item.get("value") for name, item in document.items()}
        self.sensitive = frozenset(name for name, item in document.items() if item.get("sensitive"))

    def __getitem__(self, name: str) -> Any:
        if name not in self._values:
            known = ", ".join(sorted(self._values)) or "none"
            raise KeyError(f"no output {name!r}; the outputs are: {known}")
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        shown = {
            name: SENSITIVE if name in self.sensitive else value
            for name, value in self._values.items()
        }
        return f"Outputs({shown!r})"


@dataclass(frozen=True)
class ApplyResult:
    """What an apply or a destroy did."""

    counts: ChangeCounts
    seconds: float
    warnings: tuple[Diagnostic, ...] = ()


def mask(value: Any, sensitive: Any) -> Any:
    """Replace what Terraform marks in `sensitive`, a tree of the same shape with `true` leaves."""
    if sensitive is True:
        return SENSITIVE
    if isinstance(value, dict) and isinstance(sensitive, dict):
        return {name: mask(item, sensitive.get(name)) for name, item in value.items()}
    if isinstance(value, list) and isinstance(sensitive, list):
        marks = [*sensitive, *([None] * (len(value) - len(sensitive)))]
        return [mask(item, mark) for item, mark in zip(value, marks, strict=False)]
    return value


def _managed(items: Any) -> Iterator[Mapping[str, Any]]:
    return (item for item in items if item.get("mode") == "managed")


def _resources(module: Mapping[str, Any], *, module_address: str) -> Iterator[Resource]:
    for item in _managed(module.get("resources", ())):
        yield Resource(
            address=item["address"],
            type=item["type"],
            name=item["name"],
            module=module_address,
            values=mask(item.get("values", {}), item.get("sensitive_values")),
        )
    for child in module.get("child_modules", ()):
        yield from _resources(child, module_address=child["address"])
