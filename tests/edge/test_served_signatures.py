"""A deployed API accepts what botocore and curl sign, and nothing that was touched since."""

from __future__ import annotations

import datetime
import json
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx
    from botocore.credentials import Credentials

    from edge.conftest import Deployer
    from harness.aws import EmbeddedAWS
    from harness.edge import Edge

ACCOUNT, REGION = "444444444444", "eu-west-1"
PATH = "/merchants/m_rivertown/payments"
PAYMENT = b'{"amount":100}'


@dataclass
class Served:
    """The API under test and how to call it."""

    url: str
    http: httpx.Client
    sign: Callable[..., httpx.Request]
    me: Credentials

    def pay(self, *, credentials: Credentials | None = None, **headers: str) -> httpx.Response:
        """Post a payment; underscores in header names stand for hyphens."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.send(
            self.sign("POST", self.url + PATH, credentials or self.me, body=PAYMENT, headers=given)
        )


@pytest.fixture(scope="module")
def served(
    aws: EmbeddedAWS,
    deployer: Deployer,
    edge: Edge,
    http: httpx.Client,
    signed: Callable[..., httpx.Request],
) -> Served:
    operation = deployer.operation(deployer.mock(), "sigv4")
    api_id = deployer.api(
        {"/merchants/{merchant_id}/payments": {"get": operation, "post": operation}}
    )
    deployer.deploy(api_id)
    deployer.role("payer", {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"})
    edge.reload()
    me = aws.session(ACCOUNT, "payer", "session").get_credentials()
    assert me is not None
    return Served(edge.invoke_url(api_id, "live"), http, signed, me)


def refusal(response: httpx.Response) -> str:
    """The message of a 403."""
    assert response.status_code == 403
    return str(response.json()["message"])


def test_what_botocore_signs_is_accepted(served: Served) -> None:
    response = served.pay(x_one="a   b")
    assert (response.status_code, response.json()) == (200, {"ok": True})


@pytest.mark.parametrize(
    ("change", "title"),
    [
        ({"secret_key": "wrong"}, "does not match"),
        ({"access_key": "ASIAUNKNOWN"}, "security token included in the request is invalid"),
        ({"token": "another"}, "security token included in the request is invalid"),
        ({"token": None}, "security token included in the request is invalid"),
    ],
)
def test_wrong_credentials_are_refused(
    served: Served, change: Mapping[str, str | None], title: str
) -> None:
    wrong = type(served.me)(served.me.access_key, served.me.secret_key, served.me.token)
    for name, value in change.items():
        setattr(wrong, name, value)
    response = served.pay(credentials=wrong)
    assert response.status_code == 403
    assert title in refusal(response)


@pytest.mark.parametrize("changed", ["body", "header", "path", "query", "method"])
def test_a_request_changed_after_signing_is_refused(served: Served, changed: str) -> None:
    url = f"{served.url}{PATH}?limit=1"
    request = served.sign("POST", url, served.me, body=PAYMENT, headers={"x-one": "1"})
    headers, body, method = dict(request.headers), PAYMENT, "POST"
    if changed == "body":
        body = b'{"amount":900}'
    elif changed == "header":
        headers["x-one"] = "2"
    elif changed == "path":
        url = url.replace("m_rivertown", "m_rivertowm")
    elif changed == "query":
        url += "0"
    else:
        method = "GET"
    response = served.http.request(method, url, content=body, headers=headers)
    assert response.headers["x-amzn-errortype"] == "InvalidSignatureException"


def test_a_captured_request_is_useless_after_five_minutes(served: Served) -> None:
    late = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=301)
    with mock.patch("botocore.auth.get_current_datetime", return_value=late):
        response = served.pay()
    assert refusal(response).startswith("Signature expired: ")


@pytest.mark.parametrize(
    ("header", "title"),
    [
        ("UNSIGNED-PAYLOAD", "'UNSIGNED-PAYLOAD' is not accepted"),
        ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "is not accepted"),
    ],
)
def test_the_payload_must_be_signed(served: Served, header: str, title: str) -> None:
    assert title in refusal(served.pay(x_amz_content_sha256=header))


def test_presigned_requests_are_refused_clearly(served: Served) -> None:
    url = f"{served.url}{PATH}?limit=1&X-Amz-Signature=00"
    response = served.http.get(url)
    assert "Presigned requests are not supported" in refusal(response)


@pytest.fixture(scope="module")
def curl(served: Served) -> Callable[..., dict[str, Any]]:
    found = shutil.which("curl")
    if found is None:
        pytest.fail("install curl 7.75 or newer: it's the client that no one here wrote")

    def run(path: str, *more: str) -> dict[str, Any]:
        command = [found, "--silent", "--show-error", "--write-out", "%{http_code}"]
        command += ["--aws-sigv4", f"aws:amz:{REGION}:execute-api"]
        command += ["--user", f"{served.me.access_key}:{served.me.secret_key}"]
        command += ["--header", f"x-amz-security-token: {served.me.token}", *more]
        output = subprocess.run(
            [*command, served.url + path], check=True, capture_output=True, text=True, timeout=30
        ).stdout
        return {"status": int(output[-3:]), "body": json.loads(output[:-3])}

    return run


def test_curl_signs_a_payment(curl: Callable[..., dict[str, Any]]) -> None:
    answer = curl(
        PATH,
        *("--header", "x-two:  a   b", "--header", "idempotency-key: k1"),
        *("--header", "content-type: application/json", "--data", PAYMENT.decode()),
    )
    assert answer == {"status": 200, "body": {"ok": True}}


def test_curl_signs_a_sorted_query(curl: Callable[..., dict[str, Any]]) -> None:
    answer = curl(PATH + "?cursor=abc&limit=5")
    assert answer == {"status": 200, "body": {"ok": True}}


def test_curl_for_another_service_is_refused(curl: Callable[..., dict[str, Any]]) -> None:
    answer = curl(PATH + "?limit=5", "--aws-sigv4", "aws:amz:eu-west-1:s3")
    assert answer["status"] == 403
    assert "correct service" in answer["body"]["message"]
