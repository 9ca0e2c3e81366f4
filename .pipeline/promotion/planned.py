"""What plans say that environments will be, in words that all environments share.

An environment's own account and name are written `<account>` and `<environment>`, networks within
its own by their place in it; JSON in texts is read, and what is known after the apply only is
`UNKNOWN`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from promotion.errors import BrokenInputError
from promotion.shared_words import SharedWords
from terraform_plan.references import Instance, Resources

UNKNOWN = "(known after apply)"

_TAGS = "tags_all"
_ANSWERED = {
    "aws_acm_certificate": {"domain_validation_options"},
    "aws_vpc_endpoint": {"dns_entry", "subnet_configuration"},
}
"""Blocks that AWS fills in, and that nothing here asks for."""


@dataclass(frozen=True)
class PlannedResource:
    """A managed resource of a plan."""

    type: str
    configured: Mapping[str, Any] = field(repr=False)
    """What the configuration asks for, and blocks that it may have asked for."""
    computed: Mapping[str, Any] = field(repr=False)
    """What AWS or the provider answers: ids, ARNs, defaults."""
    sensitive: Any = field(repr=False)
    """What nobody may print, as Terraform marks it."""


@dataclass(frozen=True)
class PlannedEnvironment:
    """What a plan makes of an environment."""

    name: str
    resources: Mapping[str, PlannedResource] = field(repr=False)
    """By address."""
    found: Mapping[str, Mapping[str, Any]] = field(repr=False)
    """What data sources found, by address."""


def read(plan: Mapping[str, Any], accounts: Mapping[str, str]) -> PlannedEnvironment:
    """Read a plan as `terraform show -json` gives it.

    Args:
        plan: the document.
        accounts: account ids of environments by name.

    Raises:
        BrokenInputError: it isn't the plan of an environment.
    """
    resources = Resources(plan)
    name = _environment_of(resources)
    if name not in accounts:
        known = ", ".join(accounts)
        raise BrokenInputError(f"there is no environment {name!r} in organization.json: {known}")
    networks = [item.values["cidr_block"] for item in resources.of("aws_vpc")]
    shared = SharedWords(name, accounts[name], networks)
    planned = {
        shared.say(address): _planned(item, resources.block(item).get("expressions", {}), shared)
        for address, item in resources.all.items()
    }
    looked_up = plan.get("prior_state", {}).get("values", {}).get("root_module", {})
    found = {address: shared.say(values) for address, values in _data(looked_up)}
    return PlannedEnvironment(name, planned, found)


def _data(module: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for item in module.get("resources", ()):
        if item["mode"] == "data":
            yield item["address"], item.get("values", {})
    for inner in module.get("child_modules", ()):
        yield from _data(inner)


def _environment_of(resources: Resources) -> str:
    names = {
        tags["environment"]
        for item in resources.all.values()
        if "environment" in (tags := item.values.get(_TAGS) or {})
    }
    if len(names) != 1:
        found = ", ".join(map(repr, sorted(names))) or "none"
        raise BrokenInputError(
            f"the tag `environment` of its resources says whose plan it is: found {found}."
            " Give the plan of one environment, as `terraform show -json` writes it."
        )
    return str(names.pop())


def _planned(item: Instance, asked: Mapping[str, Any], shared: SharedWords) -> PlannedResource:
    values = _with_unknown(dict(item.values), item.unknown)
    # Blocks may be dynamic, and those aren't among a plan's expressions.
    answered = _ANSWERED.get(item.type, set())
    ours = {
        name: name in asked or name == _TAGS or (_is_block(value) and name not in answered)
        for name, value in values.items()
    }
    configured = {name: shared.say(value) for name, value in values.items() if ours[name]}
    computed = {name: shared.say(value) for name, value in values.items() if not ours[name]}
    return PlannedResource(item.type, configured, computed, item.sensitive)


def _is_block(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(inner, Mapping) for inner in value)


def _with_unknown(value: Any, unknown: Any) -> Any:
    """Put `UNKNOWN` where Terraform marks it."""
    if unknown is True:
        return UNKNOWN
    if isinstance(unknown, Mapping):
        known = value if isinstance(value, Mapping) else {}
        marked = {name: _with_unknown(known.get(name), mark) for name, mark in unknown.items()}
        # A mark of a whole that has nothing unknown within says nothing about it.
        return {**known, **{name: new for name, new in marked.items() if name in known or new}}
    if isinstance(unknown, list) and isinstance(value, list):
        marks = [*unknown, *[False] * (len(value) - len(unknown))]
        return [_with_unknown(inner, mark) for inner, mark in zip(value, marks, strict=False)]
    return value
