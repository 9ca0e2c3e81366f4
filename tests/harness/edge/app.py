"""The gateway as an ASGI application."""

from __future__ import annotations

import itertools
import sys
import time
import traceback
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from harness.edge.exchange import Exchange, Refusal, uri_too_long
from harness.edge.pipeline import stages
from harness.edge.table import Answer, RouteTable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from harness.edge.domains import Mapped
    from harness.edge.principals import Directory
    from harness.edge.table import Stage

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

MAX_BODY = 10 * 1024 * 1024  # bytes
MAX_HEADERS = 10_240  # bytes, names and values
MAX_URL = 10_240  # characters, of path and query
_NO_SUCH_STAGE = Answer(
    403,
    [(b"content-type", b"application/json"), (b"x-amzn-errortype", b"ForbiddenException")],
    b'{"message":"Forbidden"}',
)


class ClientGoneError(Exception):
    """The client left, or was sent away, before its request was whole."""


class Gateway:
    """Serves the stages of a route table, which may be replaced between requests.

    On a host named ``API.execute-api.*`` paths begin with the stage; on any other, such as
    the loopback address, with the API's id and the stage. What comes by a custom domain's listener
    goes where the domain's API mappings lead.

    Args:
        clock: epoch seconds.
    """

    def __init__(
        self, table: RouteTable, directory: Directory, clock: Callable[[], float] = time.time
    ) -> None:
        self.table = table
        self._stages = stages(directory)
        self._clock = clock
        self._id_prefix = str(uuid4())[:24]
        self._id_numbers = itertools.count(1)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        request_id = f"{self._id_prefix}{next(self._id_numbers):012x}"
        stage, path, mapped = self._locate(scope)
        if stage is None:
            await _send(send, _NO_SUCH_STAGE, request_id)
            return
        exchange = Exchange(
            scope, stage, path, now=self._clock(), request_id=request_id, mapped=mapped
        )
        try:
            answer = await self._answer(exchange, receive)
        except ClientGoneError:
            return  # half a request is none: nothing runs, and nobody listens
        exchange.status, exchange.response_length = answer.status, len(answer.body)
        await _send(send, answer, request_id)
        stage.metrics.count(exchange, time.perf_counter() - exchange.started)
        if stage.access_log:
            stage.access_log.write(exchange)

    def _locate(self, scope: Message) -> tuple[Stage | None, str, Mapped | None]:
        path = scope["raw_path"].decode("latin-1")[1:]
        host = next((value for name, value in scope["headers"] if name == b"host"), b"")
        if tls := scope.get("state", {}).get("tls"):
            if host.partition(b":")[0].decode("latin-1").lower() != tls.server_name:
                return None, path, None
            return self.table.mapped(tls.server_name, "/" + path) or (None, path, None)
        if b".execute-api." in host:
            api_id = host.partition(b".")[0].decode("latin-1")
        else:
            api_id, _, path = path.partition("/")
        name, _, rest = path.partition("/")
        return self.table.stage(api_id, name), "/" + rest, None

    async def _answer(self, exchange: Exchange, receive: Receive) -> Answer:
        try:
            await _read(exchange, receive)
            for stage in self._stages:
                pending = stage(exchange)
                if pending is not None:
                    await pending
            return await exchange.route.integration.respond(exchange)
        except Refusal as refusal:
            return exchange.stage.responses.render(refusal, exchange)
        except ClientGoneError:
            raise
        except Exception:
            traceback.print_exc(file=sys.stderr)
            return exchange.stage.responses.render(_internal_error(), exchange)


async def _read(exchange: Exchange, receive: Receive) -> None:
    """Read the body, within API Gateway's limits.

    Raises:
        ClientGoneError: the body never became whole.
    """
    if len(exchange.raw_path) + len(exchange.query) > MAX_URL:
        raise uri_too_long()
    if len(b"".join(itertools.chain.from_iterable(exchange.headers))) > MAX_HEADERS:
        raise Refusal(
            "REQUEST_TOO_LARGE",
            431,
            f"HTTP header is larger than {MAX_HEADERS} bytes.",
            error_type="RequestHeaderFieldsTooLargeException",
        )
    declared = exchange.header(b"content-length")
    if declared is not None and int(declared) > MAX_BODY:
        raise _too_large()
    body, more = await _part(receive)
    if more:
        parts, size = [body], len(body)
        while more:
            part, more = await _part(receive)
            parts.append(part)
            size += len(part)
            if size > MAX_BODY:
                raise _too_large()
        body = b"".join(parts)
    exchange.body = body


async def _part(receive: Receive) -> tuple[bytes, bool]:
    """The next part of the body, and whether more follow."""
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGoneError
    return message["body"], message["more_body"]


def _internal_error() -> Refusal:
    return Refusal(
        "DEFAULT_5XX",
        500,
        "Internal server error",
        error_type="InternalServerErrorException",
    )


def _too_large() -> Refusal:
    return Refusal(
        "REQUEST_TOO_LARGE",
        413,
        f"HTTP content length exceeded {MAX_BODY} bytes.",
        error_type="RequestTooLargeException",
    )


async def _send(send: Send, answer: Answer, request_id: str) -> None:
    identifier = request_id.encode()
    headers = [
        *answer.headers,
        (b"content-length", str(len(answer.body)).encode()),
        (b"x-amzn-requestid", identifier),
        (b"x-amz-apigw-id", identifier),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
