"""The proxy signs what its person's browser sends, and nothing that another site makes it send."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, cast

import httpx
import pytest

from harness.platform import MerchantAccess
from harness.signing_proxy import MAX_BODY_BYTES, SigningProxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

OVERVIEW = "merchants/m_bakery/overview"


class Upstream(ThreadingHTTPServer):
    """Stands in for API Gateway: keeps what it gets, and redirects every form."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.got: list[tuple[str, str, Message, bytes]] = []


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:  # http.server's name
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        cast("Upstream", self.server).got.append((self.command, self.path, self.headers, body))
        self.send_response(303 if self.command == "POST" else 200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Security-Policy", "default-src 'none'")
        if self.command == "POST":
            self.send_header("Location", "../../refunds/one")
        self.end_headers()
        self.wfile.write(b"<h1>Today</h1>")

    do_POST = do_GET  # noqa: N815 - http.server's name

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Stay quiet."""


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@contextmanager
def running(upstream: Upstream, person: str = "alice") -> Iterator[SigningProxy]:
    def sign_in(merchant_id: str) -> MerchantAccess:
        return MerchantAccess(
            merchant_id=merchant_id,
            invoke_url=f"http://127.0.0.1:{upstream.server_port}/api01/live",
            region="eu-west-1",
            access_key_id=f"ASIA{person.upper()}",
            secret_access_key="secret",
            session_token=f"session-of-{person}",
            api_key=f"key-of-{merchant_id}",
        )

    with SigningProxy(person, sign_in, lambda: ["m_bakery", "m_florist"]) as proxy:
        yield proxy


@pytest.fixture
def proxy(upstream: Upstream) -> Iterator[SigningProxy]:
    with running(upstream) as started:
        yield started


def test_requests_are_signed_for_the_person_and_the_paths_merchant(
    proxy: SigningProxy, upstream: Upstream
) -> None:
    answer = httpx.get(f"{proxy.url}merchants/m_florist/transactions?q=order%20one&state=captured")
    assert (answer.status_code, answer.text) == (200, "<h1>Today</h1>")
    assert answer.headers["content-security-policy"] == "default-src 'none'"
    ((method, path, headers, _),) = upstream.got
    assert method == "GET"
    assert path == "/api01/live/merchants/m_florist/transactions?q=order%20one&state=captured"
    assert "Credential=ASIAALICE/" in headers["Authorization"]
    assert headers["X-Amz-Security-Token"] == "session-of-alice"
    assert headers["x-api-key"] == "key-of-m_florist"


def test_what_a_browser_claims_to_be_is_not_passed_on(
    proxy: SigningProxy, upstream: Upstream
) -> None:
    claims = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=someone",
        "Cookie": "session=1",
        "X-Amz-Security-Token": "another",
        "X-Api-Key": "another",
        "X-Principal-Arn": "arn:aws:sts::444444444444:assumed-role/merchant-m_hotel/bob",
    }
    httpx.get(proxy.url + OVERVIEW, headers=claims)
    ((_, _, headers, _),) = upstream.got
    assert headers.get_all("x-api-key") == ["key-of-m_bakery"]
    assert headers.get_all("x-amz-security-token") == ["session-of-alice"]
    assert len(headers.get_all("authorization") or []) == 1
    assert "cookie" not in headers
    assert "x-principal-arn" not in headers


def test_forms_and_their_redirects_go_through(proxy: SigningProxy, upstream: Upstream) -> None:
    own = {"Origin": proxy.url.rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    answer = httpx.post(
        f"{proxy.url}merchants/m_bakery/transactions/pay_1/refunds",
        data={"amount": "70.00"},
        headers=own,
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "../../refunds/one")
    ((_, _, headers, body),) = upstream.got
    assert body == b"amount=70.00"
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert headers["Sec-Fetch-Site"] == "same-origin"


def test_the_first_page_is_the_first_merchants(proxy: SigningProxy) -> None:
    assert httpx.get(proxy.url).headers["location"] == f"/{OVERVIEW}"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "attacker.example"},
        {"Host": "attacker.example:{port}"},
        {"Host": "127.0.0.1"},
        {"Origin": "https://attacker.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_another_site_makes_a_browser_send_is_not_signed(
    proxy: SigningProxy, upstream: Upstream, method: str, headers: dict[str, str]
) -> None:
    sent = {name: value.format(port=proxy.port) for name, value in headers.items()}
    answer = httpx.request(method, proxy.url + OVERVIEW, headers=sent)
    assert answer.status_code == 403
    assert proxy.url in answer.text
    assert upstream.got == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "merchants/m_nobody1/overview", 404),
        ("GET", "merchants/m_bakery/../../../other/live/x", 404),
        ("GET", "merchants/m_bakery/%2e%2e/x", 404),
        ("GET", "metrics", 404),
        ("DELETE", OVERVIEW, 405),
        ("OPTIONS", OVERVIEW, 405),
    ],
)
def test_nothing_but_the_merchants_pages_is_reached(
    proxy: SigningProxy, upstream: Upstream, method: str, path: str, status: int
) -> None:
    with httpx.Client() as client:
        request = client.build_request(method, proxy.url)
        # Not by its address, in which the client would resolve the dots.
        request.url = request.url.copy_with(raw_path=f"/{path}".encode())
        assert client.send(request).status_code == status
    assert upstream.got == []


def test_long_bodies_are_refused(proxy: SigningProxy, upstream: Upstream) -> None:
    answer = httpx.post(proxy.url + OVERVIEW, content=b"x" * (MAX_BODY_BYTES + 1))
    assert answer.status_code == 413
    assert upstream.got == []


def test_a_gateway_that_is_gone_is_said(upstream: Upstream) -> None:
    with running(upstream) as proxy:
        upstream.shutdown()
        upstream.server_close()
        answer = httpx.get(proxy.url + OVERVIEW)
    assert answer.status_code == 502
    assert "didn't answer" in answer.text


def test_a_taken_port_is_told_before_anything_starts(upstream: Upstream) -> None:
    with running(upstream) as proxy, pytest.raises(OSError, match="in use"):
        SigningProxy("bob", proxy._sign_in, lambda: ["m_bakery"], port=proxy.port)
