"""What others sign is accepted; with a single byte changed it is refused."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from edge import signed_requests
from edge.curl import Curl
from edge.exchanges import received
from edge.signed_requests import Plain, change, sign_with_botocore
from edge.signers import NAMES, JavaScriptSigners
from harness.edge import sigv4
from harness.edge.exchange import Refusal
from harness.edge.pipeline import Authenticator
from harness.edge.principals import Caller, Directory
from harness.iam import Permissions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.raw_http import Request

REGION = signed_requests.REGION
CREDENTIALS = Credentials("ASIAEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "token/+=")
NOW = 1_800_000_000
CHANGES = 25  # of each request


class OneCaller(Directory):
    """Knows one caller, and nobody else."""

    def __init__(self) -> None:
        super().__init__(boto3.Session(), "http://127.0.0.1:1", "444444444444")
        self._callers[CREDENTIALS.access_key] = Caller(
            access_key=CREDENTIALS.access_key,
            secret=CREDENTIALS.secret_key,
            session_token=CREDENTIALS.token,
            account_id="444444444444",
            arn="arn:aws:sts::444444444444:assumed-role/merchant/session",
            role_arn="arn:aws:iam::444444444444:role/merchant",
            principal_id="AROAEXAMPLE:session",
            expires_at=NOW + 10_000_000_000,
            permissions=Permissions((), None, {}),
        )


AUTHENTICATE = Authenticator(OneCaller())


def accepts(request: Request, epoch: int) -> bool:
    """Whether the edge's first stage takes a request, received at some time."""
    exchange = received(request, epoch)
    try:
        pending = AUTHENTICATE(exchange)
    except Refusal:
        return False
    if pending is not None:  # nobody known has the access key, so it would be looked up
        pending.close()  # type: ignore[attr-defined] # a coroutine
        return False
    return exchange.caller is not None


@pytest.fixture(scope="module")
def javascript() -> Iterator[JavaScriptSigners]:
    with JavaScriptSigners() as signers:
        yield signers


@pytest.fixture(scope="module")
def curl() -> Iterator[Curl]:
    with Curl() as running:
        yield running


seeds = st.integers(0, 2**32)


def hold(request: Request, epoch: int, seed: int) -> None:
    """The request is accepted, and every change of a byte noticed that means anything."""
    assert accepts(request, epoch), request
    choose = random.Random(seed)  # noqa: S311 - which byte, no secret
    for _ in range(CHANGES):
        changed = change(request, choose)
        assert accepts(changed.request, epoch) is bool(changed.ignored), changed


@settings(max_examples=150)
@given(signed_requests.requests(), seeds)
def test_botocore(plain: Plain, seed: int) -> None:
    hold(sign_with_botocore(plain, CREDENTIALS, NOW), NOW, seed)


@pytest.mark.parametrize("signer", NAMES)
@settings(max_examples=150)
@given(plain=signed_requests.requests(), seed=seeds)
def test_javascript(
    javascript: JavaScriptSigners,
    signer: str,
    plain: Plain,
    seed: int,
) -> None:
    headers = javascript.sign(signer, plain, CREDENTIALS, REGION, NOW)
    hold(plain.signed(headers), NOW, seed)


@settings(max_examples=50, deadline=None)
@given(plain=signed_requests.curl_requests(), seed=seeds)
def test_curl(curl: Curl, plain: Plain, seed: int) -> None:
    request = curl.sign(plain, CREDENTIALS, REGION)
    epoch = sigv4._epoch(request.value(b"x-amz-date").decode())
    hold(request, epoch, seed)


def test_changes_reach_everything_and_few_mean_nothing() -> None:
    """What the tests above change, on a request that has all there is to change."""
    plain = Plain("POST", "/a//b", "b=%2F&a=&a=1", {"x-one": "a  b"}, b"body")
    request = sign_with_botocore(plain, CREDENTIALS, NOW)
    choose = random.Random(1)  # noqa: S311 - no secret
    changes = [change(request, choose) for _ in range(20_000)]
    headers = ("authorization", "host", "x-amz-date", "x-amz-security-token", "x-one")
    places = {f"{part} of {header}" for header in headers for part in ("name", "value")}
    assert {each.where for each in changes} == {"verb", "path", "query", "body", *places}
    ignored = Counter(each.ignored for each in changes if each.ignored)
    assert len(ignored) == 4, ignored
    assert ignored.total() < 0.05 * len(changes)
