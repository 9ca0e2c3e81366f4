"""Resources of a plan or state, and which of them an attribute names.

After an apply ids tell it. Before, they are unknown, and the references of the configuration do:
through variables and outputs of modules, and to one instance by index, `each.key` or the key that
follows an output. Locals aren't part of a plan's JSON, nor are the values of `each.value`.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Key = str | int | None
Path = tuple[str | int, ...]

_INDEX = re.compile(r"\[([^\]]*)\]")
_STEP = re.compile(r'[^.\[\]]+|\["(?:[^"\\]|\\.)*"\]|\[\d+\]')
_MODULE_STEP = re.compile(r'module\.([^.\[]+)(?:\[("(?:[^"\\]|\\.)*"|\d+)\])?')
_BY_OWN_KEY = ("each.key", "count.index")
_NAMED_BY = {
    # What becomes the id is known before the apply.
    "aws_cloudwatch_log_destination": "name",
    "aws_cloudwatch_log_group": "name",
    "aws_iam_role": "name",
    "aws_kms_alias": "name",
    "aws_s3_bucket": "bucket",
    "aws_vpc_endpoint": "prefix_list_id",
}


class UnresolvedError(LookupError):
    """A plan doesn't tell what an attribute names; says which, and how to make it tell."""


@dataclass(frozen=True)
class Instance:
    """One managed resource."""

    address: str
    type: str
    name: str
    module: str
    key: Key
    values: Mapping[str, Any] = field(repr=False)
    unknown: Mapping[str, Any] = field(repr=False)
    """What is known after the apply only, as Terraform marks it."""
    sensitive: Mapping[str, Any] = field(repr=False, default_factory=dict)
    """What nobody may print, as Terraform marks it."""


@dataclass(frozen=True)
class _Scope:
    """Where references stand: a module's instance, and the key of what they belong to."""

    module: str
    key: Key
    wanted: Key = None
    """The key that is picked from an output's map."""


class Resources:
    """The managed resources of a document, by address."""

    whole = True  # a plan leaves nothing of its root out

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Read a plan as `terraform show -json` gives it, or a state as `planned_values`."""
        unknown = {
            change["address"]: change["change"].get("after_unknown") or {}
            for change in document.get("resource_changes", ())
        }
        root = document.get("planned_values", {}).get("root_module", {})
        self.all = {item.address: item for item in _instances(root, "", unknown)}
        self._configuration = document.get("configuration", {}).get("root_module", {})
        self._ids = _ids(self.all.values())
        self._groups: Mapping[tuple[str, str], list[Instance]] = defaultdict(list)
        for item in self.all.values():
            self._groups[item.module, f"{item.type}.{item.name}"].append(item)

    def of(self, *types: str) -> Iterator[Instance]:
        """Yield the resources of some types."""
        return (item for item in self.all.values() if item.type in types)

    def one(self, item: Instance, path: str, *types: str) -> str:
        """Name the resource, or give the id, of the only thing that an attribute names.

        Raises:
            UnresolvedError: the plan doesn't tell.
        """
        found = self.named(item, (path,), *types)
        if len(found) == 1:
            return found[0]
        listed = f"could be {', '.join(found)}" if found else "isn't told by the plan"
        raise UnresolvedError(
            f"{item.address}: {path} {listed}. Refer to it by address or each.key, without a local"
            " or each.value in between; or read the applied state, where ids are known."
        )

    def named(self, item: Instance, path: Path, *types: str) -> tuple[str, ...]:
        """Name what an attribute names: addresses of resources of some types, or other ids.

        What AWS fills in without being asked names nothing yet.

        Raises:
            UnresolvedError: something is unknown, and no reference tells what it is.
        """
        value, unknown = value_at(item.values, path), value_at(item.unknown, path)
        found = {self._named_by(text, types) for text in _texts(value)}
        asked_for = len(path) > 1 or self.configures(item, str(path[0]))
        if asked_for and _any_unknown(unknown):
            referred = self._referred(item, path, types)
            if not referred:
                shown = ".".join(map(str, path))
                raise UnresolvedError(
                    f"{item.address}: the plan doesn't tell what {shown} names. Refer to it by"
                    " address, without a local in between; or read the applied state."
                )
            found |= referred
        return tuple(sorted(found))

    def _named_by(self, text: str, types: tuple[str, ...]) -> str:
        """Give the address of what an id or name means: a role may be called as a function is."""
        items = self._ids.get(text, [])
        wanted = [item for item in items if item.type in types] or items
        return wanted[-1].address if wanted else text

    def configures(self, item: Instance, attribute: str) -> bool:
        """Whether the configuration sets an attribute, to a known value or not."""
        expression = self._expression(item, (attribute,))
        if isinstance(expression, Mapping) and "constant_value" in expression:
            return bool(expression["constant_value"])
        return expression not in (None, [])  # {}: it refers to nothing, as `uuid()`

    def linked(self, item: Instance) -> dict[str, str]:
        """Return what anything in an item names, if it is told: attributes by address."""
        scope = _Scope(item.module, item.key)
        expressions = self.block(item).get("expressions", {})
        found = {}
        for attribute in item.values.keys() | expressions.keys():
            for text in _all_texts(item.values.get(attribute)):
                for other in self._ids.get(text.removesuffix(":*"), ()):
                    found[other.address] = attribute
            for other in self._targets(_references(expressions.get(attribute)), scope):
                found[other.address] = attribute
        found.pop(item.address, None)
        return found

    def _referred(self, item: Instance, path: Path, types: tuple[str, ...]) -> set[str]:
        references = _references(self._expression(item, path))
        scope = _Scope(item.module, item.key)
        return {found.address for found in self._targets(references, scope) if found.type in types}

    def _expression(self, item: Instance, path: Path) -> Any:
        return _expression_at(self.block(item).get("expressions", {}), path)

    def block(self, item: Instance) -> Mapping[str, Any]:
        """Return an item's block in the configuration."""
        for resource in self._module(item.module).get("resources", ()):
            if resource["address"] == f"{item.type}.{item.name}":
                return resource  # type: ignore[no-any-return]
        return {}

    def _module(self, address: str) -> Mapping[str, Any]:
        """Return the configuration of a module's instance."""
        module = self._configuration
        for name, _ in _MODULE_STEP.findall(address):
            module = module.get("module_calls", {}).get(name, {}).get("module", {})
        return module  # type: ignore[no-any-return]

    def _targets(self, references: list[str], scope: _Scope) -> Iterator[Instance]:
        by_own_key = any(own in references for own in _BY_OWN_KEY)
        for reference in _longest(references):
            steps = [step.strip('[]"') for step in _STEP.findall(reference)]
            if steps[0] == "var":
                yield from self._through_variable(steps[1], scope)
            elif steps[0] == "module":
                yield from self._through_output(reference, scope, by_own_key)
            elif len(steps) > 1:
                yield from self._instances(reference, steps, scope, by_own_key)

    def _instances(
        self, reference: str, steps: list[str], scope: _Scope, by_own_key: bool
    ) -> Iterator[Instance]:
        group = self._groups.get((scope.module, f"{steps[0]}.{steps[1]}"), [])
        index = _INDEX.match(reference.removeprefix(f"{steps[0]}.{steps[1]}"))
        keys = [json.loads(index[1])] if index else [scope.key] if by_own_key else []
        keys += [scope.wanted]
        for key in keys:
            if chosen := [item for item in group if item.key == key and key is not None]:
                yield from chosen
                return
        yield from group

    def _through_variable(self, name: str, scope: _Scope) -> Iterator[Instance]:
        outer, last = _split(scope.module)
        found = _MODULE_STEP.fullmatch(last)
        if found is None:
            return
        call = self._module(outer).get("module_calls", {}).get(found[1], {})
        expression = call.get("expressions", {}).get(name)
        key = json.loads(found[2]) if found[2] else None
        yield from self._targets(_references(expression), _Scope(outer, key))

    def _through_output(
        self, reference: str, scope: _Scope, by_own_key: bool
    ) -> Iterator[Instance]:
        found = _MODULE_STEP.match(reference)
        if found is None:
            return
        rest = [step.strip('[]"') for step in _STEP.findall(reference[found.end() :])]
        if not rest:
            return
        wanted: Key = rest[1] if len(rest) > 1 else scope.key if by_own_key else None
        for module in self._calls(scope.module, found[1], found[2]):
            outputs = self._module(module).get("outputs", {})
            expression = outputs.get(rest[0], {}).get("expression")
            yield from self._targets(_references(expression), _Scope(module, None, wanted))

    def _calls(self, outer: str, name: str, index: str | None) -> list[str]:
        """List the instances of a called module."""
        start = f"{outer}." if outer else ""
        call = f"{start}module.{name}" + (f"[{index}]" if index else "")
        modules = {
            found[0]
            for item in self.all.values()
            if (found := re.match(re.escape(call) + r"(?:\[[^\]]*\])?(?=\.|$)", item.module))
        }
        return sorted(modules)


def _instances(
    module: Mapping[str, Any], address: str, unknown: Mapping[str, Any]
) -> Iterator[Instance]:
    for item in module.get("resources", ()):
        if item["mode"] == "managed":
            yield Instance(
                item["address"],
                item["type"],
                item["name"],
                address,
                item.get("index"),
                item.get("values", {}),
                unknown.get(item["address"], {}),
                item.get("sensitive_values", {}),
            )
    for child in module.get("child_modules", ()):
        yield from _instances(child, child["address"], unknown)


def _ids(items: Iterable[Instance]) -> Mapping[str, list[Instance]]:
    """Map what attributes name resources by to these resources."""
    ids: Mapping[str, list[Instance]] = defaultdict(list)
    for item in items:
        for attribute in {"id", "arn", _NAMED_BY.get(item.type, "id")}:
            if name := item.values.get(attribute):
                ids[name].append(item)
    return ids


def value_at(value: Any, path: Path) -> Any:
    """Return what is at a path: true where a mark is of all below it, None where nothing is."""
    for step in path:
        if value is True:
            return True
        if isinstance(value, Mapping):
            value = value.get(str(step))
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def _any_unknown(mark: Any) -> bool:
    if isinstance(mark, Mapping):
        return any(map(_any_unknown, mark.values()))
    if isinstance(mark, list):
        return any(map(_any_unknown, mark))
    return mark is True


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value:
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _all_texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _all_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _all_texts(inner)
    else:
        yield from _texts(value)


def _expression_at(expressions: Any, path: Path) -> Any:
    """Go into an expression as far as it is told apart; blocks are lists of expressions."""
    for step in path:
        if isinstance(expressions, Mapping) and "references" in expressions:
            return expressions
        expressions = value_at(expressions, (step,))
    return expressions


def _references(expression: Any) -> list[str]:
    if isinstance(expression, Mapping):
        if "references" in expression:
            return [str(reference) for reference in expression["references"]]
        return [found for inner in expression.values() for found in _references(inner)]
    if isinstance(expression, list):
        return [found for inner in expression for found in _references(inner)]
    return []


def _longest(references: list[str]) -> Iterator[str]:
    """Leave out what Terraform lists after each reference: its own beginnings."""
    before = ""
    for reference in references:
        if not before.startswith((f"{reference}.", f"{reference}[")):
            yield reference
        before = reference


def _split(module: str) -> tuple[str, str]:
    """Split the address of a module into that around it, and its own step."""
    steps = [found[0] for found in _MODULE_STEP.finditer(module)]
    return ".".join(steps[:-1]), steps[-1] if steps else ""
