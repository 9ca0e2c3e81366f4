"""What a policy sees of a resource. All that it reads is kept: it is what the evidence shows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

from terraform_plan.references import Instance, Path, UnresolvedError

T = TypeVar("T")

SENSITIVE = "(sensitive value)"
HIDDEN = "(not shown)"
_SHOWN_CHARACTERS = 400


class UndecidedError(Exception):
    """The configuration doesn't tell what the judgement needs; says what is missing."""


def together(parts: Iterable[Iterator[T]]) -> Iterator[T]:
    """Yield what several iterators yield, though one before them isn't decided.

    Raises:
        UndecidedError: of the first that isn't, after the others had their say.
    """
    undecided = None
    for part in parts:
        try:
            yield from part
        except UndecidedError as error:
            undecided = undecided or error
    if undecided:
        raise undecided


class Resources(Protocol):
    """All resources that are judged together: of a plan, or of a module's files."""

    whole: bool
    """Whether what isn't among them is nowhere: a module's files are a part of some root."""

    @property
    def all(self) -> Mapping[str, Instance]:
        """Every resource, by address."""

    def of(self, *types: str) -> Iterator[Instance]:
        """Yield the resources of some types."""

    def named(self, item: Instance, path: Path, *types: str) -> tuple[str, ...]:
        """Give the addresses, or else the ids, of what an attribute names.

        Raises:
            UnresolvedError: it isn't told.
        """

    def configures(self, item: Instance, attribute: str) -> bool:
        """Whether the configuration sets an attribute, to a known value or not."""


@dataclass(frozen=True)
class Subject:
    """A resource under judgement, or another one that the judgement looks at."""

    instance: Instance
    resources: Resources
    evaluated: dict[str, Any] = field(default_factory=dict)
    """By address and path, what was read. Others that are reached from here write here too."""

    @property
    def address(self) -> str:
        """As in the plan; in files without keys and indexes."""
        return self.instance.address

    @property
    def type(self) -> str:
        """The resource's type."""
        return self.instance.type

    def get(self, *path: str | int, default: Any = None, hidden: bool = False) -> Any:
        """Return an attribute, by block names, positions and attribute names.

        A block or list is given whole, in which case nothing below it may be unknown: ask for
        attributes, or use `each` or `known`.

        Args:
            path: where the attribute is.
            default: what to return where nothing is set.
            hidden: keep the value out of the evidence; `note` what it showed.

        Returns:
            `default` where nothing is set.

        Raises:
            UndecidedError: it is known after the apply only, or depends on a variable.
        """
        value, unknown = _at(self.instance.values, path), _at(self.instance.unknown, path)
        if _any(unknown):
            self._note(path, "(unknown)")
            raise UndecidedError(f"{self._place(path)} isn't known")
        self._note(path, HIDDEN if hidden and value is not None else value)
        return default if value is None else value

    def number(self, *path: str | int, default: int = 0) -> int:
        """Return a whole number; files may hold it as text.

        Raises:
            UndecidedError: it isn't known, or files leave something else in its place.
        """
        value = self.get(*path, default=default)
        try:
            return int(value)
        except (TypeError, ValueError) as error:
            raise UndecidedError(f"{self._place(path)} is {value!r}, which is no number") from error

    def known(self, *path: str | int) -> bool:
        """Whether an attribute, and all below it, is known. Nothing at all is known too."""
        return not _any(_at(self.instance.unknown, path))

    def configures(self, attribute: str) -> bool:
        """Whether the configuration sets an attribute, to a known value or not.

        What it doesn't set may be unknown too: AWS chooses, and tells after the apply.
        """
        return self.resources.configures(self.instance, attribute)

    def note(self, *path: str | int, value: Any) -> None:
        """Add to the evidence what was read from a value, such as a part of a document."""
        self._note(path, value)

    def each(self, *path: str | int) -> Iterator[tuple[str | int, ...]]:
        """Yield the path of each block, or of each element of a list.

        Raises:
            UndecidedError: it isn't known how many there are.
        """
        if _at(self.instance.unknown, path) is True:
            self._note(path, "(unknown)")
            raise UndecidedError(f"{self._place(path)} isn't known")
        blocks = _at(self.instance.values, path) or []
        if isinstance(blocks, Mapping):
            blocks = [blocks]
        unknown = _at(self.instance.unknown, path)
        count = max(len(blocks), len(unknown) if isinstance(unknown, list) else 0)
        return (((*path, position)) for position in range(count))

    def keys(self, *path: str | int) -> tuple[str, ...]:
        """Return the keys of a map, of values that aren't known too.

        Raises:
            UndecidedError: it isn't known which there are.
        """
        unknown = _at(self.instance.unknown, path)
        if unknown is True:
            self._note(path, "(unknown)")
            raise UndecidedError(f"{self._place(path)} isn't known")
        maps = [_map(_at(self.instance.values, path)), _map(unknown)]
        return tuple(sorted({str(key) for each in maps for key in each}))

    def document(self, *path: str | int) -> Mapping[str, Any]:
        """Return a JSON document, such as a policy; empty where nothing is set.

        Raises:
            UndecidedError: it isn't known, or isn't JSON.
        """
        value = self.get(*path)
        if not value:
            return {}
        try:
            parsed = json.loads(value) if isinstance(value, str) else value
        except ValueError as error:
            raise UndecidedError(f"{self._place(path)} isn't JSON: {error}") from error
        if isinstance(parsed, list) and len(parsed) == 1:
            (parsed,) = parsed  # as files hold what they build by jsonencode
        if not isinstance(parsed, Mapping):
            raise UndecidedError(f"{self._place(path)} isn't a JSON object")
        return parsed

    def named(self, *path: str | int, types: Sequence[str]) -> tuple[Subject | str, ...]:
        """Return the resources of some types that an attribute names, or ids of what is elsewhere.

        Raises:
            UndecidedError: it isn't told.
        """
        try:
            found = self.resources.named(self.instance, path, *types)
        except UnresolvedError as error:
            raise UndecidedError(str(error)) from error
        self._note(path, list(found))
        by_address = {item.address: item for item in self.resources.of(*types)}
        return tuple(
            Subject(by_address[name], self.resources, self.evaluated)
            if name in by_address
            else name
            for name in found
        )

    def naming(self, kind: str, *path: str | int) -> Iterator[Subject]:
        """Yield the resources of a type whose attribute names this one.

        Raises:
            UndecidedError: after the others, if the configuration doesn't tell of one.
        """
        return together(self._if_naming(other, path) for other in self.others(kind))

    def _if_naming(self, other: Subject, path: Path) -> Iterator[Subject]:
        tried = replace(other, evaluated={})
        found = tried.named(*path, types=[self.type])
        if any(isinstance(each, Subject) and each.address == self.address for each in found):
            self.evaluated.update(tried.evaluated)  # what names others shows nothing
            yield other

    def others(self, *types: str) -> Iterator[Subject]:
        """Yield all resources of some types."""
        for item in self.resources.of(*types):
            yield Subject(item, self.resources, self.evaluated)

    def _place(self, path: Path) -> str:
        return f"{self.address}: {_dotted(path)}"

    def _note(self, path: Path, value: Any) -> None:
        if _any(_at(self.instance.sensitive, path)):
            value = SENSITIVE
        shown = json.dumps(value, default=str)
        if len(shown) > _SHOWN_CHARACTERS:
            value = f"{shown[:_SHOWN_CHARACTERS]}..."
        self.evaluated[self._place(path)] = value


def _at(value: Any, path: Path) -> Any:
    for step in path:
        if value is True:
            return True
        if isinstance(value, Mapping):
            value = value.get(str(step), value if step == 0 else None)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        elif isinstance(value, list) and isinstance(step, str):
            value = _map(value).get(step)
        else:
            return None
    return value


def _map(value: Any) -> Mapping[str, Any]:
    """Return a map. Files don't tell one from the only block of its name."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, Mapping) else {}


def _any(mark: Any) -> bool:
    if isinstance(mark, Mapping):
        return any(map(_any, mark.values()))
    if isinstance(mark, list):
        return any(map(_any, mark))
    return mark is True


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))
