"""Requests that two servers could read differently never run, and never carry another along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from edge.raw_http import CRLF, Reply, Request, ask, connected, signed_request
from edge.recording_backend import Backend
from harness.deploying import PrivateNetwork

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.credentials import Credentials

    from edge.conftest import Deployer
    from harness.aws import EmbeddedAWS
    from harness.edge import Edge

ACCOUNT = "444444444444"
DOMAIN = "payments.internal.example"
PAYMENT = b'{"amount":100}'
Spoil = Callable[[Request], bytes]


@dataclass
class Served:
    """A signed API in front of a backend that remembers what reached it."""

    url: str
    me: Credentials
    backend: Backend

    def signed(
        self, method: str = "POST", path: str = "/mine", body: bytes = PAYMENT, **headers: str
    ) -> Request:
        """A request that is in order."""
        return signed_request(method, self.url + path, self.me, body=body, headers=headers)

    def unsigned(self, path: str = "/smuggled") -> bytes:
        """What nobody signed, to be carried along."""
        template = self.signed("GET", path, b"")
        return replace(template, headers=[(b"Host", template.value(b"host"))]).wire()

    def send(self, data: bytes, expected: int = 1) -> tuple[list[Reply], bool]:
        """Write bytes at once; the replies, and whether the connection was closed."""
        with connected(self.url, 1) as (connection,):
            connection.send(data)
            return connection.replies(expected), connection.ended

    def reached(self) -> list[str]:
        """What the backend got since it was asked last, without the prefix."""
        seen = [f"{each.verb} {each.target}" for each in self.backend.seen]
        self.backend.seen.clear()
        return seen

    def is_alive(self) -> bool:
        """Whether an orderly request passes."""
        reply = ask(self.url, self.signed("GET", "/alive", b""))
        return reply is not None and reply.status == 200 and self.reached() == ["GET /alive"]


@pytest.fixture(scope="module")
def backend() -> Iterator[Backend]:
    recording = Backend()
    running = recording.start()
    yield recording
    running.shutdown()
    running.server_close()


@pytest.fixture(scope="module")
def served(aws: EmbeddedAWS, deployer: Deployer, edge: Edge, backend: Backend) -> Served:
    network = PrivateNetwork(deployer.session)
    balancer = network.balancer("payments", domain=DOMAIN)
    network.register(balancer, backend.port)
    integration: dict[str, Any] = {
        "type": "http_proxy",
        "httpMethod": "ANY",
        "uri": f"https://{DOMAIN}/{{proxy}}",
        "connectionType": "VPC_LINK",
        "connectionId": network.vpc_link(balancer),
        "requestParameters": {"integration.request.path.proxy": "method.request.path.proxy"},
    }
    everything = deployer.operation(integration, "sigv4")
    api_id = deployer.api({"/{proxy+}": {"x-amazon-apigateway-any-method": everything}})
    deployer.deploy(api_id)
    deployer.role("sender", {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"})
    edge.reload()
    me = aws.session(ACCOUNT, "sender", "session").get_credentials()
    assert me is not None
    return Served(edge.invoke_url(api_id, "live"), me, backend)


def test_an_orderly_request_passes(served: Served) -> None:
    (reply,), ended = served.send(served.signed().wire())
    assert (reply.status, ended) == (200, False)
    assert served.reached() == ["POST /mine"]


def in_chunks(body: bytes) -> bytes:
    return b"%x" % len(body) + CRLF + body + CRLF + b"0" + CRLF + CRLF


def framed(*headers: tuple[bytes, bytes], body: bytes, first: bool = False) -> Spoil:
    """The signed request with another framing around a body of its own."""

    def spoil(request: Request) -> bytes:
        bare = request.without(b"content-length")
        return replace(bare.adding(*headers, first=first), body=body).wire()

    return spoil


def swapped(old: bytes, new: bytes) -> Spoil:
    """The signed request with some bytes replaced."""

    def spoil(request: Request) -> bytes:
        wire = request.wire()
        assert old in wire
        return wire.replace(old, new, 1)

    return spoil


def target(change: Callable[[bytes], bytes]) -> Spoil:
    """The signed request with another target in its first line."""
    return lambda request: replace(request, target=change(request.target)).wire()


CHUNKED = (b"Transfer-Encoding", b"chunked")
LENGTH = (b"Content-Length", b"14")
UNREADABLE: dict[str, Spoil] = {
    "CL.TE": framed(LENGTH, CHUNKED, body=in_chunks(PAYMENT)),
    "TE.CL": framed(CHUNKED, LENGTH, body=in_chunks(PAYMENT)),
    "two lengths": framed(LENGTH, (b"Content-Length", b"0"), body=PAYMENT),
    "two equal lengths": framed(LENGTH, LENGTH, body=PAYMENT),
    "a list of lengths": framed((b"Content-Length", b"14, 14"), body=PAYMENT),
    "a signed length": framed((b"Content-Length", b"+14"), body=PAYMENT),
    "a hexadecimal length": framed((b"Content-Length", b"0xe"), body=PAYMENT),
    "a negative length": framed((b"Content-Length", b"-14"), body=PAYMENT),
    "an empty length": framed((b"Content-Length", b""), body=PAYMENT),
    "an endless length": framed((b"Content-Length", b"9" * 30), body=PAYMENT),
    "an unknown coding": framed((b"Transfer-Encoding", b"xchunked"), body=in_chunks(PAYMENT)),
    "a compressed coding": framed((b"Transfer-Encoding", b"gzip, chunked"), body=in_chunks(b"")),
    "a coding after chunked": framed((b"Transfer-Encoding", b"chunked, identity"), body=PAYMENT),
    "two codings": framed((b"Transfer-Encoding", b"identity"), CHUNKED, body=in_chunks(PAYMENT)),
    "chunked twice": framed(CHUNKED, CHUNKED, body=in_chunks(PAYMENT)),
    "a blank before the colon": framed((b"Transfer-Encoding ", b"chunked"), body=in_chunks(b"")),
    "a vertical tab": framed((b"Transfer-Encoding", b"\x0bchunked"), body=in_chunks(PAYMENT)),
    "a folded coding": framed((b"Transfer-Encoding", b"\r\n chunked"), body=in_chunks(PAYMENT)),
    "chunks in HTTP/1.0": lambda request: framed(CHUNKED, body=in_chunks(PAYMENT))(
        replace(request, version=b"HTTP/1.0")
    ),
    "a folded header": swapped(b"Host: ", b"X-A: b\r\n c\r\nHost: "),
    "a fold before any header": swapped(b"Host: ", b" X-A: b\r\nHost: "),
    "a bare line feed": swapped(b"\r\nHost: ", b"\nHost: "),
    "line feeds only": lambda request: request.wire().replace(CRLF, b"\n"),
    "a bare carriage return": swapped(b"Host: ", b"X-A: b\rX-B: c\r\nHost: "),
    "NUL in a value": swapped(b"Host: ", b"X-A: a\0b\r\nHost: "),
    "NUL in a name": swapped(b"Host: ", b"X\0A: b\r\nHost: "),
    "no name": swapped(b"Host: ", b": b\r\nHost: "),
    "a name beyond ASCII": swapped(b"Host: ", b"X-\xe9: b\r\nHost: "),
    "two hosts": swapped(b"Host: ", b"Host: elsewhere.example\r\nHost: "),
    "the same host twice": lambda request: request.adding((b"Host", request.value(b"host"))).wire(),
    "no host": lambda request: request.without(b"host").wire(),
    "an empty host": lambda request: request.without(b"host").adding((b"Host", b"")).wire(),
    "a host with a path": swapped(b"Host: ", b"Host: elsewhere.example/"),
    "a host with a user": swapped(b"Host: ", b"Host: me@"),
    "two hosts in a list": swapped(b"Host: ", b"Host: elsewhere.example,"),
    "an absolute target": target(lambda path: b"http://elsewhere.example" + path),
    "a target without a path": target(lambda _: b"*"),
    "an authority as target": target(lambda _: b"elsewhere.example:443"),
    "a fragment": target(lambda path: path + b"#part"),
    "a blank in the target": target(lambda path: path + b" /other"),
    "raw unicode in the path": target(lambda path: path + "é".encode()),
    "raw unicode in the query": target(lambda path: path + "?name=é".encode()),
    "a control character": target(lambda path: path + b"\x01"),
    "a tunnel": lambda request: replace(
        request, verb=b"CONNECT", target=b"elsewhere.example:443"
    ).wire(),
    "a body and a wish for another protocol": lambda request: request.adding(
        (b"Connection", b"Upgrade"), (b"Upgrade", b"h2c")
    ).wire(),
    "HTTP/0.9": lambda request: b"GET " + request.target + CRLF + CRLF,
    "HTTP/2 in clear text": lambda _: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a version of its own": lambda request: replace(request, version=b"HTTP/2.0").wire(),
    "another protocol": lambda request: replace(request, version=b"GOPHER/1.0").wire(),
    "a method in lower case": lambda request: replace(request, verb=b"post").wire(),
    "TLS": lambda _: bytes.fromhex("1603010200010001fc0303") + b"\0" * 64,
    "noise": lambda _: b"\x00\xff" * 400,
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_can_be_read_two_ways_is_refused_and_ends_the_connection(
    served: Served, name: str
) -> None:
    replies, ended = served.send(UNREADABLE[name](served.signed()) + served.unsigned())
    assert [reply.status for reply in replies] == [400]
    assert replies[0].body == b'{"message":"Bad Request"}'
    assert ended
    assert served.reached() == []
    assert served.is_alive()


BROKEN_CHUNKS = {
    "line feeds": in_chunks(PAYMENT).replace(CRLF, b"\n"),
    "a prefix": b"0x" + in_chunks(PAYMENT),
    "a sign": b"-" + in_chunks(PAYMENT),
    "an overflow": b"f" * 17 + CRLF + PAYMENT,
    "a size too small": b"1" + in_chunks(PAYMENT)[1:],
    "a size too large": b"ff" + in_chunks(PAYMENT)[1:] + b"0" * 300,
}


@pytest.mark.parametrize("name", BROKEN_CHUNKS)
def test_broken_chunks_never_become_a_body(served: Served, name: str) -> None:
    wire = framed(CHUNKED, body=BROKEN_CHUNKS[name])(served.signed())
    replies, ended = served.send(wire + served.unsigned())
    assert [reply.status for reply in replies] == [400]
    assert ended
    assert served.reached() == []
    assert served.is_alive()


def test_chunks_are_the_body_that_was_signed(served: Served) -> None:
    (reply,), _ = served.send(framed(CHUNKED, body=in_chunks(PAYMENT))(served.signed()))
    assert reply.status == 200
    seen = served.backend.only()
    assert (seen.target, seen.body) == ("/mine", PAYMENT)
    assert (seen.all("transfer-encoding"), seen.all("content-length")) == ([], ["14"])


def test_trailers_are_no_headers(served: Served) -> None:
    trailing = in_chunks(PAYMENT)[:-2] + b"X-Api-Key: theirs\r\nX-Merchant: m_lakeside\r\n\r\n"
    (reply,), _ = served.send(framed(CHUNKED, body=trailing)(served.signed()))
    assert reply.status == 200
    seen = served.backend.only()
    assert seen.all("x-api-key") + seen.all("x-merchant") == []


def test_each_request_of_a_pipeline_needs_its_own_signature(served: Served) -> None:
    first, last = served.signed("GET", "/first", b""), served.signed("GET", "/last", b"")
    replies, _ = served.send(first.wire() + served.unsigned() + last.wire(), 3)
    assert [reply.status for reply in replies] == [200, 403, 200]
    assert b"Missing Authentication Token" in replies[1].body
    assert served.reached() == ["GET /first", "GET /last"]


def test_a_request_in_a_body_is_a_body(served: Served) -> None:
    hidden = served.unsigned()
    replies, _ = served.send(served.signed(body=hidden).wire())
    assert [reply.status for reply in replies] == [200]
    seen = served.backend.only()
    assert (seen.target, seen.body) == ("/mine", hidden)


def test_a_body_cut_short_by_its_length_leaves_a_request_without_signature(served: Served) -> None:
    request = served.signed(body=PAYMENT + served.unsigned())
    short = request.without(b"content-length").adding(LENGTH)
    replies, _ = served.send(short.wire(), 2)
    assert [reply.status for reply in replies] == [403, 403]
    assert served.reached() == []


def test_noise_after_a_request_doesnt_take_its_answer(served: Served) -> None:
    replies, ended = served.send(served.signed().wire() + b"\0\0noise\r\n\r\n" + served.unsigned())
    assert [reply.status for reply in replies] == [200]
    assert replies[0].headers["connection"] == "close"
    assert ended
    assert served.reached() == ["POST /mine"]


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket"])
def test_nothing_is_read_after_a_wish_for_another_protocol(served: Served, protocol: bytes) -> None:
    asked = served.signed("GET", "/first", b"")
    wish = asked.adding((b"Connection", b"Upgrade"), (b"Upgrade", protocol))
    replies, ended = served.send(wish.wire() + served.signed("GET", "/second", b"").wire())
    assert [reply.status for reply in replies] == [200]
    assert ended
    assert served.reached() == ["GET /first"]


def test_nothing_is_answered_after_connection_close(served: Served) -> None:
    last = served.signed().adding((b"Connection", b"close"))
    replies, ended = served.send(last.wire() + served.signed("GET", "/second", b"").wire())
    assert [reply.status for reply in replies] == [200]
    assert ended
    assert served.reached() == ["POST /mine"]


def test_http_1_0_is_served_and_closed(served: Served) -> None:
    old = replace(served.signed(), version=b"HTTP/1.0")
    replies, ended = served.send(old.wire())
    assert [reply.status for reply in replies] == [200]
    assert ended
    assert served.reached() == ["POST /mine"]


@pytest.mark.parametrize("name", [b"Connection", b"Keep-Alive", b"TE", b"Proxy-Connection"])
def test_hop_by_hop_headers_stop_at_the_edge(served: Served, name: bytes) -> None:
    (reply,), _ = served.send(served.signed().adding((name, b"x-amz-date")).wire())
    assert reply.status == 200
    assert served.backend.only().all(name.decode().lower()) == []


def test_a_client_that_leaves_in_its_body_has_asked_for_nothing(served: Served) -> None:
    wire = served.signed().wire()
    for end in (1, len(wire) // 2, len(wire) - 1):
        with connected(served.url, 1) as (connection,):
            connection.send(wire[:end])
            connection.leave()
    assert served.is_alive()


def test_a_client_that_leaves_before_its_answer_has_paid_once(served: Served) -> None:
    with connected(served.url, 1) as (connection,):
        connection.send(served.signed().wire())
        connection.leave()
    (reply,), _ = served.send(served.signed("GET", "/alive", b"").wire())
    assert reply.status == 200
    assert served.reached().count("POST /mine") <= 1


def test_slow_clients_hold_up_nobody_else(served: Served) -> None:
    wire = served.signed().wire()
    with connected(served.url, 60) as slow:
        ends = [1 + number * (len(wire) - 2) // len(slow) for number in range(len(slow))]
        for connection, end in zip(slow, ends, strict=True):
            connection.send(wire[:end])
        assert all(served.is_alive() for _ in range(3))
        assert served.reached() == []
        for connection, end in zip(slow, ends, strict=True):
            connection.send(wire[end:])
        answers = [connection.reply() for connection in slow]
    assert {answer.status for answer in answers if answer} == {200}
    assert served.reached() == ["POST /mine"] * len(slow)
