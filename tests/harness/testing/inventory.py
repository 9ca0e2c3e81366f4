"""Inventories: what a plan should hold, as a YAML file that is read, compared and written anew.

values:             # by address; only what is named is compared
  aws_kms_key.data_class:
    enable_key_rotation: true
  aws_kms_key.other: __missing__
counts:             # by type, and `resources` and `modules` in all
  aws_kms_key: 1
  resources: 3
outputs:
  kms_key_arn: (known after apply)
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, Any

import yaml

from harness.testing.differences import AFTER_APPLY, MISSING, Difference, compare, near

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from harness.testing.planned import PlannedRoot

SECTIONS = ("values", "counts", "outputs")

_LEFT_OUT = object()


class InventoryError(ValueError):
    """A file that is no inventory; says what to mend."""


def read(path: Path) -> dict[str, Any]:
    """Read an inventory.

    Raises:
        InventoryError: it isn't YAML, or has other sections than an inventory.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise InventoryError(f"{path} is no YAML: {error}") from None
    sections = ", ".join(SECTIONS)
    if not isinstance(document, dict):
        raise InventoryError(f"{path} is no inventory: it needs the sections {sections}")
    for name, section in document.items():
        if name not in SECTIONS:
            raise InventoryError(f"{path} has a section {name!r}; an inventory has {sections}")
        if not isinstance(section, dict):
            raise InventoryError(f"{path}: the section {name!r} must map names to what is expected")
    return document


def differences(inventory: Mapping[str, Any], planned: PlannedRoot) -> Iterator[Difference]:
    """Yield where a plan isn't as the inventory has it."""
    for address, expected in inventory.get("values", {}).items():
        yield from _resource_differences(address, expected, planned)
    yield from planned.count_differences(inventory.get("counts", {}))
    for name, expected in inventory.get("outputs", {}).items():
        wanted, path = {name: expected}, "outputs"
        yield from compare(wanted, planned.shown_outputs, dict(planned.outputs), path)


def describe(
    planned: PlannedRoot, *, places: Sequence[str] = (), previous: Mapping[str, Any] | None = None
) -> str:
    """Write the inventory of a plan: sorted, without what changes by machine or moment.

    Left out are values that are null or empty, known only after the apply, the time of the plan,
    or that name one of the `places` of this machine. Of a `previous` inventory the choice of
    sections and each `__missing__` that still holds are kept.
    """
    clean = _Cleaner((*places, planned.document.get("timestamp", "")))
    described: dict[str, Any] = {
        "values": {
            address: clean.attributes(planned.resources[address].values)
            for address in sorted(planned.resources)
        },
        "counts": {name: planned.counts[name] for name in sorted(planned.counts)},
        "outputs": clean.outputs(planned.shown_outputs),
    }
    previous = previous or {}
    kept = {
        name: _with_missing(section, previous.get(name, {}))
        for name, section in described.items()
        if (name in previous if previous else section)
    }
    return yaml.dump(kept, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def write(path: Path, text: str) -> None:
    """Write a file at once, so that no other process reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _resource_differences(
    address: str, expected: Any, planned: PlannedRoot
) -> Iterator[Difference]:
    resource = planned.resources.get(address)
    if expected == MISSING:
        if resource:
            yield Difference(address, "no such resource", "it is planned")
    elif not resource:
        close = near(address, planned.resources)
        guess = f"; there is {', '.join(close)}" if close else ""
        yield Difference(address, "a resource", f"none of that address{guess}")
    else:
        yield from compare(expected or {}, resource.values, resource.raw, address)


class _Cleaner:
    """Takes out of planned values what says nothing, and what changes by machine or moment."""

    def __init__(self, volatile: Sequence[str]) -> None:
        self._volatile = tuple(filter(None, volatile))

    def attributes(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Clean a resource's attributes."""
        cleaned = self._mapping(values)
        if cleaned.get("tags_all") == cleaned.get("tags"):
            cleaned.pop("tags_all", None)
        return cleaned

    def outputs(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Clean the outputs; that one exists is worth telling even if its value is unknown."""
        unknown = {name: value for name, value in values.items() if value == AFTER_APPLY}
        return dict(sorted({**self._mapping(values), **unknown}.items()))

    def _mapping(self, values: Mapping[str, Any]) -> dict[str, Any]:
        cleaned = {name: self._value(values[name]) for name in sorted(values)}
        empty: tuple[Any, ...] = (None, "", [], {}, AFTER_APPLY, _LEFT_OUT)
        return {name: value for name, value in cleaned.items() if value not in empty}

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            return self._mapping(value)
        if isinstance(value, list):
            cleaned = [self._value(item) for item in value]
            return _LEFT_OUT if any(item is _LEFT_OUT for item in cleaned) else cleaned
        return value

    def _text(self, value: str) -> Any:
        if any(part in value for part in self._volatile):
            return _LEFT_OUT
        if value.startswith(("{", "[")):
            with contextlib.suppress(ValueError):
                return json.loads(value)
        return value


def _with_missing(described: dict[str, Any], previous: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what was expected to be missing and is."""
    kept = dict(described)
    for name, value in previous.items():
        if value == MISSING and name not in described:
            kept[name] = MISSING
        elif isinstance(value, dict) and isinstance(described.get(name), dict):
            kept[name] = _with_missing(described[name], value)
    return dict(sorted(kept.items()))


class _Dumper(yaml.SafeDumper):
    """Writes without anchors, and long texts as blocks."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the parent's signature
        """Write everything out."""
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
