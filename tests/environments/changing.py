"""Changes of plans: what somebody might do to one environment alone."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class ChangedPlan:
    """A copy of a plan's document, to change by addresses."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document: dict[str, Any] = copy.deepcopy(dict(document))

    def remove(self, address: str) -> None:
        """Take a resource away."""
        siblings = self._siblings(address)
        siblings.remove(self._in(siblings, address))

    def add(self, like: str, name: str, **values: Any) -> None:
        """Add a resource that is like another of its module, with another name and these values."""
        siblings = self._siblings(like)
        added = copy.deepcopy(self._in(siblings, like))
        added["address"] = added["address"].replace(f".{added['name']}", f".{name}")
        added["name"] = name
        added["values"].update(values)
        siblings.append(added)

    def edit(self, address: str, change: Callable[[dict[str, Any]], object]) -> None:
        """Change a resource's values in place."""
        change(self._in(self._siblings(address), address)["values"])

    def edit_json(
        self, address: str, attribute: str, change: Callable[[dict[str, Any]], object]
    ) -> None:
        """Change what an attribute says in JSON."""

        def rewrite(values: dict[str, Any]) -> None:
            content = json.loads(values[attribute])
            change(content)
            values[attribute] = json.dumps(content)

        self.edit(address, rewrite)

    def mark(self, address: str, sensitive: Mapping[str, Any]) -> None:
        """Mark values as sensitive, as Terraform does."""
        self._in(self._siblings(address), address)["sensitive_values"] = sensitive

    def _siblings(self, address: str) -> list[dict[str, Any]]:
        modules = [self.document["planned_values"]["root_module"]]
        while modules:
            module = modules.pop()
            modules += module.get("child_modules", ())
            resources: list[dict[str, Any]] = module.get("resources", [])
            if any(item["address"] == address for item in resources):
                return resources
        raise LookupError(f"the plan has no {address}")

    @staticmethod
    def _in(siblings: list[dict[str, Any]], address: str) -> dict[str, Any]:
        return next(item for item in siblings if item["address"] == address)
