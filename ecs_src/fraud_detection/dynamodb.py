"""A lean DynamoDB client for an event loop: a few operations, each at a tenth of the SDK's CPU.

Credentials, signatures and the endpoint are botocore's; only the exchange itself is our own.
A score waits 20 ms at most, and five SDK calls in threads would take 3 ms of CPU of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import botocore.session
import httptools
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import get_cert_path

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials

MOST_CONNECTIONS = 64
CALL_SECONDS = 2.0
REFRESH_SECONDS = 60
_ATTEMPTS = 3
_FIRST_PAUSE = 0.05
# Nothing was done: such a call may be repeated, even one that adds.
_REFUSED = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
    }
)


class DynamoDBError(Exception):
    """DynamoDB refused a call; ``code`` is its name for the reason, ``answer`` the whole of it."""

    def __init__(self, code: str, answer: dict[str, Any]) -> None:
        super().__init__(code)
        self.code = code
        self.answer = answer


class UnreachableError(Exception):
    """No answer came. The call may have been carried out, unless it was never sent."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.sent = sent


class DynamoDB:
    """Calls DynamoDB over kept-alive connections of one event loop."""

    def __init__(self, session: botocore.session.Session | None = None) -> None:
        session = session or botocore.session.get_session()
        client = session.create_client("dynamodb")
        credentials = session.get_credentials()
        if credentials is None:
            raise UnreachableError("the task has no AWS credentials: give it a role", sent=False)
        self._credentials = credentials
        self._frozen: ReadOnlyCredentials = credentials.get_frozen_credentials()
        self._region: str = client.meta.region_name
        self._url: str = client.meta.endpoint_url
        self._pool = _Pool(self._url)

    async def keep_credentials_fresh(self) -> None:
        """Renew the credentials in a thread, long before they end: no score waits for them."""
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            # Tried again in a minute: botocore begins to renew a quarter of an hour ahead.
            with contextlib.suppress(Exception):
                self._frozen = await asyncio.to_thread(self._credentials.get_frozen_credentials)

    async def connect(self, number: int) -> None:
        """Open connections ahead, so that the first scores needn't. Failing is no failure."""
        opened = await asyncio.gather(
            *(self._pool.open() for _ in range(number)), return_exceptions=True
        )
        for connection in opened:
            if isinstance(connection, _Connection):
                self._pool.give_back(connection)

    async def call(
        self, action: str, payload: dict[str, Any], seconds: float = CALL_SECONDS
    ) -> dict[str, Any]:
        """Carry out one operation. Raises ``DynamoDBError`` or ``UnreachableError``.

        Repeated is only what DynamoDB did not begin: an addition is never made twice.
        """
        body = json.dumps(payload, separators=(",", ":")).encode()
        pause = _FIRST_PAUSE
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await self._attempt(action, body, seconds)
            except DynamoDBError as error:
                if error.code not in _REFUSED or attempt == _ATTEMPTS:
                    raise
            except UnreachableError as error:
                if error.sent or attempt == _ATTEMPTS:
                    raise
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
            pause *= 4
        raise AssertionError("the last attempt returns or raises")

    async def _attempt(self, action: str, body: bytes, seconds: float) -> dict[str, Any]:
        try:
            async with asyncio.timeout(seconds):
                status, content = await self._pool.exchange(self._request(action, body))
        except TimeoutError:
            raise UnreachableError(f"no answer in {seconds} s", sent=True) from None
        try:
            answer = json.loads(content)
        except ValueError:
            raise UnreachableError("the answer isn't JSON", sent=True) from None
        if status == 200:
            return answer  # type: ignore[no-any-return]  # DynamoDB answers objects
        raise DynamoDBError(str(answer.get("__type", "")).rpartition("#")[2], answer)

    def _request(self, action: str, body: bytes) -> bytes:
        request = AWSRequest(
            "POST",
            f"{self._url}/",
            headers={
                "Content-Type": "application/x-amz-json-1.0",
                "X-Amz-Target": f"DynamoDB_20120810.{action}",
            },
            data=body,
        )
        SigV4Auth(self._frozen, "dynamodb", self._region).add_auth(request)
        headers = {
            "Host": urlsplit(self._url).netloc,
            "Content-Length": str(len(body)),
            "Accept-Encoding": "identity",
            **dict(request.headers.items()),
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"POST / HTTP/1.1\r\n{lines}\r\n".encode() + body


class _Pool:
    """Connections to one address; the last used is used first, so that idle ones end."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if secure else 80)
        self._tls = ssl.create_default_context(cafile=get_cert_path(True)) if secure else None
        self._idle: list[_Connection] = []
        self._free = asyncio.Semaphore(MOST_CONNECTIONS)

    async def open(self) -> _Connection:
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(
                _Connection, self._host, self._port, ssl=self._tls
            )
        except OSError as error:
            raise UnreachableError(f"can't connect: {type(error).__name__}", sent=False) from error
        return connection

    def give_back(self, connection: _Connection) -> None:
        if connection.usable:
            self._idle.append(connection)

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        async with self._free:
            connection = self._idle_one() or await self.open()
            try:
                return await connection.exchange(request)
            finally:
                self.give_back(connection)

    def _idle_one(self) -> _Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
        return None


class _Connection(asyncio.Protocol):
    """One HTTP/1.1 connection with one exchange at a time; httptools reads the answers."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._body = bytearray()
        self._parser: Any = None
        self._spent = False

    @property
    def usable(self) -> bool:
        """Whether another exchange can begin."""
        transport = self._transport
        return (
            transport is not None
            and not transport.is_closing()
            and self._answer is None
            and not self._spent
        )

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and give status and body of the answer."""
        if self._transport is None:
            raise UnreachableError("the connection was never made", sent=False)
        self._answer = asyncio.get_running_loop().create_future()
        self._body.clear()
        self._parser = httptools.HttpResponseParser(self)
        self._transport.write(request)
        try:
            return await self._answer
        except asyncio.CancelledError:
            # What comes now would be taken for the next request's answer.
            self._transport.abort()
            raise
        finally:
            self._answer = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # create_connection makes these

    def data_received(self, data: bytes) -> None:
        if self._answer is None or self._answer.done():
            self._abort()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._fail("the answer isn't HTTP")
            self._abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - signature of the base class
        self._fail("the connection was lost")

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if not self._parser.should_keep_alive():
            self._spent = True
            self._abort()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((self._parser.get_status_code(), bytes(self._body)))

    def _fail(self, reason: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(UnreachableError(reason, sent=True))

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
