"""The payments client reaches a deployed API with requests that the edge accepts."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from harness.client import SignedClient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx
    from botocore.credentials import Credentials

    from edge.conftest import Deployer
    from harness.edge import Edge

ACCOUNT, REGION = "444444444444", "eu-west-1"
KEY = "merchant-key-000000001"
ECHO = """
import json
def handle(event, context):
    seen = {name: event[name] for name in ("httpMethod", "path", "queryStringParameters", "body")}
    seen["key"] = event["headers"].get("idempotency-key")
    return {"statusCode": 200, "body": json.dumps(seen)}
"""


@pytest.fixture(scope="module")
def base_url(deployer: Deployer, edge: Edge) -> str:
    echo = deployer.proxy(deployer.function("echo", ECHO))
    operation = deployer.operation(echo, "sigv4", "api_key")
    any_method = {"x-amazon-apigateway-any-method": operation}
    api_id = deployer.api({"/merchants/{merchant_id}/{rest+}": any_method})
    deployer.permit("echo", f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api_id}/*/*/*")
    deployer.deploy(api_id)
    deployer.key({"apiStages": [{"apiId": api_id, "stage": "live"}]}, KEY)
    own = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api_id}/live/*/merchants/m_rivertown/*"
    deployer.role("merchant", {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": own})
    edge.reload()
    return edge.invoke_url(api_id, "live") + "/merchants/m_rivertown"


MONEY = {"amount": 100, "currency": "EUR"}
PAYMENT = "/merchants/m_rivertown/payments"


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (
            lambda client: client.authorize(MONEY, idempotency_key="k1"),
            ("POST", PAYMENT, None, MONEY, "k1"),
        ),
        (
            lambda client: client.capture("pay_1", MONEY, idempotency_key="k2"),
            ("POST", f"{PAYMENT}/pay_1/captures", None, MONEY, "k2"),
        ),
        (
            lambda client: client.refund("pay_1", MONEY, idempotency_key="k3"),
            ("POST", f"{PAYMENT}/pay_1/refunds", None, MONEY, "k3"),
        ),
        (
            lambda client: client.void("pay_1", idempotency_key="k4"),
            ("POST", f"{PAYMENT}/pay_1/void", None, {}, "k4"),
        ),
        (lambda client: client.get("pay_1"), ("GET", f"{PAYMENT}/pay_1", None, None, None)),
        (lambda client: client.list(), ("GET", PAYMENT, None, None, None)),
        (
            lambda client: client.list(limit=5, cursor="a+b/c= d&e"),
            ("GET", PAYMENT, {"limit": "5", "cursor": "a+b/c= d&e"}, None, None),
        ),
    ],
)
def test_every_operation_is_signed_and_arrives(
    base_url: str,
    credentials: Callable[[str], Credentials],
    call: Callable[[SignedClient], Awaitable[httpx.Response]],
    expected: tuple[Any, ...],
) -> None:
    me = credentials("merchant")

    async def send() -> httpx.Response:
        async with SignedClient(
            base_url,
            access_key_id=me.access_key,
            secret_access_key=me.secret_key,
            session_token=me.token,
            region=REGION,
            api_key=KEY,
        ) as client:
            return await call(client)

    response = asyncio.run(send())
    assert response.status_code == 200, response.text
    seen = response.json()
    body = json.loads(seen["body"]) if seen["body"] else None
    arrived = (seen["httpMethod"], seen["path"], seen["queryStringParameters"], body, seen["key"])
    assert arrived == expected
