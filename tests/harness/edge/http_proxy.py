"""Private HTTP proxy integrations: the request as API Gateway passes it on, and the response.

Sources: "Private integrations", "Parameter mapping" and "Important notes" in the API Gateway
guide. A backend that can't be reached, or whose certificate isn't for the URI's host, is a
configuration error (500); a connection that ends before the answer is a network error (504), and so
is an answer that comes too late. Nothing is sent a second time.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from harness.edge.exchange import Refusal
from harness.edge.http_client import Unreachable
from harness.edge.integrations import explain, misconfigured, timed_out
from harness.edge.proxy_event import PORT
from harness.edge.routing import ANY
from harness.edge.table import Answer, CompileError
from harness.edge.templates import mapping_expression

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.edge.exchange import Exchange, Headers
    from harness.edge.http_client import Backend, Response
    from harness.edge.templates import Render

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_MAPPING = re.compile(r"integration\.request\.(header|querystring|path)\.(.+)")
_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
# API Gateway writes these itself.
_REPLACED = frozenset(
    {
        b"content-length",
        b"expect",
        b"host",
        b"x-amzn-apigateway-api-id",
        b"x-amzn-trace-id",
        b"x-forwarded-for",
        b"x-forwarded-port",
        b"x-forwarded-proto",
    }
)
_NOT_PASSED = _HOP_BY_HOP | _REPLACED
_REMAPPED = frozenset({b"connection", b"content-length", b"date", b"server", b"www-authenticate"})
_PATH = "integration.request.path."
_UNSAFE_IN_HEADER = re.compile(rb"[\r\n\0]")
_SAFE_IN_SEGMENT = "!$&'()*+,;=:@~-._"  # RFC 3986, besides letters and digits


class HttpProxy:
    """HTTP_PROXY through a VPC link.

    Args:
        definition: ``x-amazon-apigateway-integration`` as exported.
        signed: whether the method has AWS_IAM, which uses Authorization up.
        greedy: names of greedy path parameters.
        binary_types: media types whose bodies are passed as they are; others are text.

    Raises:
        CompileError: a mapping isn't supported, or a part of the URI has none.
    """

    def __init__(
        self,
        definition: Mapping[str, Any],
        backend: Backend,
        *,
        signed: bool,
        greedy: frozenset[str],
        timeout: float,
        binary_types: Sequence[str],
        where: str,
    ) -> None:
        self._backend = backend
        self._verb = definition["httpMethod"].upper()
        self._timeout = timeout
        self._binary = frozenset(binary_types)
        self._where = where
        parameters: Mapping[str, str] = definition.get("requestParameters") or {}
        mappings = _mappings(parameters, where)
        self._headers = [
            (name.lower().encode("latin-1"), render) for name, render in mappings["header"].items()
        ]
        self._query = mappings["querystring"]
        self._dropped = _NOT_PASSED | {name for name, _ in self._headers}
        if signed:
            self._dropped |= {b"authorization"}
        uri = urlsplit(definition["uri"])
        self._host = uri.netloc.rpartition("@")[2].encode("latin-1")
        self._own_query = uri.query
        self._path = _path(uri.path or "/", mappings["path"], where)
        self._greedy = {
            target.removeprefix(_PATH)
            for target, source in parameters.items()
            if target.startswith(_PATH) and source.removeprefix("method.request.path.") in greedy
        }

    async def respond(self, exchange: Exchange) -> Answer:
        """Pass the request on, and the response back."""
        request = self._request(exchange)
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._backend.send(request, head_only=self._is_head(exchange))
        except TimeoutError:
            exchange.integration_error = "Endpoint request timed out"
            raise timed_out() from None
        except (Unreachable, ssl.SSLError) as error:
            exchange.integration_error = str(error)
            raise misconfigured(f"{self._where}: {error}") from error
        except OSError as error:
            exchange.integration_error = str(error)
            raise _network_error(f"{self._where}: {error}") from error
        finally:
            exchange.integration_latency = time.perf_counter() - started
        exchange.integration_status = response.status
        return self._answer(exchange, response)

    def _is_head(self, exchange: Exchange) -> bool:
        return self._method(exchange) == "HEAD"

    def _method(self, exchange: Exchange) -> str:
        return exchange.verb if self._verb == ANY else self._verb

    def _request(self, exchange: Exchange) -> bytes:
        content_type = exchange.header(b"content-type") or ""
        body = self._passed(exchange.body, content_type)
        lines = [
            f"{self._method(exchange)} {self._target(exchange)} HTTP/1.1".encode("latin-1"),
            b"host: " + self._host,
        ]
        dropped = self._dropped
        lines += [name + b": " + value for name, value in exchange.headers if name not in dropped]
        for name, render in self._headers:
            # A header without a value isn't sent at all, the client's own neither.
            if (value := render(exchange)) is not None:
                lines.append(name + b": " + _header_value(value))
        forwarded = [exchange.header(b"x-forwarded-for"), exchange.source_ip]
        lines += [
            b"x-forwarded-for: " + ", ".join(filter(None, forwarded)).encode("latin-1"),
            b"x-forwarded-port: " + PORT.encode(),
            b"x-forwarded-proto: https",
            b"x-amzn-apigateway-api-id: " + exchange.stage.api_id.encode(),
            b"x-amzn-trace-id: Root=" + exchange.trace_root.encode(),
        ]
        if body or self._method(exchange) not in ("GET", "HEAD", "OPTIONS", "DELETE"):
            lines.append(b"content-length: %d" % len(body))
        return b"\r\n".join(lines) + b"\r\n\r\n" + body

    def _target(self, exchange: Exchange) -> str:
        path = "".join(
            part if isinstance(part, str) else self._segment(exchange, *part) for part in self._path
        )
        query = "&".join(filter(None, [self._own_query, self._query_string(exchange)]))
        return f"{path}?{query}" if query else path

    def _segment(self, exchange: Exchange, name: str, render: Render) -> str:
        # Encoded again, so that a value reaches no further than the resource that was matched.
        slash = "/" if name in self._greedy else ""
        return quote(render(exchange) or "", safe=_SAFE_IN_SEGMENT + slash)

    def _query_string(self, exchange: Exchange) -> str:
        sent = exchange.query.decode("latin-1")
        if not self._query:
            return sent
        passed = [
            (name, value)
            for name, value in parse_qsl(sent, keep_blank_values=True)
            if name not in self._query
        ]
        for name, render in self._query.items():
            if (value := render(exchange)) is not None:
                passed.append((name, value))
        return urlencode(passed)

    def _passed(self, body: bytes, content_type: str) -> bytes:
        """The body as it arrives: what isn't a binary type goes through as text."""
        if not body or body.isascii():
            return body
        media_type = content_type.partition(";")[0].strip()
        if self._binary and ("*/*" in self._binary or media_type in self._binary):
            return body
        return body.decode("utf-8", "replace").encode()

    def _answer(self, exchange: Exchange, response: Response) -> Answer:
        headers: Headers = []
        content_type = ""
        for name, value in response.headers:
            if name in _REMAPPED:
                headers.append((b"x-amzn-remapped-" + name, value))
            elif name not in _HOP_BY_HOP:
                headers.append((name, value))
                if name == b"content-type":
                    content_type = value.decode("latin-1")
                elif name == b"x-amzn-requestid":
                    exchange.worker_request_id = value.decode("latin-1")
        return Answer(response.status, headers, self._passed(response.body, content_type))


def _mappings(parameters: Mapping[str, str], where: str) -> dict[str, dict[str, Render]]:
    mappings: dict[str, dict[str, Render]] = {"header": {}, "querystring": {}, "path": {}}
    for target, source in parameters.items():
        found = _MAPPING.fullmatch(target)
        if found is None or found[2].lower().encode() in _NOT_PASSED:
            raise CompileError(f"{where}: the request parameter {target} isn't supported.")
        mappings[found[1]][found[2]] = mapping_expression(source, where=where)
    return mappings


def _path(path: str, mappings: Mapping[str, Render], where: str) -> list[str | tuple[str, Render]]:
    """The path's fixed parts, and the names and values between them."""
    parts: list[str | tuple[str, Render]] = []
    for number, part in enumerate(_PLACEHOLDER.split(path)):
        if number % 2 == 0:
            parts.append(part)
        elif part in mappings:
            parts.append((part, mappings[part]))
        else:
            raise CompileError(
                f"{where}: {{{part}}} of the URI has no value; map integration.request.path.{part}."
            )
    return parts


def _header_value(value: str) -> bytes:
    return _UNSAFE_IN_HEADER.sub(b"", value.encode("latin-1", "replace"))


def _network_error(reason: str) -> Refusal:
    explain(reason)
    return Refusal(
        "INTEGRATION_FAILURE",
        504,
        "Network error communicating with endpoint",
        error_type="InternalServerErrorException",
    )
