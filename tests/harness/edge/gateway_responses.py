"""Answers that the gateway gives itself, rendered from the deployed gateway responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.edge.table import Answer
from harness.edge.templates import Template, mapping_expression

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.edge.exchange import Exchange, Headers, Refusal
    from harness.edge.templates import Render

_JSON = "application/json"
_HEADER = "gatewayresponse.header."
_DEFAULT_TEMPLATE = Template('{"message":$context.error.messageString}')
# The client is told before its request reaches the API's configuration.
_NOT_CUSTOMIZABLE = frozenset({"REQUEST_TOO_LARGE"})


class GatewayResponse:
    """One configured response type.

    Args:
        kind: such as ``THROTTLED`` or ``DEFAULT_4XX``.
        definition: with ``statusCode``, ``responseTemplates`` and ``responseParameters`` as
            in the OpenAPI extension.

    Raises:
        CompileError: a template or parameter isn't supported.
    """

    def __init__(self, kind: str, definition: Mapping[str, Any]) -> None:
        where = f"gateway response {kind}"
        status = definition.get("statusCode")
        self.status = int(status) if status else None
        self._templates = {
            media_type: Template(text, where=where)
            for media_type, text in (definition.get("responseTemplates") or {}).items()
        }
        self._headers: list[tuple[bytes, Render]] = [
            (
                name.removeprefix(_HEADER).lower().encode("latin-1"),
                mapping_expression(value, where=where),
            )
            for name, value in (definition.get("responseParameters") or {}).items()
        ]

    def template(self, accept: str | None) -> tuple[str, Template]:
        """The template for what the client accepts, else JSON, else the first one."""
        if accept is not None and accept in self._templates:
            return accept, self._templates[accept]
        if _JSON in self._templates or not self._templates:
            return _JSON, self._templates.get(_JSON, _DEFAULT_TEMPLATE)
        return next(iter(self._templates.items()))

    def headers(self, exchange: Exchange) -> Headers:
        """The configured headers that have a value."""
        return [
            (name, value.encode("latin-1", "replace"))
            for name, render in self._headers
            if (value := render(exchange)) is not None
        ]


_UNCONFIGURED = GatewayResponse("default", {})


class GatewayResponses:
    """The gateway responses of a deployment, by type, falling back to DEFAULT_4XX and 5XX."""

    def __init__(self, definitions: Mapping[str, Mapping[str, Any]]) -> None:
        self._configured = {
            kind: GatewayResponse(kind, definition) for kind, definition in definitions.items()
        }

    def render(self, refusal: Refusal, exchange: Exchange) -> Answer:
        """Answer a refused request."""
        exchange.refusal = refusal
        response = self._response_for(refusal)
        media_type, template = response.template(exchange.header(b"accept"))
        own = response.headers(exchange)
        headers = [(b"x-amzn-errortype", refusal.error_type.encode()), *own]
        if not any(name == b"content-type" for name, _ in own):
            headers.append((b"content-type", media_type.encode()))
        return Answer(
            response.status or refusal.status, headers, template.render(exchange).encode()
        )

    def _response_for(self, refusal: Refusal) -> GatewayResponse:
        if refusal.response_type in _NOT_CUSTOMIZABLE:
            return _UNCONFIGURED
        fallback = "DEFAULT_4XX" if refusal.status < 500 else "DEFAULT_5XX"
        return self._configured.get(
            refusal.response_type, self._configured.get(fallback, _UNCONFIGURED)
        )
