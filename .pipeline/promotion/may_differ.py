"""The list of what may differ between environments: environments/differences.toml.

[[may_differ]]
what = "Retention of logs"
set_by = ["log_retention_days"]
reason = "PCI DSS 10.5.1 wants a year in production; what never holds a card is kept shorter."
exists = []  # resources that not every environment has
[may_differ.attributes]
aws_cloudwatch_log_group = ["retention_in_days"]

A resource is given by its type or its address without instance keys, an attribute by its path
without indexes, where a block that has a name goes by it; `*` stands for anything.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from promotion.errors import BrokenInputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path as File

    from promotion.comparison import Path

_KEYS = {"what", "set_by", "reason", "exists", "attributes"}
_INSTANCE = re.compile(r'\[(?:"(?:[^"\\]|\\.)*"|\d+)\]')


@dataclass(frozen=True)
class Entry:
    """Something that may differ, with the reason."""

    what: str
    set_by: Sequence[str]
    """Locals of environment.tf, or variables of merchants.auto.tfvars.json."""
    reason: str
    exists: Sequence[str] = ()
    """Resources that not every environment has."""
    attributes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Attributes by resource."""

    def patterns(self) -> Iterator[tuple[str, str]]:
        """Yield each resource with each of its attributes; for a whole resource with none."""
        for resource in self.exists:
            yield resource, ""
        for resource, attributes in self.attributes.items():
            for attribute in attributes:
                yield resource, attribute


class MayDiffer:
    """The entries, and which of them were needed so far."""

    def __init__(self, environments: Sequence[str], entries: Sequence[Entry]) -> None:
        self.environments = frozenset(environments)
        """Those that the list is for: when all of them are compared, every entry is needed."""
        self.entries = entries
        self._needed: set[tuple[str, str]] = set()

    @classmethod
    def load(cls, file: File) -> MayDiffer:
        """Read the list.

        Raises:
            BrokenInputError: it can't be read; says what is wrong.
        """
        try:
            document = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise BrokenInputError(f"{file} can't be read: {error}") from None
        entries = [_entry(each, file) for each in document.get("may_differ", ())]
        return cls(document.get("environments", ()), entries)

    def admits(self, kind: str, address: str, path: Path) -> bool:
        """Whether a difference is on the list; remembers that it was needed."""
        attribute = _attribute(path)
        needed = {
            (resource, wanted)
            for resource, wanted in self._about(kind, address)
            if bool(wanted) == bool(path) and fnmatchcase(attribute, wanted)
        }
        self._needed |= needed
        return bool(needed)

    def may_need(self, kind: str, address: str, path: Path) -> None:
        """Note that nobody knows yet whether something within an attribute differs."""
        within = _attribute(path)
        self._needed |= {
            (resource, wanted)
            for resource, wanted in self._about(kind, address)
            if f"{wanted}.".startswith(f"{within}.")
        }

    def _about(self, kind: str, address: str) -> Iterator[tuple[str, str]]:
        place = _INSTANCE.sub("", address)
        for entry in self.entries:
            for resource, wanted in entry.patterns():
                if fnmatchcase(place if "." in resource else kind, resource):
                    yield resource, wanted

    def unused(self) -> list[str]:
        """Say what is on the list and was never needed."""
        return [
            f"{entry.what}: nothing differs in {attribute or 'the existence'} of {resource}:"
            " take it out of environments/differences.toml"
            for entry in self.entries
            for resource, attribute in entry.patterns()
            if (resource, attribute) not in self._needed
        ]


def _attribute(path: Path) -> str:
    return ".".join(str(step) for step in path if not isinstance(step, int))


def _entry(document: Mapping[str, Any], file: File) -> Entry:
    named = repr(document.get("what", "one without `what`"))
    unknown = sorted(document.keys() - _KEYS)
    if unknown:
        raise BrokenInputError(f"{file}: the entry {named} has unknown keys: {', '.join(unknown)}")
    missing = sorted(key for key in ("what", "set_by", "reason") if not document.get(key))
    if missing:
        raise BrokenInputError(f"{file}: the entry {named} lacks {', '.join(missing)}")
    entry = Entry(**document)
    if not any(entry.patterns()):
        raise BrokenInputError(f"{file}: the entry {named} names no resource and no attribute")
    return entry
