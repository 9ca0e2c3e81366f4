"""Models of REST APIs: JSON Schema draft 4, as far as API Gateway takes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jsonschema import Draft4Validator, SchemaError
from moto.apigateway.exceptions import BadRequestException

if TYPE_CHECKING:
    from moto.apigateway.models import RestAPI

SCHEMAS = "#/components/schemas/"

# API Gateway's notes on REST APIs list these as unsupported in models.
_UNSUPPORTED_KEYWORDS = frozenset({"nullable", "discriminator", "readOnly", "writeOnly", "default"})


def check_model(name: str, schema: dict[str, Any]) -> None:
    """Refuse what API Gateway refuses of a model.

    Raises:
        BadRequestException: the name or the schema is invalid, or uses unsupported keywords.

    """
    if not name.isalnum():
        raise BadRequestException(f"Model name must be alphanumeric: {name}")
    if found := _keywords(schema) & _UNSUPPORTED_KEYWORDS:
        raise BadRequestException(
            f"Model {name} uses what API Gateway doesn't support: {', '.join(sorted(found))}"
        )
    try:
        Draft4Validator.check_schema(schema)
    except SchemaError as error:
        raise BadRequestException(
            f"Invalid model schema specified for {name}: {error.message}"
        ) from error


def model_text(api: RestAPI, schema: dict[str, Any]) -> str:
    """Write a schema down as an API keeps it, with addresses of models for references."""
    return json.dumps(schema).replace(f'"{SCHEMAS}', f'"{_model_url(api)}')


def model_schema(api: RestAPI, text: str | None) -> Any:
    """Read a kept model back, with references inside the document."""
    return json.loads((text or "{}").replace(f'"{_model_url(api)}', f'"{SCHEMAS}'))


def _model_url(api: RestAPI) -> str:
    return f"https://apigateway.amazonaws.com/restapis/{api.id}/models/"


def _keywords(schema: Any) -> set[str]:
    """Collect the JSON Schema keywords of a schema, not the names of its properties."""
    if isinstance(schema, list):
        return set().union(*map(_keywords, schema))
    if not isinstance(schema, dict):
        return set()
    found = set(schema)
    for keyword, value in schema.items():
        if keyword in ("enum", "example"):
            continue
        parts = list(value.values()) if keyword in ("properties", "definitions") else value
        found |= _keywords(parts)
    return found
