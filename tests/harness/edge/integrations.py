"""What methods call: Lambda functions as proxies, and MOCK."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from harness.edge.exchange import Refusal
from harness.edge.proxy_event import MalformedResponse, proxy_answer, proxy_event
from harness.edge.table import Answer, CompileError
from harness.edge.templates import Template, mapping_expression
from harness.runtime.functions import DeploymentError
from harness.runtime.invocation import InvokeRefused, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.edge.exchange import Exchange
    from harness.edge.templates import Render

_JSON = "application/json"
_RESPONSE_HEADER = "method.response.header."


class Invoker(Protocol):
    """Runs Lambda functions."""

    async def invoke(
        self, name: str, qualifier: str | None, payload: bytes, trace_root: str | None = None
    ) -> Outcome:
        """Run a function and wait for its outcome."""


class LambdaProxy:
    """AWS_PROXY to a function, version or alias.

    As the Lambda guide documents, API Gateway answers 500 when Lambda's API refuses to invoke
    (no permission, throttled, no such function), 502 when the function fails or returns
    something else than a proxy response, and never retries.

    Args:
        permitted: whether the function's resource policy lets this method invoke it.
        timeout: seconds after which the client gets 504; the function goes on.
        binary_types: media types whose bodies are passed as base64.
    """

    def __init__(
        self,
        invoker: Invoker,
        name: str,
        qualifier: str | None,
        *,
        permitted: bool,
        timeout: float,
        binary_types: Sequence[str],
    ) -> None:
        self._invoker = invoker
        self._name = name
        self._qualifier = qualifier
        self._permitted = permitted
        self._timeout = timeout
        self._binary = frozenset(binary_types)

    async def respond(self, exchange: Exchange) -> Answer:
        """Invoke the function and pass its response on."""
        if not self._permitted:
            raise misconfigured(f"Invalid permissions on Lambda function {self._label}")
        event = proxy_event(exchange, binary=self._is_binary(exchange))
        started = time.perf_counter()
        try:
            outcome = await self._invoke(
                event, exchange.trace_root if exchange.stage.traced else None
            )
        finally:
            exchange.integration_latency = time.perf_counter() - started
        exchange.worker_request_id = outcome.request_id
        exchange.integration_status = 200
        if outcome.error:
            raise _failed(f"{self._label} failed: {outcome.payload.decode(errors='replace')}")
        try:
            return proxy_answer(outcome.payload, decode=bool(self._binary))
        except MalformedResponse as error:
            raise _failed(f"Malformed Lambda proxy response of {self._label}: {error}") from error

    @property
    def _label(self) -> str:
        return self._name if self._qualifier is None else f"{self._name}:{self._qualifier}"

    def _is_binary(self, exchange: Exchange) -> bool:
        if not self._binary:
            return False
        media_type = (exchange.header(b"content-type") or "").partition(";")[0].strip()
        return "*/*" in self._binary or media_type in self._binary

    async def _invoke(self, event: bytes, trace_root: str | None) -> Outcome:
        # Shielded, since a function that the gateway no longer waits for still runs.
        invocation = asyncio.ensure_future(
            self._invoker.invoke(self._name, self._qualifier, event, trace_root)
        )
        try:
            async with asyncio.timeout(self._timeout):
                return await asyncio.shield(invocation)
        except TimeoutError:
            raise timed_out() from None
        except (InvokeRefused, DeploymentError) as error:
            raise misconfigured(str(error)) from error


class Mock:
    """MOCK: the request template yields a status code, which selects the response.

    Args:
        definition: ``x-amazon-apigateway-integration`` as exported.

    Raises:
        CompileError: a template needs Velocity, or a response parameter isn't supported.
    """

    def __init__(self, definition: Mapping[str, Any], where: str) -> None:
        self._requests = {
            media_type: Template(text, where=where)
            for media_type, text in (definition.get("requestTemplates") or {}).items()
        }
        self._responses = [
            (None if pattern == "default" else re.compile(pattern), _MockResponse(response, where))
            for pattern, response in (definition.get("responses") or {}).items()
        ]

    async def respond(self, exchange: Exchange) -> Answer:
        """Answer from the templates."""
        status = self._requested_status(exchange)
        default = None
        for pattern, response in self._responses:
            if pattern is None:
                default = response
            elif pattern.fullmatch(status):
                return response.render(exchange)
        if default is None:
            raise misconfigured(f"No match for the status {status} in the integration responses")
        return default.render(exchange)

    def _requested_status(self, exchange: Exchange) -> str:
        content_type = (exchange.header(b"content-type") or _JSON).partition(";")[0].strip()
        template = self._requests.get(content_type) or self._requests.get(_JSON)
        text = template.render(exchange) if template else exchange.body.decode("utf-8", "replace")
        try:
            return str(orjson.loads(text)["statusCode"])
        except (ValueError, KeyError, TypeError):
            raise misconfigured("Unable to parse statusCode in the MOCK request") from None


class _MockResponse:
    def __init__(self, definition: Mapping[str, Any], where: str) -> None:
        self._status = int(definition["statusCode"])
        templates = definition.get("responseTemplates") or {}
        media_type = _JSON if _JSON in templates else next(iter(templates), _JSON)
        self._content_type = media_type.encode()
        self._template = Template(templates.get(media_type) or "", where=where)
        self._headers: list[tuple[bytes, Render]] = []
        for name, value in (definition.get("responseParameters") or {}).items():
            if not name.startswith(_RESPONSE_HEADER):
                raise CompileError(f"{where}: the response parameter {name} isn't supported.")
            header = name.removeprefix(_RESPONSE_HEADER).lower().encode()
            self._headers.append((header, mapping_expression(value, where=where)))

    def render(self, exchange: Exchange) -> Answer:
        headers = [
            (name, value.encode("latin-1", "replace"))
            for name, render in self._headers
            if (value := render(exchange)) is not None
        ]
        if not any(name == b"content-type" for name, _ in headers):
            headers.append((b"content-type", self._content_type))
        return Answer(self._status, headers, self._template.render(exchange).encode())


def timed_out() -> Refusal:
    """The integration didn't answer in time."""
    return Refusal(
        "INTEGRATION_TIMEOUT",
        504,
        "Endpoint request timed out",
        error_type="InternalServerErrorException",
    )


def misconfigured(reason: str) -> Refusal:
    """The integration can't be called as it was deployed; clients aren't told why."""
    explain(reason)
    return Refusal(
        "API_CONFIGURATION_ERROR",
        500,
        "Internal server error",
        error_type="InternalServerErrorException",
    )


def _failed(reason: str) -> Refusal:
    explain(reason)
    return Refusal(
        "INTEGRATION_FAILURE",
        502,
        "Internal server error",
        error_type="InternalServerErrorException",
    )


def explain(reason: str) -> None:
    """Tell the operator what clients aren't told."""
    print(f"Integration error: {reason}", file=sys.stderr)
