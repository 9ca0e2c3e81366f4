"""A person's browser at the merchants' dashboard: a server on this machine signs what it sends.

API Gateway takes requests that are signed with temporary credentials and carry an API key, and a
browser does neither. The proxy signs whatever reaches it, so it listens on loopback alone and
refuses what another site makes a browser send: requests under another host name (a name that an
attacker lets point to this machine) or from another origin's page. A second person has a proxy of
their own, on another port, which is another origin.
"""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from typing import TYPE_CHECKING, Self

import httpx
import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from harness.client import sign_request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from starlette.types import Receive, Scope, Send

    from harness.platform import MerchantAccess

    SignIn = Callable[[str], MerchantAccess]
    """Gives a merchant's temporary credentials for the person whose browser this is."""

LOOPBACK = "127.0.0.1"
MAX_BODY_BYTES = 64 * 1024
METHODS = ("GET", "POST")
# Sessions last an hour.
_RENEWED_AFTER_S = 50 * 60
_TIMEOUT_S = 35.0
_PATH = re.compile(r"/merchants/(m_[a-z0-9]{4,24})(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+")
# Nothing else of a browser's request means anything to the dashboard, least of all credentials.
_PASSED_ON = ("accept", "accept-language", "content-type", "sec-fetch-site", "user-agent")
_OF_THE_CONNECTION = frozenset(
    {"connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding"}
)


class SigningProxy:
    """One person's way to the dashboard, at `url`. Use it as a context manager.

    Args:
        person: whose browser it is.
        sign_in: gives a merchant's credentials for the person.
        merchant_ids: gives whose pages are reached; the first one's open at ``/``.
        port: TCP port on 127.0.0.1, 0 for a free one.

    Raises:
        OSError: the port is taken.
    """

    def __init__(
        self,
        person: str,
        sign_in: SignIn,
        merchant_ids: Callable[[], Sequence[str]],
        *,
        port: int = 0,
    ) -> None:
        self.person = person
        self._sign_in = sign_in
        self._merchant_ids = merchant_ids
        self._sessions: dict[str, tuple[float, MerchantAccess]] = {}
        self._socket = socket.create_server((LOOPBACK, port))
        self.port: int = self._socket.getsockname()[1]
        self._hosts = {f"{name}:{self.port}" for name in (LOOPBACK, "localhost")}
        self._http = httpx.AsyncClient(timeout=_TIMEOUT_S)
        config = uvicorn.Config(
            self._app,
            interface="asgi3",
            lifespan="off",
            ws="none",
            access_log=False,
            log_level="warning",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=asyncio.run, args=[self._serve()], daemon=True)

    @property
    def url(self) -> str:
        """Where a browser finds it."""
        return f"http://{LOOPBACK}:{self.port}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join()

    async def _serve(self) -> None:
        async with self._http:
            await self._server.serve(sockets=[self._socket])

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            answer = await self._answer(request)
        except ClientDisconnect:
            return
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if (why := self._foreign(request)) is not None:
            return _refusal(403, f"{why} Open {self.url} yourself.")
        if request.method not in METHODS:
            return _refusal(405, f"Only {', '.join(METHODS)} are passed on.")
        path = _sent_path(request)
        if path == "/":
            return RedirectResponse(f"/merchants/{self._merchant_ids()[0]}/overview", 303)
        found = _PATH.fullmatch(path)
        if found is None or found[1] not in self._merchant_ids():
            return _refusal(404, f"The dashboard has no such page. Start at {self.url}")
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                return _refusal(413, "Send a shorter form.")
        return await self._passed_on(request, found[1], path, body)

    def _foreign(self, request: Request) -> str | None:
        """Say why a request isn't one that the person made here; None when it is."""
        hosts = request.headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return "This server isn't known by that name."
        origins = request.headers.getlist("origin")
        if any(origin != f"http://{hosts[0].lower()}" for origin in origins):
            return "A page of another site sent this."
        sites = request.headers.getlist("sec-fetch-site")
        if any(site not in ("same-origin", "none") for site in sites):
            return "A page of another site led here."
        return None

    async def _passed_on(
        self, request: Request, merchant_id: str, path: str, body: bytes
    ) -> Response:
        access = await self._access(merchant_id)
        query = request.scope["query_string"].decode("latin-1")
        signed = self._http.build_request(
            request.method,
            f"{access.invoke_url}{path}" + (f"?{query}" if query else ""),
            headers=_headers(request, access),
            content=body,
        )
        sign_request(
            signed,
            access_key_id=access.access_key_id,
            secret_access_key=access.secret_access_key,
            session_token=access.session_token,
            region=access.region,
            now=time.time(),
        )
        try:
            answer = await self._http.send(signed)
        except httpx.HTTPError as error:
            return _refusal(502, f"API Gateway didn't answer: {error!r}")
        passed = Response(answer.content, answer.status_code)
        for name, value in answer.headers.multi_items():
            if name.lower() not in _OF_THE_CONNECTION:
                passed.headers.append(name, value)
        return passed

    async def _access(self, merchant_id: str) -> MerchantAccess:
        """Give the person's session as a merchant, renewed before it ends."""
        until, access = self._sessions.get(merchant_id, (0.0, None))
        if access is None or time.monotonic() > until:
            access = await asyncio.to_thread(self._sign_in, merchant_id)
            self._sessions[merchant_id] = (time.monotonic() + _RENEWED_AFTER_S, access)
        return access


def _sent_path(request: Request) -> str:
    """Give the path as it was sent, percent-encoding included."""
    raw: bytes = request.scope["raw_path"]
    return raw.decode("latin-1")


def _headers(request: Request, access: MerchantAccess) -> Mapping[str, str]:
    kept = {name: value for name in _PASSED_ON if (value := request.headers.get(name)) is not None}
    return {**kept, "accept-encoding": "identity", "x-api-key": access.api_key}


def _refusal(status: int, text: str) -> Response:
    return PlainTextResponse(f"{text}\n", status)
