"""Requests as hypothesis makes them up, signed by several hands, and spoiled by a byte."""

from __future__ import annotations

import datetime
import re
import string
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from unittest import mock
from urllib.parse import quote, unquote_to_bytes

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.utils import normalize_url_path
from hypothesis import strategies as st

from edge.raw_http import Request

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from botocore.credentials import Credentials

REGION = "eu-west-1"
_SIGNED_HEADERS = re.compile(rb"SignedHeaders=([^,]*)")
_CONTENT_LENGTH = b"content-length"


@dataclass(frozen=True)
class Plain:
    """A request before it is signed; path and query as they are sent."""

    verb: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    host: str = "api.example.test"

    def signed(self, headers: dict[str, str]) -> Request:
        """With the headers that a signer made of its own."""
        sent = {"host": self.host, **{name.lower(): value for name, value in headers.items()}}
        if self.body:
            sent["content-length"] = str(len(self.body))
        pairs = [(name.encode(), str(value).strip().encode()) for name, value in sent.items()]
        target = self.path + (f"?{self.query}" if self.query else "")
        return Request(self.verb.encode(), target.encode(), pairs, self.body)


_UNRESERVED = string.ascii_letters + string.digits + "-._~"
_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_encoded = _text.map(lambda value: quote(value, safe=_UNRESERVED))
_twice = _encoded.map(lambda value: quote(value, safe=_UNRESERVED))
_segment = st.one_of(_encoded, _twice, st.sampled_from(["%2F", "%2e%2e", "%25", "a%20b"]))
_folded = st.sampled_from(["", ".", ".."])
_value = st.text(string.ascii_letters + string.digits + "  ,;=:\"'/\t", min_size=1, max_size=20)
_header = st.dictionaries(
    st.sampled_from(["X-One", "x-two", "Content-Type", "X-Amz-Meta", "Idempotency-Key"]),
    _value.filter(str.strip),
)
_verb = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"])


def _joined(pairs: list[tuple[str, str | None]]) -> str:
    return "&".join(name if value is None else f"{name}={value}" for name, value in pairs)


# Names repeat, values are empty or absent, and nothing is sorted.
_name = st.one_of(_encoded.filter(bool), st.sampled_from(["limit", "a", "A"]))
queries = st.lists(st.tuples(_name, st.one_of(_encoded, st.none())), max_size=5).map(_joined)
paths = st.lists(st.one_of(_segment, _folded), max_size=5).map(lambda parts: "/" + "/".join(parts))
# What a resource is found for: the edge routes paths as they are sent.
routed = st.lists(_segment.filter(bool), min_size=1, max_size=4).map(
    lambda parts: "/" + "/".join(parts)
)


def requests(path: st.SearchStrategy[str] = paths) -> st.SearchStrategy[Plain]:
    """Requests of any kind that a client library can express."""
    return st.builds(Plain, _verb, path, queries, _header, st.binary(max_size=40))


_plain_text = st.text(_UNRESERVED, min_size=1, max_size=8)
_plain_segment = _plain_text.filter(lambda text: text.strip("."))


def _sorted(pairs: dict[str, str]) -> str:
    return "&".join(f"{name}={value}" for name, value in sorted(pairs.items()))


def curl_requests() -> st.SearchStrategy[Plain]:
    """Requests that every curl with SigV4 signs correctly.

    Until 8.3 curl signs the path as it is sent, where all services but S3 want it encoded once
    more, and the query as it is sent, neither sorted nor completed: so there are no escapes in
    paths, and queries are in order, without repetition. Names of curl's options for headers end
    at a tab in none of them, but it leaves tabs inside a value alone: there are only spaces.
    """
    path = st.lists(_plain_segment, min_size=1, max_size=4).map(lambda all_: "/" + "/".join(all_))
    query = st.dictionaries(_plain_text, _plain_text, max_size=3).map(_sorted)
    value = _value.map(lambda text: text.replace("\t", " ")).filter(str.strip)
    names = st.sampled_from(["X-One", "x-two", "Content-Type", "Idempotency-Key"])
    headers = st.dictionaries(names, value)
    return st.builds(Plain, _verb, path, query, headers, st.binary(max_size=40))


def sign_with_botocore(plain: Plain, credentials: Credentials, epoch: int) -> Request:
    """Sign as boto3 does, at some time."""
    query = f"?{plain.query}" if plain.query else ""
    url = f"https://{plain.host}{plain.path}{query}"
    request = AWSRequest(method=plain.verb, url=url, data=plain.body, headers=plain.headers)
    moment = datetime.datetime.fromtimestamp(epoch, datetime.UTC)
    with mock.patch("botocore.auth.get_current_datetime", return_value=moment):
        SigV4Auth(credentials, "execute-api", REGION).add_auth(request)
    return plain.signed(dict(request.headers.items()))


@dataclass(frozen=True)
class Change:
    """One byte of a signed request is another, one more or one less.

    ``ignored`` says why the signature is still good, if it is.
    """

    where: str
    request: Request
    before: bytes = field(repr=False)
    after: bytes = field(repr=False)
    ignored: str | None


def change(request: Request, choose: random.Random) -> Change:
    """Change one byte somewhere in what was signed, the signature itself included."""
    path, mark, query = request.target.partition(b"?")
    parts: dict[str, tuple[bytes, Callable[[bytes], Request], bytes]] = {
        "verb": (request.verb, lambda new: replace(request, verb=new), _TOKEN),
        "path": (path[1:], lambda new: replace(request, target=b"/" + new + mark + query), _PATH),
        "query": (query, lambda new: replace(request, target=path + b"?" + new), _QUERY),
        "body": (request.body, lambda new: _with_body(request, new), bytes(range(256))),
    }
    for number, (name, value) in enumerate(request.headers):
        if name not in signed_names(request):
            continue
        label = name.decode()
        parts[f"name of {label}"] = (name, _renamed(request, number), _NAME)
        parts[f"value of {label}"] = (value, _revalued(request, number), _VALUE)
    where = choose.choice(list(parts))
    before, rebuild, alphabet = parts[where]
    after = _spoil(before, alphabet, choose)
    kind = where.partition(" of ")[0]
    ignored = _IGNORED[kind if where != "value of authorization" else where](before, after)
    return Change(where, rebuild(after), before, after, ignored)


def signed_names(request: Request) -> set[bytes]:
    """The headers that a signature covers, and the one that carries it."""
    found = _SIGNED_HEADERS.search(request.value(b"authorization"))
    return {*(found[1].split(b";") if found else ()), b"authorization"}


_TOKEN = string.ascii_uppercase.encode()
_PATH = bytes(set(range(0x21, 0x7F)) - set(b"?#"))  # these two end a path
_QUERY = bytes(set(range(0x21, 0x7F)) - set(b"#"))
_NAME = (string.ascii_lowercase + string.digits + "-_").encode()
_VALUE = bytes(range(0x20, 0x7F)) + b"\t"


def _spoil(value: bytes, alphabet: bytes, choose: random.Random) -> bytes:
    """Replace, insert or delete a byte."""
    at = choose.randrange(len(value) + 1)
    kind = choose.choice(("replace", "insert", "delete"))
    if at == len(value) or kind == "insert":
        return value[:at] + bytes([choose.choice(alphabet)]) + value[at:]
    if kind == "delete":
        return value[:at] + value[at + 1 :]
    other = [byte for byte in alphabet if byte != value[at]]
    return value[:at] + bytes([choose.choice(other)]) + value[at + 1 :]


def _with_body(request: Request, body: bytes) -> Request:
    length = (_CONTENT_LENGTH, b"%d" % len(body))
    return replace(request.without(_CONTENT_LENGTH).adding(length), body=body)


def _renamed(request: Request, number: int) -> Callable[[bytes], Request]:
    def rebuild(name: bytes) -> Request:
        headers = list(request.headers)
        headers[number] = (name, headers[number][1])
        return replace(request, headers=headers)

    return rebuild


def _revalued(request: Request, number: int) -> Callable[[bytes], Request]:
    def rebuild(value: bytes) -> Request:
        headers = list(request.headers)
        headers[number] = (headers[number][0], value)
        return replace(request, headers=headers)

    return rebuild


def _never(_: bytes, __: bytes) -> str | None:
    return None


def _same_path(before: bytes, after: bytes) -> str | None:
    folded = [normalize_url_path("/" + path.decode()) for path in (before, after)]
    return "empty and dot segments aren't signed" if folded[0] == folded[1] else None


def _same_query(before: bytes, after: bytes) -> str | None:
    def meaning(query: bytes) -> list[tuple[bytes, bytes]]:
        pairs = (part.partition(b"=") for part in query.split(b"&")) if query else ()
        return sorted((unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in pairs)

    same = meaning(before) == meaning(after)
    return "the spelling of escapes, and = after a bare name, aren't signed" if same else None


def _same_value(before: bytes, after: bytes) -> str | None:
    same = before.split() == after.split()
    return "blanks around a value, and how many are inside, aren't signed" if same else None


def _same_authorization(before: bytes, after: bytes) -> str | None:
    def meaning(value: bytes) -> list[bytes]:
        algorithm, _, parts = value.strip().partition(b" ")
        return [algorithm, *(part.strip() for part in parts.split(b","))]

    same = meaning(before) == meaning(after)
    return "blanks between the parts of Authorization mean nothing" if same else None


_IGNORED: dict[str, Callable[[bytes, bytes], str | None]] = {
    "verb": _never,
    "path": _same_path,
    "query": _same_query,
    "body": _never,
    "name": _never,
    "value": _same_value,
    "value of authorization": _same_authorization,
}
