"""The canonical request and the signature are botocore's, byte for byte."""

from __future__ import annotations

import datetime
import string
from hashlib import sha256
from typing import Any
from unittest import mock
from urllib.parse import quote

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from harness.client import sign_request
from harness.edge import signing, sigv4
from harness.edge.exchange import Refusal

REGION = "eu-west-1"
CREDENTIALS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "token/+=")
NOW = 1_800_000_000
TIMESTAMP = signing.timestamp_of(NOW)

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
encoded = text.map(lambda value: quote(value, safe="-_.~"))
segments = st.one_of(encoded, st.sampled_from(["", ".", "..", "a b".replace(" ", "%20"), "%2F"]))
paths = st.lists(segments, max_size=5).map(lambda parts: "/" + "/".join(parts))
queries = st.lists(st.tuples(encoded, encoded), max_size=4).map(
    lambda pairs: "&".join(f"{name}={value}" for name, value in pairs if name)
)
values = st.text(string.ascii_letters + string.digits + " \t,;=:\"'/", min_size=1, max_size=20)
headers = st.dictionaries(
    st.sampled_from(["X-One", "x-two", "Content-Type", "X-Amz-Meta", "Idempotency-Key"]), values
)
bodies = st.binary(max_size=40)


def signed_by_botocore(
    verb: str, path: str, query: str, given: dict[str, str], body: bytes
) -> tuple[str, AWSRequest]:
    """The canonical request that botocore made and the request it signed."""
    url = f"https://api.example.test{path}" + (f"?{query}" if query else "")
    request = AWSRequest(method=verb, url=url, data=body, headers=given)
    signer = SigV4Auth(CREDENTIALS, "execute-api", REGION)
    canonical: list[str] = []
    original = signer.canonical_request

    def remember(signing: Any) -> str:
        canonical.append(original(signing))
        return canonical[-1]

    moment = datetime.datetime.fromtimestamp(NOW, datetime.UTC)
    with (
        mock.patch.object(signer, "canonical_request", remember),
        mock.patch("botocore.auth.get_current_datetime", return_value=moment),
    ):
        signer.add_auth(request)
    return canonical[0], request


def received(request: AWSRequest) -> list[tuple[bytes, bytes]]:
    """The headers as a server sees them."""
    items = {"host": "api.example.test", **{k.lower(): v for k, v in request.headers.items()}}
    return [(name.encode(), value.strip().encode()) for name, value in items.items()]


@given(st.sampled_from(["GET", "POST", "DELETE"]), paths, queries, headers, bodies)
def test_the_canonical_request_is_botocores(
    verb: str, path: str, query: str, given: dict[str, str], body: bytes
) -> None:
    expected, request = signed_by_botocore(verb, path, query, given, body)
    signature = sigv4.parse_authorization(request.headers["Authorization"])
    actual = signing.canonical_request(
        verb,
        path,
        query,
        received(request),
        signature.signed_headers.split(";"),
        sha256(body).hexdigest(),
    )
    assert actual.decode() == expected


def verify(
    request: AWSRequest,
    *,
    verb: str = "POST",
    path: str = "/p",
    query: str = "",
    body: bytes = b"",
    headers: list[tuple[bytes, bytes]] | None = None,
) -> None:
    signature = sigv4.parse_authorization(request.headers["Authorization"])
    sigv4.check_scope(signature, REGION)
    sigv4.check_signature(
        signature,
        secret=CREDENTIALS.secret_key,
        timestamp=sigv4.check_time(signature, TIMESTAMP, NOW),
        verb=verb,
        raw_path=path.encode(),
        query=query.encode(),
        headers=received(request) if headers is None else headers,
        body=body,
    )


@given(paths, queries, headers, bodies)
def test_what_botocore_signs_is_accepted(
    path: str, query: str, given: dict[str, str], body: bytes
) -> None:
    _, request = signed_by_botocore("POST", path, query, given, body)
    verify(request, path=path, query=query, body=body)


@given(st.data())
def test_any_flipped_bit_is_refused(data: st.DataObject) -> None:
    path, query, body = "/merchants/m_abcd/payments", "limit=5&cursor=abc", b'{"amount":100}'
    given = {"X-One": "value", "Idempotency-Key": "key-1"}
    _, request = signed_by_botocore("POST", path, query, given, body)
    sent = received(request)
    names = [name for name, _ in sent if name not in (b"authorization",)]
    part = data.draw(st.sampled_from(["path", "query", "body", *names]))

    def flip(value: bytes) -> bytes:
        # Bit 0 of these alphanumeric parts never turns a byte into an equivalent encoding.
        at = data.draw(st.integers(0, len(value) - 1))
        return value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]

    changed = {
        "path": flip(path.encode()) if part == "path" else path.encode(),
        "query": flip(query.encode()) if part == "query" else query.encode(),
        "body": flip(body) if part == "body" else body,
    }
    headers = [(name, flip(value) if name == part else value) for name, value in sent]
    with pytest.raises(Refusal, match="does not match"):
        verify(
            request,
            path=changed["path"].decode("latin-1"),
            query=changed["query"].decode("latin-1"),
            body=changed["body"],
            headers=headers,
        )


def test_unsorted_and_repeated_parameters_are_one_query() -> None:
    assert signing.canonical_query("b=2&a=3&a=1&c&a=%7e") == "a=1&a=3&a=~&b=2&c="


def test_spaces_in_headers_collapse_and_repeated_headers_join() -> None:
    given = [(b"x-one", b"  a   b \t c "), (b"host", b"h"), (b"x-one", b"d")]
    assert signing.canonical_headers(given, ["host", "x-one"]) == b"host:h\nx-one:a b c,d\n"


# The worked example of "Create a signed AWS API request", signature included.
def test_the_documented_signing_key() -> None:
    key = signing.signing_key(
        "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", "us-east-1", "iam"
    )
    assert key.hex() == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"


GOOD = (
    "AWS4-HMAC-SHA256 Credential=AKID/20270115/eu-west-1/execute-api/aws4_request, "
    f"SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
)


def test_parts_may_come_in_any_order() -> None:
    algorithm, _, parts = GOOD.partition(" ")
    turned = f"{algorithm} " + ",".join(reversed(parts.split(", ")))
    assert sigv4.parse_authorization(turned) == sigv4.parse_authorization(GOOD)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("Basic dXNlcjpwYXNz", "'Basic' is not a supported algorithm"),
        ("AWS4-HMAC-SHA256", "not a valid key=value pair"),
        ("AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request", "requires 'SignedHeaders'"),
        (GOOD.replace("Signature", "Sig"), "requires 'Signature'"),
        (GOOD.replace("/aws4_request", ""), "five slash-separated elements"),
        (GOOD.replace("aws4_request", "aws5_request"), "five slash-separated elements"),
        (GOOD + ", Signature=1", "not a valid key=value pair"),
    ],
)
def test_incomplete_headers_are_explained(header: str, message: str) -> None:
    with pytest.raises(Refusal, match=message) as refused:
        sigv4.parse_authorization(header)
    assert refused.value.error_type == "IncompleteSignatureException"


@pytest.mark.parametrize(
    ("date", "timestamp", "message"),
    [
        ("20270115", signing.timestamp_of(NOW - 301), "Signature expired"),
        ("20270115", signing.timestamp_of(NOW + 301), "Signature not yet current"),
        ("20270114", TIMESTAMP, "does not match YYYYMMDD"),
        ("20270115", "2027-01-15T08:00:00Z", "ISO8601 basic format"),
        ("20270115", None, "X-Amz-Date"),
    ],
)
def test_times_off_by_more_than_five_minutes_are_refused(
    date: str, timestamp: str | None, message: str
) -> None:
    signature = sigv4.parse_authorization(GOOD)._replace(date=date)
    with pytest.raises(Refusal, match=message):
        sigv4.check_time(signature, timestamp, NOW)


@pytest.mark.parametrize("skew", [-300, 0, 300])
def test_times_within_five_minutes_are_accepted(skew: int) -> None:
    timestamp = signing.timestamp_of(NOW + skew)
    assert sigv4.check_time(sigv4.parse_authorization(GOOD), timestamp, NOW) == timestamp


@pytest.mark.parametrize("swap", [{"region": "us-east-1"}, {"service": "s3"}])
def test_credentials_for_elsewhere_are_refused(swap: dict[str, str]) -> None:
    with pytest.raises(Refusal, match="should be scoped"):
        sigv4.check_scope(sigv4.parse_authorization(GOOD)._replace(**swap), REGION)


def test_the_host_must_be_signed_and_signed_headers_sent() -> None:
    _, request = signed_by_botocore("POST", "/p", "", {"X-One": "1"}, b"")
    absent = [(name, value) for name, value in received(request) if name != b"x-one"]
    with pytest.raises(Refusal, match="'x-one' is named as a SignedHeader"):
        verify(request, headers=absent)
    unbound = request.headers["Authorization"].replace("host;", "")
    del request.headers["Authorization"]
    request.headers["Authorization"] = unbound
    with pytest.raises(Refusal, match="'Host' must be a 'SignedHeader'"):
        verify(request)


@given(queries, st.binary(max_size=40))
def test_the_client_signs_as_botocore_does(query: str, body: bytes) -> None:
    url = "https://api.example.test/live/merchants/m_abcd/payments"
    request = httpx.Request(
        "POST",
        httpx.URL(url, query=query.encode()) if query else url,
        content=body,
        headers={"Idempotency-Key": "k-1", "Content-Type": "application/json", "X-Api-Key": "x"},
    )
    sign_request(
        request,
        access_key_id=CREDENTIALS.access_key,
        secret_access_key=CREDENTIALS.secret_key,
        session_token=CREDENTIALS.token,
        region=REGION,
        now=NOW,
    )
    path, _, sent_query = request.url.raw_path.decode().partition("?")
    ours = {
        name: request.headers[name] for name in ("Idempotency-Key", "Content-Type", "X-Api-Key")
    }
    _, theirs = signed_by_botocore("POST", path, sent_query, ours, body)
    assert request.headers["Authorization"] == theirs.headers["Authorization"]
