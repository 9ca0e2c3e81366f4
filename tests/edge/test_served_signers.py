"""A served API takes what others sign, and with a byte changed it answers anything but 200."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge import signed_requests
from edge.curl import Curl
from edge.raw_http import Request, ask
from edge.signed_requests import Plain, change, sign_with_botocore
from edge.signers import NAMES, JavaScriptSigners

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.credentials import Credentials

    from edge.conftest import Deployer
    from harness.aws import EmbeddedAWS
    from harness.edge import Edge

    Sign = Callable[[Plain, Credentials, int], Request]

ACCOUNT, REGION = "444444444444", signed_requests.REGION
CHANGES = 6  # of each request
seeds = st.integers(0, 2**32)


@dataclass
class Served:
    """An API whose every path answers, to those who signed."""

    url: str
    me: Credentials

    def placed(self, plain: Plain) -> Plain:
        """A request at this API's address."""
        parts = urlsplit(self.url)
        return replace(plain, host=parts.netloc, path=parts.path + plain.path)

    def hold(self, plain: Plain, sign: Sign, seed: int) -> None:
        """The request is accepted, and every change of a byte noticed that means anything."""
        request = sign(self.placed(plain), self.me, int(time.time()))
        reply = ask(self.url, request)
        assert reply is not None
        assert (reply.status, reply.body) == (200, b'{"ok":true}'), request
        choose = random.Random(seed)  # noqa: S311 - which byte, no secret
        for _ in range(CHANGES):
            changed = change(request, choose)
            answer = ask(self.url, changed.request)
            if changed.ignored:  # what isn't signed may still be no resource: /a//b
                assert answer is not None
                assert answer.status in (200, 403), changed
            else:
                assert answer is None or answer.status in (400, 403), changed


@pytest.fixture(scope="module")
def served(aws: EmbeddedAWS, deployer: Deployer, edge: Edge) -> Served:
    operation = deployer.operation(deployer.mock(), "sigv4")
    api_id = deployer.api({"/{proxy+}": {"x-amazon-apigateway-any-method": operation}})
    deployer.deploy(api_id)
    deployer.role("signer", {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"})
    edge.reload()
    me = aws.session(ACCOUNT, "signer", "session").get_credentials()
    assert me is not None
    return Served(edge.invoke_url(api_id, "live"), me)


@pytest.fixture(scope="module")
def javascript() -> Iterator[JavaScriptSigners]:
    with JavaScriptSigners() as signers:
        yield signers


@pytest.fixture(scope="module")
def curl() -> Iterator[Curl]:
    with Curl() as running:
        yield running


few = settings(max_examples=15, deadline=None)


@few
@given(plain=signed_requests.requests(signed_requests.routed), seed=seeds)
def test_botocore(served: Served, plain: Plain, seed: int) -> None:
    served.hold(plain, sign_with_botocore, seed)


@pytest.mark.parametrize("signer", NAMES)
@few
@given(plain=signed_requests.requests(signed_requests.routed), seed=seeds)
def test_javascript(
    served: Served, javascript: JavaScriptSigners, signer: str, plain: Plain, seed: int
) -> None:
    def sign(plain: Plain, me: Credentials, epoch: int) -> Request:
        return plain.signed(javascript.sign(signer, plain, me, REGION, epoch))

    served.hold(plain, sign, seed)


@few
@given(plain=signed_requests.curl_requests(), seed=seeds)
def test_curl(served: Served, curl: Curl, plain: Plain, seed: int) -> None:
    served.hold(plain, lambda plain, me, _: curl.sign(plain, me, REGION), seed)
