"""Request validators: required parameters, and bodies against the deployed models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import fastjsonschema
import orjson

from harness.edge.exchange import Refusal
from harness.edge.table import CompileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from harness.edge.exchange import Exchange

DEFAULT_MODEL = "$default"
_DRAFT_4 = "http://json-schema.org/draft-04/schema#"


class Models:
    """Compiles the models of an API, each once.

    Args:
        schemas: ``components.schemas`` of the exported definition, draft 4.
    """

    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self._schemas = schemas
        self._compiled: dict[str, Callable[[Any], Any]] = {}

    def validator(self, name: str) -> Callable[[Any], Any]:
        """The compiled model.

        Raises:
            CompileError: the model doesn't exist or isn't valid draft 4.
        """
        if name not in self._compiled:
            if name not in self._schemas:
                raise CompileError(f"Model '{name}' is used but not part of the deployment.")
            schema = {
                "$schema": _DRAFT_4,
                "$ref": f"#/components/schemas/{name}",
                "components": {"schemas": self._schemas},
            }
            try:
                self._compiled[name] = fastjsonschema.compile(schema, use_default=False)
            except fastjsonschema.JsonSchemaDefinitionException as error:
                raise CompileError(f"Model '{name}' isn't valid: {error}") from error
        return self._compiled[name]


class RequestValidator:
    """Checks one method's requests.

    Args:
        parameters: required ones as (``header``, ``query`` or ``path``; name).
        models: compiled models by content type, ``$default`` for any other.
    """

    def __init__(
        self,
        parameters: Iterable[tuple[str, str]],
        models: Mapping[str, Callable[[Any], Any]],
    ) -> None:
        self._headers = [
            (name, name.lower().encode()) for location, name in parameters if location == "header"
        ]
        self._queries = [name for location, name in parameters if location == "query"]
        self._models = models

    def check(self, exchange: Exchange) -> None:
        """Refuse a request that lacks a parameter or whose body its model rejects.

        As on AWS, a body whose content type has no model isn't looked at.

        Raises:
            Refusal: BAD_REQUEST_PARAMETERS or BAD_REQUEST_BODY, both 400.
        """
        if self._headers or self._queries:
            self._check_parameters(exchange)
        if self._models:
            self._check_body(exchange)

    def _check_parameters(self, exchange: Exchange) -> None:
        missing = [name for name, header in self._headers if not exchange.header(header)]
        if self._queries:
            sent = parse_qs(exchange.query.decode("latin-1"))
            missing += [name for name in self._queries if name not in sent]
        if missing:
            raise Refusal(
                "BAD_REQUEST_PARAMETERS",
                400,
                f"Missing required request parameters: [{', '.join(missing)}]",
                error_type="BadRequestException",
            )

    def _check_body(self, exchange: Exchange) -> None:
        content_type = exchange.header(b"content-type") or "application/json"
        media_type = content_type.partition(";")[0].strip().lower()
        validate = self._models.get(media_type) or self._models.get(DEFAULT_MODEL)
        if validate is None:
            return
        try:
            validate(orjson.loads(exchange.body))
        except orjson.JSONDecodeError as error:
            raise _invalid_body(f"body is not JSON: {error}") from None
        except fastjsonschema.JsonSchemaValueException as error:
            raise _invalid_body(error.message.replace("data", "body", 1)) from None


def _invalid_body(detail: str) -> Refusal:
    return Refusal(
        "BAD_REQUEST_BODY",
        400,
        "Invalid request body",
        error_type="BadRequestException",
        validation_error=f"[{detail}]",
    )
