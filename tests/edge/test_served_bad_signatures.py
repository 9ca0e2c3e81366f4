"""Signatures that are unusual, doubled, late or for elsewhere: what a deployed API answers."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest

from edge.exchanges import ACCOUNT, REGION
from edge.raw_http import Reply, Request, ask, signed_request

if TYPE_CHECKING:
    from botocore.credentials import Credentials

    from edge.conftest import Deployer
    from harness.aws import EmbeddedAWS
    from harness.edge import Edge

PAYMENT = b'{"amount":100}'
PROBLEM = (
    '{"status":"%s","title":$context.error.messageString,'
    '"code":"$context.error.responseType","request_id":"$context.requestId"}'
)
KINDS = ("INVALID_SIGNATURE", "MISSING_AUTHENTICATION_TOKEN", "DEFAULT_4XX")
RESPONSES = {
    kind: {
        "responseTemplates": {"application/json": PROBLEM % kind},
        "responseParameters": {
            "gatewayresponse.header.Content-Type": "'application/problem+json'",
        },
    }
    for kind in KINDS
}
Change = Callable[[Request], Request]


@dataclass
class Served:
    """An API that answers a mock's ``ok`` to who signed."""

    url: str
    me: Credentials

    def signed(self, path: str = "/payments", **options: Any) -> Request:
        """A signed POST of a payment."""
        return signed_request("POST", self.url + path, self.me, body=PAYMENT, **options)

    def send(self, request: Request) -> Reply:
        """The answer; the edge must be alive after it."""
        reply, alive = ask(self.url, request), ask(self.url, self.signed())
        assert reply is not None
        assert alive is not None
        assert alive.status == 200
        return reply


@pytest.fixture(scope="module")
def served(aws: EmbeddedAWS, deployer: Deployer, edge: Edge) -> Served:
    operation = deployer.operation(deployer.mock(), "sigv4")
    api_id = deployer.api(
        {"/{proxy+}": {"x-amazon-apigateway-any-method": operation}},
        extensions={"gateway-responses": RESPONSES},
    )
    deployer.deploy(api_id)
    deployer.role("odd", {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"})
    edge.reload()
    me = aws.session(ACCOUNT, "odd", "session").get_credentials()
    assert me is not None
    return Served(edge.invoke_url(api_id, "live"), me)


def problem(reply: Reply) -> tuple[str, str, str]:
    """Code, title and type of a refusal rendered by the deployed responses."""
    assert reply.status == 403, reply
    assert reply.headers["content-type"] == "application/problem+json"
    document = json.loads(reply.body)
    assert document["request_id"] == reply.headers["x-amzn-requestid"]
    return document["code"], document["title"], reply.headers["x-amzn-errortype"]


@pytest.mark.parametrize(
    "path",
    [
        "/payments?b=2&a=3&a=1&c",
        "/payments?name=%C3%A9t%C3%A9&note=a%20b%2Bc%26d",
        "/payments?a=%252F&%2525=%25",
        "/caf%C3%A9/%F0%9F%92%B3",
        "/a%2Fb/%252e%252e/c%20d",
        "/%2e%2e/payments",
    ],
)
def test_what_is_signed_as_sent_is_accepted(served: Served, path: str) -> None:
    assert served.send(served.signed(path)).status == 200


@pytest.mark.parametrize(
    ("signed", "sent"),
    [
        ("/a%252Fb", "/a%2Fb"),
        ("/a%2Fb", "/a%252Fb"),
        ("/a%2Fb", "/a/b"),
        ("/caf%C3%A9", "/cafe%CC%81"),  # the same to the eye, not to a signature
        ("/payments?a=%252F", "/payments?a=%2F"),
        ("/payments?a=1&b=2", "/payments?a=2&b=1"),
        ("/payments?a=1&a=2", "/payments?a=1"),
        ("/payments?a=b%26c=d", "/payments?a=b&c=d"),
        ("/payments?a=1", "/payments?a=1&a=1"),
    ],
)
def test_another_spelling_is_another_request(served: Served, signed: str, sent: str) -> None:
    request = served.signed(signed)
    moved = Request(
        request.verb,
        request.target[: -len(signed)] + sent.encode(),
        request.headers,
        request.body,
    )
    code, title, kind = problem(served.send(moved))
    assert (code, kind) == ("INVALID_SIGNATURE", "InvalidSignatureException")
    assert title.startswith("The request signature we calculated does not match")


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("name", [b"Authorization", b"X-Amz-Date", b"X-Amz-Security-Token"])
def test_what_signs_is_sent_once(served: Served, name: bytes, first: bool) -> None:
    request = served.signed()
    for value in (request.value(name.lower()), b"another"):
        code, title, kind = problem(served.send(request.adding((name, value), first=first)))
        assert (code, kind) == ("INVALID_SIGNATURE", "IncompleteSignatureException")
        assert title == f"'{name.decode().lower()}' must be sent once."


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_a_second_value_of_a_signed_header_isnt_covered(served: Served, first: bool) -> None:
    request = served.signed(headers={"Idempotency-Key": "k1"})
    assert served.send(request).status == 200
    code, _, kind = problem(served.send(request.adding((b"Idempotency-Key", b"k2"), first=first)))
    assert (code, kind) == ("INVALID_SIGNATURE", "InvalidSignatureException")


@pytest.mark.parametrize(
    ("seconds", "title"),
    [
        (-290, None),
        (290, None),
        (-310, "Signature expired: "),
        (310, "Signature not yet current: "),
        (-86_400, "Signature expired: "),
        (10 * 365 * 86_400, "Signature not yet current: "),
    ],
)
def test_clocks_may_differ_by_five_minutes(served: Served, seconds: int, title: str | None) -> None:
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    with mock.patch("botocore.auth.get_current_datetime", return_value=moment):
        request = served.signed()
    reply = served.send(request)
    if title is None:
        assert reply.status == 200
    else:
        assert problem(reply)[1].startswith(title)


@pytest.mark.parametrize(
    ("scope", "title"),
    [
        ({"region": "us-east-1"}, "a valid region, not 'us-east-1'"),
        ({"region": "EU-WEST-1"}, "a valid region, not 'EU-WEST-1'"),
        ({"service": "s3"}, "correct service: 'execute-api'"),
        ({"service": "lambda"}, "correct service: 'execute-api'"),
        ({"service": "Execute-API"}, "correct service: 'execute-api'"),
    ],
)
def test_a_signature_is_for_one_region_and_service(
    served: Served, scope: dict[str, str], title: str
) -> None:
    code, found, _ = problem(served.send(served.signed(**scope)))
    assert code == "INVALID_SIGNATURE"
    assert title in found


@pytest.mark.parametrize(
    "payload",
    [
        "UNSIGNED-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "",
    ],
)
def test_a_payload_in_signed_chunks_is_s3s_alone(served: Served, payload: str) -> None:
    chunk = b"e;chunk-signature=" + b"0" * 64 + b"\r\n" + PAYMENT + b"\r\n0;chunk-signature="
    headers = {"x-amz-content-sha256": payload, "content-encoding": "aws-chunked"}
    request = signed_request(
        "POST", served.url + "/payments", served.me, body=chunk + b"0" * 64, headers=headers
    )
    code, title, _ = problem(served.send(request))
    assert code == "INVALID_SIGNATURE"
    assert "is not accepted by execute-api" in title


def test_a_declared_hash_is_checked_and_not_believed(served: Served) -> None:
    declared = {"x-amz-content-sha256": "0" * 64}
    assert problem(served.send(served.signed(headers=declared)))[0] == "INVALID_SIGNATURE"


@pytest.fixture
def presigned(served: Served) -> Request:
    """A URL that botocore signed for a minute."""
    request = AWSRequest(method="GET", url=served.url + "/payments?limit=1")
    SigV4QueryAuth(served.me, "execute-api", REGION, expires=60).add_auth(request)
    template = signed_request("GET", str(request.url), served.me)
    return Request(b"GET", template.target, [(b"Host", template.value(b"host"))])


def test_a_presigned_url_is_refused_with_what_to_do(served: Served, presigned: Request) -> None:
    code, title, _ = problem(served.send(presigned))
    assert code == "INVALID_SIGNATURE"
    assert title == "Presigned requests are not supported; sign the Authorization header."


@pytest.mark.parametrize("name", [b"X-Amz-Signature", b"X-Amz-Algorithm", b"X-Amz-Credential"])
def test_no_spelling_of_a_presigned_url_gets_through(
    served: Served, presigned: Request, name: bytes
) -> None:
    hidden = presigned.target.replace(name, name.replace(b"-", b"%2D"))
    assert problem(served.send(Request(b"GET", hidden, presigned.headers)))[0] in KINDS


def test_two_ways_to_sign_are_one_too_many(served: Served, presigned: Request) -> None:
    url = served.url.rpartition("/")[0].rpartition("/")[0] + presigned.target.decode()
    both = signed_request("GET", url, served.me)
    assert problem(served.send(both))[0] == "INVALID_SIGNATURE"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda request: request.without(b"authorization"), "MISSING_AUTHENTICATION_TOKEN"),
        (lambda request: request.without(b"x-amz-date"), "INVALID_SIGNATURE"),
        (lambda request: request.without(b"x-amz-security-token"), "INVALID_SIGNATURE"),
        (
            lambda request: request.without(b"authorization").adding((b"Authorization", b"")),
            "INVALID_SIGNATURE",
        ),
        (
            lambda request: request.without(b"authorization").adding(
                (b"Authorization", b"AWS4-HMAC-SHA256 " + b"=," * 4000)
            ),
            "INVALID_SIGNATURE",
        ),
        (
            lambda request: request.without(b"authorization").adding(
                (b"Authorization", b"\xff\xfe \xe9")
            ),
            "INVALID_SIGNATURE",
        ),
        (
            lambda request: request.without(b"x-amz-security-token").adding(
                (b"X-Amz-Security-Token", b"\xff\xe9")
            ),
            "INVALID_SIGNATURE",
        ),
        (
            lambda request: request.without(b"x-amz-date").adding((b"X-Amz-Date", b"\xff")),
            "INVALID_SIGNATURE",
        ),
    ],
)
def test_what_is_missing_or_nonsense_is_refused(served: Served, change: Change, code: str) -> None:
    assert problem(served.send(change(served.signed())))[0] == code
