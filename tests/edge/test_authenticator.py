"""Who may sign at all: expired sessions are refused, users need no session token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.credentials import Credentials

from harness.edge import sigv4
from harness.edge.exchange import Exchange, Refusal
from harness.edge.integrations import Mock
from harness.edge.pipeline import Authenticator
from harness.edge.principals import Caller, Directory
from harness.edge.table import Method
from harness.iam import Permissions

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

URL = "http://127.0.0.1:1/live/pets"
METHOD = Method(
    verb="GET",
    resource_path="/pets",
    resource_id="r1",
    operation_name=None,
    signed=True,
    key_required=False,
    validator=None,
    integration=Mock({}, "GET /pets"),
    bucket=None,
)


class Known(Directory):
    """Knows one caller."""

    def __init__(self, caller: Caller) -> None:
        super().__init__(boto3.Session(), "http://127.0.0.1:1", "444444444444")
        self._callers[caller.access_key] = caller


def caller(token: str | None, expires_at: float | None) -> Caller:
    return Caller(
        access_key="AKIDEXAMPLE",
        secret="secret",
        session_token=token,
        account_id="444444444444",
        arn="arn:aws:iam::444444444444:user/till",
        role_arn=None,
        principal_id="AIDAEXAMPLE",
        expires_at=expires_at,
        permissions=Permissions((), None, {}),
    )


@pytest.fixture
def authenticate(
    exchange: Callable[..., Exchange], signed: Callable[..., httpx.Request]
) -> Callable[..., Exchange]:
    """Pass a signed request, received ``lateness`` seconds after it was sent."""

    def run(known: Caller, *, lateness: float = 0) -> Exchange:
        credentials = Credentials(known.access_key, known.secret, known.session_token)
        sent = signed("GET", URL, credentials)
        epoch = sigv4._epoch(sent.headers["x-amz-date"])
        request = exchange("GET", "/pets", headers=dict(sent.headers), now=epoch + lateness)
        request.method = METHOD
        assert Authenticator(Known(known))(request) is None
        return request

    return run


def test_a_user_signs_without_a_session_token(authenticate: Callable[..., Exchange]) -> None:
    known = caller(None, None)
    assert authenticate(known).caller is known


def test_a_session_is_accepted_until_it_expires(authenticate: Callable[..., Exchange]) -> None:
    known = caller("token", expires_at=4_000_000_000)
    assert authenticate(known).caller is known
    with pytest.raises(Refusal) as refused:
        authenticate(caller("token", expires_at=1_000_000_000))
    assert refused.value.response_type == "EXPIRED_TOKEN"
    assert refused.value.error_type == "ExpiredTokenException"


def test_the_window_is_five_minutes(authenticate: Callable[..., Exchange]) -> None:
    authenticate(caller(None, None), lateness=300)
    with pytest.raises(Refusal, match="Signature expired"):
        authenticate(caller(None, None), lateness=301)
