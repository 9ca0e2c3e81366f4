"""Access logs arrive in the deployed group, in the deployed format."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from botocore.credentials import Credentials

    from edge.conftest import Deployer
    from harness.edge import Edge

ACCOUNT, REGION, GROUP = "444444444444", "eu-west-1", "payments-access"
FIELDS = {
    "requestId": "$context.requestId",
    "caller": "$context.identity.userArn",
    "key": "$context.identity.apiKeyId",
    "ip": "$context.identity.sourceIp",
    "agent": "$context.identity.userAgent",
    "time": "$context.requestTime",
    "epoch": "$context.requestTimeEpoch",
    "method": "$context.httpMethod",
    "resource": "$context.resourcePath",
    "path": "$context.path",
    "status": "$context.status",
    "length": "$context.responseLength",
    "latency": "$context.responseLatency",
    "integration": "$context.integration.status",
    "error": "$context.error.responseType",
    "detail": "$context.error.validationErrorString",
    "authorized": "$context.authorize.status",
    "stage": "${context.stage}",
    "unknown": "$context.nobody.knows",
}


@pytest.fixture(scope="module")
def url(deployer: Deployer, edge: Edge) -> str:
    deployer.client("logs").create_log_group(logGroupName=GROUP)
    function = deployer.function("hi", "def handle(e, c):\n    return {'statusCode': 200}\n")
    api_id = deployer.api(
        {
            "/pets/{id}": {"get": deployer.operation(deployer.mock(), "sigv4")},
            "/hi": {"get": deployer.operation(deployer.proxy(function))},
        }
    )
    deployer.permit("hi", f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api_id}/*/*/*")
    deployer.deploy(api_id)
    settings = {
        "destinationArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{GROUP}",
        "format": json.dumps(FIELDS),
    }
    deployer.client("apigateway").update_stage(
        restApiId=api_id,
        stageName="live",
        patchOperations=[
            {"op": "replace", "path": f"/accessLogSettings/{name}", "value": value}
            for name, value in settings.items()
        ],
    )
    everything = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}
    denied = {
        "Effect": "Deny",
        "Action": "execute-api:Invoke",
        "Resource": "arn:aws:execute-api:*:*:*/pets/cat",
    }
    deployer.role("reader", everything, denied)
    edge.reload()
    return edge.invoke_url(api_id, "live")


@pytest.fixture
def logged(deployer: Deployer, edge: Edge) -> Callable[[httpx.Response], dict[str, Any]]:
    def find(response: httpx.Response) -> dict[str, Any]:
        edge.flush_logs()
        events = deployer.client("logs").filter_log_events(logGroupName=GROUP)["events"]
        lines = [json.loads(event["message"]) for event in events]
        wanted = response.headers["x-amzn-requestid"]
        (line,) = [line for line in lines if line["requestId"] == wanted]
        return dict(line)

    return find


def test_a_signed_request_is_logged_with_its_caller(
    url: str,
    http: httpx.Client,
    signed: Callable[..., httpx.Request],
    credentials: Callable[[str], Credentials],
    logged: Callable[[httpx.Response], dict[str, Any]],
) -> None:
    request = signed("GET", f"{url}/pets/dog", credentials("reader"), headers={"user-agent": "x/1"})
    response = http.send(request)
    assert response.status_code == 200
    line = logged(response)
    assert line.pop("time").endswith(" +0000")
    assert int(line.pop("epoch")) > 1_700_000_000_000
    assert 0 <= int(line.pop("latency")) < 5_000
    assert line == {
        "requestId": response.headers["x-amzn-requestid"],
        "caller": f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/session",
        "key": "-",
        "ip": "127.0.0.1",
        "agent": "x/1",
        "method": "GET",
        "resource": "/pets/{id}",
        "path": "/live/pets/dog",
        "status": "200",
        "length": str(len(response.content)),
        "integration": "-",
        "error": "-",
        "detail": "-",
        "authorized": "200",
        "stage": "live",
        "unknown": "-",
    }


def test_refusals_are_logged_with_their_reason(
    url: str,
    http: httpx.Client,
    signed: Callable[..., httpx.Request],
    credentials: Callable[[str], Credentials],
    logged: Callable[[httpx.Response], dict[str, Any]],
) -> None:
    denied = logged(http.send(signed("GET", f"{url}/pets/cat", credentials("reader"))))
    assert (denied["status"], denied["error"]) == ("403", "ACCESS_DENIED")
    assert denied["authorized"] == "403"
    unsigned = logged(http.get(f"{url}/pets/cat"))
    assert (unsigned["error"], unsigned["caller"]) == ("MISSING_AUTHENTICATION_TOKEN", "-")
    unknown = logged(http.get(f"{url}/nothing"))
    assert (unknown["resource"], unknown["path"]) == ("-", "/live/nothing")


def test_the_status_of_the_integration_is_logged(
    url: str, http: httpx.Client, logged: Callable[[httpx.Response], dict[str, Any]]
) -> None:
    assert logged(http.get(f"{url}/hi"))["integration"] == "200"
