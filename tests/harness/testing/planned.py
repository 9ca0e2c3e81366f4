"""A plan as test authors see it: resources to find, count and compare with what they expect."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from harness.terraform.plan import Outputs, mask
from harness.testing.differences import (
    AFTER_APPLY,
    Difference,
    ExpectationError,
    compare,
    near,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from harness.terraform import Plan

_INSTANCE = re.compile(r"\[[^\[\]]*\]$")
_TOTALS = ("modules", "resources")


@dataclass(frozen=True)
class PlannedResource:
    """A managed resource as the plan expects it after the apply."""

    address: str
    type: str
    name: str
    module: str
    """Address of its module, `""` for the root."""
    values: Mapping[str, Any] = field(repr=False)
    """By attribute; `SENSITIVE` and `AFTER_APPLY` stand for what can't be shown or known."""
    label: str = field(repr=False)
    raw: Mapping[str, Any] = field(repr=False)
    """The same with sensitive values: for comparisons, not for printing."""

    def __getitem__(self, attribute: str) -> Any:
        if attribute not in self.values:
            guess = _did_you_mean(near(attribute, self.values))
            raise KeyError(f"{self.address} has no attribute {attribute!r}{guess}")
        return self.values[attribute]

    def json(self, attribute: str) -> Any:
        """Return what an attribute that holds a JSON document says.

        Raises:
            ExpectationError: it holds none, or one that is known only after the apply.
        """
        value = self[attribute]
        try:
            return json.loads(value)
        except (TypeError, ValueError):
            found = [Difference(attribute, "a JSON document", str(value))]
            raise ExpectationError(f"{self._subject} isn't as expected", found) from None

    def expect(self, **attributes: Any) -> PlannedResource:
        """Compare attributes, nested ones partially, and return the resource for more.

        Raises:
            ExpectationError: shows attribute, expected and found of every difference.
        """
        __tracebackhide__ = True
        found = [*compare(attributes, self.values, self.raw)]
        if found:
            raise ExpectationError(f"{self._subject} isn't as expected", found)
        return self

    @property
    def _subject(self) -> str:
        return f"{self.label}: {self.address}"


@dataclass(frozen=True)
class PlannedRoot:
    """What a plan says about a configuration from nothing."""

    plan: Plan = field(repr=False)
    label: str
    """What was planned, for messages."""
    match: Callable[[PlannedRoot, str | Path], None] = field(repr=False, compare=False)

    @property
    def document(self) -> Mapping[str, Any]:
        """The whole of `terraform show -json`, sensitive values included: for policies."""
        return self.plan.document

    @cached_property
    def resources(self) -> Mapping[str, PlannedResource]:
        """Every managed resource by address."""
        return MappingProxyType(
            {item.address: item for item in _resources(self.document, self.label)}
        )

    @cached_property
    def outputs(self) -> Outputs:
        """The outputs by name, with `AFTER_APPLY` as in resources; printing shows no secret."""
        return Outputs(_outputs(self.document))

    @property
    def shown_outputs(self) -> dict[str, Any]:
        """The outputs with `SENSITIVE` in place of those that mustn't be shown."""
        return {
            name: mask(value, name in self.outputs.sensitive)
            for name, value in self.outputs.items()
        }

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """How many resources there are by type, and `resources` and `modules` in all."""
        types = Counter(item.type for item in self.resources.values())
        modules = _count_modules(_root_module(self.document))
        return {**types, "resources": types.total(), "modules": modules}

    def one(self, what: str) -> PlannedResource:
        """Return the only resource of an address, of a type, or of `type.name`.

        Raises:
            ExpectationError: there is none or more than one; lists those that may be meant.
        """
        __tracebackhide__ = True
        found = self._matching(what)
        if len(found) == 1:
            return found[0]
        if found:
            listed = "\n".join(f"  {item.address}" for item in found)
            message = f"{self.label}: {len(found)} resources are {what!r}; name one by address:"
            raise ExpectationError(f"{message}\n{listed}", ())
        raise ExpectationError(f"{self.label}: no resource is {what!r}{self._near(what)}", ())

    def all(self, what: str) -> tuple[PlannedResource, ...]:
        """Return the resources of a type, of `type.name`, or the instances of an address.

        Raises:
            ExpectationError: there is none, since a loop over none would prove nothing.
        """
        __tracebackhide__ = True
        found = self._matching(what)
        if found:
            return found
        raise ExpectationError(
            f"{self.label}: no resource is {what!r}{self._near(what)}",
            (),
            f"To expect none, write expect_counts({what.partition('.')[0]}=0).",
        )

    def expect_counts(self, *, exhaustive: bool = False, **expected: int) -> PlannedRoot:
        """Compare how many resources there are of each type, and return the plan for more.

        `resources` and `modules` are totals. With `exhaustive` there are no other types.

        Raises:
            ExpectationError: shows every count that differs, with the addresses.
        """
        __tracebackhide__ = True
        others = set(self.counts) - set(expected) - set(_TOTALS) if exhaustive else ()
        wanted = {**expected, **dict.fromkeys(sorted(others), 0)}
        found = [*self.count_differences(wanted)]
        if found:
            raise ExpectationError(f"{self.label}: counts aren't as expected", found)
        return self

    def count_differences(self, expected: Mapping[str, int]) -> Iterator[Difference]:
        """Yield the counts that differ."""
        for name, count in expected.items():
            found = self.counts.get(name, 0)
            if found != count:
                listed = [item.address for item in self.resources.values() if item.type == name]
                which = f" ({', '.join(listed)})" if listed else ""
                guess = _did_you_mean(near(name, self.counts)) if not found else ""
                yield Difference(name, str(count), f"{found}{which}{guess}")

    def expect_outputs(self, **expected: Any) -> PlannedRoot:
        """Compare outputs as `PlannedResource.expect` does attributes.

        Raises:
            ExpectationError: shows every output that differs.
        """
        __tracebackhide__ = True
        found = [*compare(expected, self.shown_outputs, dict(self.outputs))]
        if found:
            raise ExpectationError(f"{self.label}: outputs aren't as expected", found)
        return self

    def matches(self, path: str | Path) -> PlannedRoot:
        """Compare with an inventory, whose path is relative to the test's file.

        Raises:
            ExpectationError: shows the differences, and the command that writes the file anew.
        """
        __tracebackhide__ = True
        self.match(self, path)
        return self

    def _matching(self, what: str) -> tuple[PlannedResource, ...]:
        exact = self.resources.get(what)
        if exact:
            return (exact,)
        return tuple(item for item in self.resources.values() if what in _names(item))

    def _near(self, what: str) -> str:
        known = {name for item in self.resources.values() for name in (item.address, *_names(item))}
        close = near(what, known)
        if close:
            return _did_you_mean(close)
        types = sorted({item.type for item in self.resources.values()})
        return f"; it has: {', '.join(types) or 'no resources'}"


def _names(item: PlannedResource) -> tuple[str, str, str]:
    return item.type, f"{item.type}.{item.name}", _INSTANCE.sub("", item.address)


def _did_you_mean(close: list[str]) -> str:
    return f"; did you mean {' or '.join(close)}?" if close else ""


def _root_module(document: Mapping[str, Any]) -> Mapping[str, Any]:
    module: Mapping[str, Any] = document.get("planned_values", {}).get("root_module", {})
    return module


def _count_modules(module: Mapping[str, Any]) -> int:
    return sum(1 + _count_modules(child) for child in module.get("child_modules", ()))


def _resources(document: Mapping[str, Any], label: str) -> Iterator[PlannedResource]:
    unknown = {
        change["address"]: change["change"].get("after_unknown")
        for change in document.get("resource_changes", ())
    }
    for module, item in _managed(_root_module(document)):
        address, raw = item["address"], item.get("values", {})
        shown = mask(raw, item.get("sensitive_values"))
        yield PlannedResource(
            address=address,
            type=item["type"],
            name=item["name"],
            module=module,
            values=_with_unknown(shown, unknown.get(address)),
            label=label,
            raw=_with_unknown(raw, unknown.get(address)),
        )


def _managed(module: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for item in module.get("resources", ()):
        if item["mode"] == "managed":
            yield module.get("address", ""), item
    for child in module.get("child_modules", ()):
        yield from _managed(child)


def _outputs(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    planned = document.get("planned_values", {}).get("outputs", {})
    changes = document.get("output_changes", {})
    return {
        name: {
            **item,
            "value": _with_unknown(
                item.get("value", changes.get(name, {}).get("after")),
                changes.get(name, {}).get("after_unknown"),
            ),
        }
        for name, item in planned.items()
    }


def _with_unknown(value: Any, unknown: Any) -> Any:
    """Put `AFTER_APPLY` where Terraform marks a value as unknown; the plan leaves it out."""
    if unknown is True:
        return AFTER_APPLY
    if isinstance(unknown, dict) and (value is None or isinstance(value, dict)):
        known = value or {}
        filled = {name: _with_unknown(item, unknown.get(name)) for name, item in known.items()}
        left_out = {name: _with_unknown(None, unknown[name]) for name in unknown.keys() - known}
        filled |= {name: item for name, item in sorted(left_out.items()) if item is not None}
        return value if value is None and not filled else filled
    if isinstance(unknown, list) and isinstance(value, list):
        marks = [*unknown, *([None] * (len(value) - len(unknown)))]
        return [_with_unknown(item, mark) for item, mark in zip(value, marks, strict=False)]
    return value
