"""Sizes at API Gateway's limits pass; one more is refused, and the edge stays up."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from edge.exchanges import ACCOUNT
from edge.raw_http import Reply, Request, ask, signed_request

if TYPE_CHECKING:
    from botocore.credentials import Credentials

    from edge.conftest import Deployer
    from harness.aws import EmbeddedAWS
    from harness.edge import Edge

MOST_HEADERS = MOST_URL = 10_240
MOST_BODY = 10 * 1024 * 1024
MOST_ARN = 1_600
PROBLEM = '{"code":"$context.error.responseType","title":$context.error.messageString}'
RESPONSES = {
    kind: {
        "responseTemplates": {"application/json": PROBLEM},
        "responseParameters": {"gatewayresponse.header.Content-Type": "'application/problem+json'"},
    }
    for kind in ("DEFAULT_4XX", "REQUEST_TOO_LARGE")
}


@dataclass
class Served:
    """An API with a signed and an open part."""

    url: str
    arn: str
    host: bytes
    me: Credentials

    def open(self, query: str = "", *headers: tuple[bytes, bytes]) -> Request:
        """A request that needs no signature."""
        path = "/" + "/".join(self.url.split("/")[3:]) + "/open"
        return Request(b"GET", path.encode() + query.encode(), [(b"Host", self.host), *headers])

    def send(self, request: Request) -> Reply:
        """The answer; the edge must be alive after it."""
        reply, alive = ask(self.url, request), ask(self.url, self.open())
        assert reply is not None
        assert alive is not None
        assert alive.status == 200
        return reply


@pytest.fixture(scope="module")
def served(aws: EmbeddedAWS, deployer: Deployer, edge: Edge) -> Served:
    answer: dict[str, Any] = deployer.mock()
    api_id = deployer.api(
        {
            "/open": {"get": deployer.operation(answer), "put": deployer.operation(answer)},
            "/signed/{proxy+}": {"get": deployer.operation(answer, "sigv4")},
        },
        extensions={"gateway-responses": RESPONSES},
    )
    deployer.deploy(api_id)
    deployer.role("big", {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"})
    edge.reload()
    me = aws.session(ACCOUNT, "big", "session").get_credentials()
    assert me is not None
    arn = f"arn:aws:execute-api:eu-west-1:{ACCOUNT}:{api_id}/live"
    host = edge.url.removeprefix("http://").encode()
    return Served(edge.invoke_url(api_id, "live"), arn, host, me)


def test_headers(served: Served) -> None:
    taken = len(b"host") + len(served.host) + len(b"x-a")
    fitting = (b"X-A", b"a" * (MOST_HEADERS - taken))
    assert served.send(served.open("", fitting)).status == 200
    over = served.send(served.open("", (b"X-A", fitting[1] + b"a")))
    assert over.status == 431
    assert json.loads(over.body) == {"message": "HTTP header is larger than 10240 bytes."}


@pytest.mark.parametrize("count", [1_000, 20_000])
def test_many_headers(served: Served, count: int) -> None:
    many = [(b"X-%d" % number, b"abcdef") for number in range(count)]
    assert served.send(served.open("", *many)).status == 431


def test_url(served: Served) -> None:
    start = served.open("?q=").target
    fitting = "?q=" + "a" * (MOST_URL - len(start) + 1)  # without its question mark
    assert served.send(served.open(fitting)).status == 200
    over = served.send(served.open(fitting + "a"))
    assert (over.status, json.loads(over.body)["title"]) == (414, "Request URI too long")
    assert served.send(served.open(fitting * 20)).status in (414, 431)


def test_arn_of_the_method(served: Served) -> None:
    prefix = f"{served.arn}/GET/signed/"

    def read(length: int) -> Reply:
        path = "/signed/" + "a" * (length - len(prefix))
        return served.send(signed_request("GET", served.url + path, served.me))

    assert read(MOST_ARN).status == 200
    over = read(MOST_ARN + 1)
    assert (over.status, json.loads(over.body)["title"]) == (414, "Request URI too long")


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "in chunks"])
def test_a_body_too_large_has_amazons_own_answer(served: Served, declared: bool) -> None:
    request = served.open()
    body = b"x" * (MOST_BODY + 1)
    framing = (b"Content-Length", b"%d" % len(body))
    if not declared:
        framing = (b"Transfer-Encoding", b"chunked")
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    reply = served.send(Request(b"PUT", request.target, [*request.headers, framing], body))
    assert reply.status == 413
    assert reply.headers["content-type"] == "application/json"
    assert json.loads(reply.body) == {"message": "HTTP content length exceeded 10485760 bytes."}


def test_a_body_that_is_only_announced_costs_nothing(served: Served) -> None:
    request = served.open()
    announced = [(b"Content-Length", b"%d" % 10**15), (b"Expect", b"100-continue")]
    reply = served.send(Request(b"PUT", request.target, [*request.headers, *announced]))
    assert reply.status == 413
