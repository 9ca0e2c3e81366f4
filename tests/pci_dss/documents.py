"""Small plans made by hand, and what a policy says of them.

The folder is called as the package that it tests, so tests import this by ``from .documents``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pci_dss.policy import Verdict, policies
from terraform_plan.references import Resources

Attributes = Mapping[str, Any]

_ADDRESS = re.compile(r"((?:module\.[^.\[]+(?:\[[^\]]*\])?\.)*)([^.]+)\.([^.\[]+)(?:\[(.+)\])?")
_MODULE = re.compile(r"module\.[^.\[]+(?:\[[^\]]*\])?")


def planned(
    values: Mapping[str, Attributes],
    unknown: Mapping[str, Attributes] | None = None,
    references: Mapping[str, Mapping[str, Sequence[str]]] | None = None,
    sensitive: Mapping[str, Attributes] | None = None,
) -> Resources:
    """Make a plan.

    Args:
        values: by address, what is known of each resource.
        unknown: by address, true for what is known after the apply only.
        references: by address and attribute, what the configuration refers to there, as Terraform
            lists it: ``["aws_vpc.main.id", "aws_vpc.main"]``. An attribute of a block is a path
            with dots: ``route.0.gateway_id``.
        sensitive: by address, true for what nobody may print.
    """
    root: dict[str, Any] = {}
    configuration: dict[str, Any] = {}
    for address, attributes in values.items():
        found = _ADDRESS.fullmatch(address)
        assert found, f"{address} isn't an address"  # noqa: S101 - a test's mistake
        modules, kind, name, key = found.groups()
        planned_module, configured_module = root, configuration
        for step in _MODULE.findall(modules):
            planned_module, configured_module = _inner(planned_module, configured_module, step)
        item = {"address": address, "mode": "managed", "type": kind, "name": name}
        if key:
            item["index"] = int(key) if key.isdigit() else key.strip('"')
        item["values"] = attributes
        item["sensitive_values"] = (sensitive or {}).get(address, {})
        planned_module.setdefault("resources", []).append(item)
        expressions = _expressions(attributes, (references or {}).get(address, {}))
        _configure(configured_module, f"{kind}.{name}", expressions)
    changes = [
        {"address": address, "change": {"after_unknown": (unknown or {}).get(address, {})}}
        for address in values
    ]
    return Resources(
        {
            "planned_values": {"root_module": root},
            "configuration": {"root_module": configuration},
            "resource_changes": changes,
        }
    )


def verdicts(policy: str, resources: Resources) -> dict[str, Verdict]:
    """Judge all resources by a policy; what is no concern of it is left out."""
    (chosen,) = [each for each in policies() if each.id == policy]
    judged = {address: chosen.verdict(item, resources) for address, item in resources.all.items()}
    return {address: verdict for address, verdict in judged.items() if verdict}


def _inner(
    planned_module: dict[str, Any], configured_module: dict[str, Any], step: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    outer = planned_module.get("address")
    address = f"{outer}.{step}" if outer else step
    children = planned_module.setdefault("child_modules", [])
    for child in children:
        if child["address"] == address:
            break
    else:
        child = {"address": address}
        children.append(child)
    name = step.removeprefix("module.").partition("[")[0]
    call = configured_module.setdefault("module_calls", {}).setdefault(name, {"module": {}})
    return child, call["module"]


def _configure(module: dict[str, Any], address: str, expressions: dict[str, Any]) -> None:
    blocks = module.setdefault("resources", [])
    for block in blocks:
        if block["address"] == address:  # of another key
            block["expressions"] |= expressions
            return
    blocks.append({"address": address, "expressions": expressions})


def _expressions(values: Attributes, references: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    expressions: dict[str, Any] = {name: _expression(value) for name, value in values.items()}
    for path, referred in references.items():
        *blocks, attribute = path.split(".")
        inner: Any = expressions
        for step in blocks:
            inner = inner[int(step)] if step.isdigit() else inner[step]
        inner[attribute] = {"references": list(referred)}
    return expressions


def _expression(value: Any) -> Any:
    if isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
        return [{name: _expression(inner) for name, inner in each.items()} for each in value]
    return {"constant_value": value}
