"""What one connection may take: time for its head, its body and its answer, and bytes."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn

from edge.raw_http import Connection as Client
from harness.edge.app import ClientGoneError, _part
from harness.edge.connection import Connection, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
PROMPT = 0.5  # seconds, the limit of whatever is slow here
KEPT = 1  # seconds, of an idle connection
SMALL = Limits(
    head_seconds=PROMPT,
    body_seconds=PROMPT,
    stalled_seconds=PROMPT,
    lingering_seconds=0.2,
    head_bytes=20_000,
    body_bytes=300_000,
)


class Impatient(Connection):
    """A connection with limits that a test can wait for."""

    limits = SMALL


@dataclass
class Application:
    """Reads bodies as the gateway does and remembers those that were whole."""

    bodies: list[bytes] = field(default_factory=list)
    answer: bytes = b"ok"
    reads: bool = True

    async def __call__(self, _: Any, receive: Any, send: Any) -> None:
        body, more = b"", self.reads
        try:
            while more:
                part, more = await _part(receive)
                body += part
        except ClientGoneError:
            return
        self.bodies.append(body)
        headers = [(b"content-length", b"%d" % len(self.answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.answer})


@pytest.fixture
def application() -> Application:
    return Application()


@pytest.fixture
def server(application: Application) -> Iterator[uvicorn.Server]:
    config = uvicorn.Config(
        application,
        interface="asgi3",
        http=Impatient,
        lifespan="off",
        log_level="critical",
        timeout_keep_alive=KEPT,
    )
    running = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config.port = listening.getsockname()[1]
        thread = threading.Thread(
            target=lambda: asyncio.run(running.serve(sockets=[listening])), daemon=True
        )
        thread.start()
        yield running
        running.should_exit = True
        thread.join(10)


@pytest.fixture
def client(server: uvicorn.Server) -> Iterator[Client]:
    with Client(("127.0.0.1", server.config.port)) as connected:
        yield connected


def statuses(client: Client) -> list[int]:
    return [reply.status for reply in client.replies(quiet=KEPT + 5)]


@pytest.mark.parametrize(
    ("sent", "answers", "limit"),
    [
        pytest.param(b"", [], KEPT, id="silence"),
        pytest.param(b"\r\n", [], KEPT, id="empty lines"),
        pytest.param(HEAD[:-10], [408], PROMPT, id="half a head"),
        pytest.param(HEAD + b"1234", [408], PROMPT, id="half a body"),
        pytest.param(HEAD + b"12345", [200], KEPT, id="idle after an answer"),
        pytest.param(HEAD + b"12345" + HEAD[:-10], [200, 408], PROMPT, id="a second half a head"),
    ],
)
def test_waiting_ends(client: Client, sent: bytes, answers: list[int], limit: float) -> None:
    started = time.monotonic()
    client.send(sent)
    assert statuses(client) == answers
    assert client.ended
    assert limit * 0.8 < time.monotonic() - started < limit + 8


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        pytest.param(b"GET / HTTP/1.1\r\nX: ", b"a", id="a header"),
        pytest.param(HEAD.replace(b"5", b"5000"), b"a", id="a body"),
        pytest.param(b"", b"\r\n", id="empty lines"),
        pytest.param(HEAD + b"12345", b"\r\n", id="empty lines after an answer"),
    ],
)
def test_dripping_buys_no_time(client: Client, start: bytes, drop: bytes) -> None:
    started = time.monotonic()
    client.send(start)
    while not client.has_ended(within=0.05) and time.monotonic() - started < 20:
        client.send(drop)
    assert time.monotonic() - started < KEPT + 8


def test_a_body_that_never_ends_never_runs(client: Client, application: Application) -> None:
    client.send(HEAD + b"1234")
    assert statuses(client) == [408]
    assert application.bodies == []


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(b"GET /" + b"a" * 900_000, 431, id="an endless target"),
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"a" * 900_000, 431, id="an endless header"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 150_000, 431, id="endless headers"),
        pytest.param(b"\r\n" * 450_000, 431, id="endless empty lines"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
            + b"X: a\r\n" * 150_000,
            413,
            id="endless trailers",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"a" * 900_000,
            413,
            id="an endless extension of a chunk",
        ),
    ],
)
def test_what_has_no_end_is_cut_off(
    client: Client, application: Application, sent: bytes, status: int
) -> None:
    client.send(sent)
    assert statuses(client) in ([status], [])  # a client that writes on may lose its answer
    assert client.ended
    assert application.bodies == []


def test_a_client_that_doesnt_read_is_let_go(
    server: uvicorn.Server, application: Application
) -> None:
    application.answer = b"x" * 8_000_000
    with Client(("127.0.0.1", server.config.port)) as deaf:
        for _ in range(5):
            deaf.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and not server.server_state.connections:
            time.sleep(0.01)
        while time.monotonic() < deadline and server.server_state.connections:
            time.sleep(0.05)
        assert not server.server_state.connections
        assert len(application.bodies) < 5


def test_an_answer_before_the_body_ends_the_connection(
    client: Client, application: Application
) -> None:
    application.reads = False
    request = HEAD.replace(b"Content-Length: 5", b"Expect: 100-continue\r\nContent-Length: 5")
    client.send(request)
    reply = client.reply()
    assert reply is not None
    assert reply.status == 200
    client.send(HEAD + b"12345")  # a client that was refused sends its next request, not the body
    assert client.reply() is None
    assert application.bodies == [b""]


def test_a_body_is_asked_for_when_it_is_wanted(client: Client, application: Application) -> None:
    client.send(HEAD.replace(b"Host: a", b"Host: a\r\nExpect: 100-continue"))
    reply = client.reply()
    assert reply is not None
    assert reply.status == 100
    client.send(b"12345")
    reply = client.reply()
    assert reply is not None
    assert (reply.status, application.bodies) == (200, [b"12345"])


def test_one_client_waits_for_no_other(server: uvicorn.Server, application: Application) -> None:
    address = ("127.0.0.1", server.config.port)
    with contextlib.ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(Client(address)).send(HEAD[:-10])
        quick = stack.enter_context(Client(address))
        quick.send(HEAD + b"12345")
        reply = quick.reply()
        assert reply is not None
        assert reply.status == 200
    assert application.bodies == [b"12345"]
