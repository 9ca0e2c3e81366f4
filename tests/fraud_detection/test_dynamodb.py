"""The lean client: what it makes of answers that aren't DynamoDB's, and what it repeats."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest

from fraud_detection.dynamodb import DynamoDB, DynamoDBError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

OK = b'HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{"Item": {}}'
CLOSING = OK.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
CHUNKED = (
    b'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n{"It\r\n8\r\nem": {}}\r\n0\r\n\r\n'
)


def refusal(code: str) -> bytes:
    body = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}"}).encode()
    return b"HTTP/1.1 400 Bad Request\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)


class Stub:
    """Answers each request with the next of its answers; an empty one closes the connection."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while self.answers:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            self.requests.append(head + await reader.readexactly(length))
            answer = self.answers.pop(0)
            writer.write(answer)
            await writer.drain()
            if not answer or b"connection: close" in answer:
                break
        writer.close()


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run a coroutine on a client of a stub that gives certain answers."""
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session-token")

    def run(stub: Stub, work: Callable[[DynamoDB], Coroutine[Any, Any, Any]]) -> Any:
        async def main() -> Any:
            server = await asyncio.start_server(stub.serve, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
            async with server:
                return await work(DynamoDB(botocore.session.Session()))

        return asyncio.run(main())

    return run


def get(client: DynamoDB) -> Coroutine[Any, Any, dict[str, Any]]:
    return client.call("GetItem", {"TableName": "t"}, seconds=0.5)


@pytest.mark.parametrize("answer", [OK, CLOSING, CHUNKED])
def test_an_answer_is_read(ask: Callable[..., Any], answer: bytes) -> None:
    assert ask(Stub(answer), get) == {"Item": {}}


def test_requests_are_signed_and_carry_the_session(ask: Callable[..., Any]) -> None:
    stub = Stub(OK)
    ask(stub, get)
    (request,) = stub.requests
    assert b"Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/" in request
    assert b"/eu-west-1/dynamodb/aws4_request" in request
    assert b"X-Amz-Security-Token: session-token" in request
    assert b"x-amz-target: dynamodb_20120810.getitem" in request.lower()


def test_a_connection_serves_again(ask: Callable[..., Any]) -> None:
    async def twice(client: DynamoDB) -> None:
        await get(client)
        await get(client)

    stub = Stub(OK, OK)
    ask(stub, twice)
    assert stub.connections == 1


def test_a_closed_connection_is_replaced(ask: Callable[..., Any]) -> None:
    async def twice(client: DynamoDB) -> None:
        await get(client)
        await asyncio.sleep(0.05)
        await get(client)

    stub = Stub(CLOSING, OK)
    ask(stub, twice)
    assert stub.connections == 2


def test_throttling_is_waited_out(ask: Callable[..., Any]) -> None:
    stub = Stub(refusal("ThrottlingException"), OK)
    assert ask(stub, get) == {"Item": {}}
    assert len(stub.requests) == 2


def test_throttling_is_not_waited_out_for_ever(ask: Callable[..., Any]) -> None:
    stub = Stub(*[refusal("ThrottlingException")] * 5)
    with pytest.raises(DynamoDBError, match="ThrottlingException"):
        ask(stub, get)
    assert len(stub.requests) == 3


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "lost"),
        (b"nonsense\r\n\r\n", "isn't HTTP"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n<ok>", "isn't JSON"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}", "no answer"),
    ],
)
def test_nonsense_is_no_answer_and_asked_no_more(
    ask: Callable[..., Any], answer: bytes, reason: str
) -> None:
    stub = Stub(answer, OK)
    with pytest.raises(UnreachableError, match=reason) as caught:
        ask(stub, get)
    assert caught.value.sent
    assert len(stub.requests) == 1


def test_a_late_answer_is_not_taken_for_the_next(ask: Callable[..., Any]) -> None:
    late = threading.Event()

    class Slow(Stub):
        async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if not late.is_set():
                late.set()
                await asyncio.sleep(0.3)
                writer.write(OK.replace(b"Item", b"Late"))
            await super().serve(reader, writer)

    async def twice(client: DynamoDB) -> Any:
        with pytest.raises(UnreachableError):
            await client.call("GetItem", {}, seconds=0.1)
        await asyncio.sleep(0.4)
        return await get(client)

    assert ask(Slow(OK, OK), twice) == {"Item": {}}


def test_a_task_without_credentials_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with pytest.raises(UnreachableError, match="no AWS credentials"):
        DynamoDB(botocore.session.Session())
