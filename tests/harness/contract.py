"""Checks answers against an OpenAPI contract, more strictly than a client may."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import fastjsonschema
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

# The last three come when the version is about to end, which its contract can't know.
_ON_ANY_ANSWER = frozenset({"content-type", "cache-control", "deprecation", "sunset", "link"})


class ContractError(AssertionError):
    """An answer that the contract doesn't document."""


class Contract:
    """The operations of an OpenAPI 3.0 document."""

    def __init__(self, path: Path) -> None:
        self.document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        self._validators: dict[str, Callable[[object], object]] = {}

    def operation(self, method: str, resource: str) -> dict[str, Any]:
        """Give an operation; raises ``KeyError`` when the contract has none."""
        found: dict[str, Any] = self.document["paths"][resource][method.lower()]
        return found

    def check(
        self, method: str, resource: str, status: int, headers: Mapping[str, str], body: str
    ) -> None:
        """Raise ``ContractError`` unless status, headers, media type and body are documented.

        Members of the body that the schema doesn't name count as undocumented.
        """
        place = f"{method} {resource} {status}"
        answer = self.operation(method, resource)["responses"].get(str(status))
        if answer is None:
            raise ContractError(f"{place} is not documented")
        documented = {name.lower() for name in answer.get("headers", {})}
        undocumented = {name.lower() for name in headers} - documented - _ON_ANY_ANSWER
        if undocumented:
            raise ContractError(f"{place} has undocumented headers {sorted(undocumented)}")
        media = answer["content"].get(headers["Content-Type"])
        if media is None:
            raise ContractError(f"{place} is documented as {sorted(answer['content'])}")
        try:
            self._validator(media["schema"]["$ref"])(json.loads(body))
        except fastjsonschema.JsonSchemaValueException as error:
            raise ContractError(f"{place}: {error.message}") from None

    def _validator(self, reference: str) -> Callable[[object], object]:
        if reference not in self._validators:
            schema = {"$ref": reference, "components": _closed(self.document["components"])}
            compiled = fastjsonschema.compile(
                {"$schema": "http://json-schema.org/draft-04/schema#", **schema}
            )
            self._validators[reference] = compiled
        return self._validators[reference]


def _closed(schema: Any) -> Any:
    """Forbid what a schema doesn't name, everywhere below it."""
    if isinstance(schema, list):
        return [_closed(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(member) for name, member in schema.items()}
    if schema.get("type") == "object" and "properties" in schema:
        closed["additionalProperties"] = False
    return closed
