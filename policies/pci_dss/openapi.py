"""Reads the OpenAPI definitions that API Gateway makes APIs from, in JSON or YAML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from pci_dss.subject import UndecidedError

if TYPE_CHECKING:
    from pci_dss.subject import Subject

_METHODS = {"delete", "get", "head", "options", "patch", "post", "put", "trace"}
_SIGNED = "awsSigv4"
_ENDPOINT = "x-amazon-apigateway-endpoint-configuration"
_ANY_METHOD = "x-amazon-apigateway-any-method"


@dataclass(frozen=True)
class Operation:
    """A method of a path."""

    path: str
    method: str
    """In capital letters; ANY for whichever isn't there by itself."""
    alternatives: tuple[frozenset[str], ...]
    """What lets a caller in: each is a set of kinds of proof that are all wanted. ``awsSigv4`` is
    IAM's; others are named as the definition names them."""
    mock: bool
    """Whether API Gateway answers it by itself."""

    @property
    def signed(self) -> bool:
        """Whether nobody gets in without IAM."""
        return bool(self.alternatives) and all(_SIGNED in each for each in self.alternatives)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def definition(subject: Subject) -> Mapping[str, Any]:
    """Return the definition that an API is made from; empty where it has none.

    Raises:
        UndecidedError: it isn't known, or is neither JSON nor YAML.
    """
    text = subject.get("body", hidden=True)
    if not text:
        return {}
    try:
        parsed = _parsed(text)
    except yaml.YAMLError as error:
        raise UndecidedError(f"{subject.address}: body is neither JSON nor YAML") from error
    if not isinstance(parsed, Mapping):
        raise UndecidedError(f"{subject.address}: body is no OpenAPI definition")
    return parsed


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """Yield every operation of a definition."""
    schemes = _schemes(document)
    for path, item in (document.get("paths") or {}).items():
        for key, operation in (item or {}).items():
            if key.lower() in _METHODS or key == _ANY_METHOD:
                method = "ANY" if key == _ANY_METHOD else key.upper()
                security = operation.get("security", document.get("security")) or ()
                integration = operation.get("x-amazon-apigateway-integration") or {}
                yield Operation(
                    path,
                    method,
                    _alternatives(operation, security, schemes),
                    mock=str(integration.get("type", "")).lower() == "mock",
                )


def switches_default_endpoint_off(document: Mapping[str, Any]) -> bool:
    """Whether a definition itself leaves an API without its execute-api host name."""
    places = [document, *(document.get("servers") or ())]
    return any(
        (place.get(_ENDPOINT) or {}).get("disableExecuteApiEndpoint") is True for place in places
    )


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return yaml.safe_load(text)


def _schemes(document: Mapping[str, Any]) -> Mapping[str, str]:
    """Map each security scheme to what it asks for, in OpenAPI 3 and 2."""
    declared = (document.get("components") or {}).get("securitySchemes") or {}
    declared = declared or document.get("securityDefinitions") or {}
    return {
        name: scheme.get("x-amazon-apigateway-authtype", name) for name, scheme in declared.items()
    }


def _alternatives(
    operation: Mapping[str, Any], security: Any, schemes: Mapping[str, str]
) -> tuple[frozenset[str], ...]:
    override = (operation.get("x-amazon-apigateway-auth") or {}).get("type")
    if override:
        return (frozenset({_SIGNED}),) if override == "AWS_IAM" else ()
    return tuple(frozenset(schemes.get(name, name) for name in each) for each in security)
