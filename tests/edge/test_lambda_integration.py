"""AWS_PROXY: the event that functions get, and what clients get when they fail."""

from __future__ import annotations

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from botocore.credentials import Credentials

    from edge.conftest import Deployer
    from harness.edge import Edge

ACCOUNT, REGION = "444444444444", "eu-west-1"
KEY = "echo-key-0000000000001"

ECHO = """
import json
def handle(event, context):
    return {"statusCode": 200, "body": json.dumps(event), "headers": {"X-One": "1"},
            "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]}}
"""
# Every behaviour that a path segment can ask for.
MOODY = """
import os, time
def handle(event, context):
    mood = event["pathParameters"]["mood"]
    if mood == "raise":
        raise ValueError("no")
    if mood == "die":
        os._exit(3)
    if mood == "slow":
        time.sleep(30)
    if mood == "nap":
        time.sleep(1)
        return {"statusCode": "202", "body": "rested"}
    if mood == "none":
        return None
    if mood == "text":
        return "hello"
    if mood == "status":
        return {"statusCode": "fine"}
    if mood == "body":
        return {"statusCode": 200, "body": {"not": "a string"}}
    if mood == "header":
        return {"statusCode": 200, "headers": {"X-One": "a\\r\\nX-Two: b"}}
    if mood == "base64":
        return {"statusCode": 200, "body": "AAECAw==", "isBase64Encoded": True,
                "headers": {"Content-Type": "image/png"}}
    if mood == "remapped":
        return {"statusCode": 204, "headers": {"Date": "today", "Server": "mine"}}
    return {"statusCode": 200, "body": str(os.getpid())}
"""


@pytest.fixture(scope="module")
def api(deployer: Deployer) -> str:
    echo = deployer.function("echo", ECHO)
    moody = deployer.function("moody", MOODY, Timeout=2)
    single = deployer.function("single", MOODY)
    deployer.client("lambda").put_function_concurrency(
        FunctionName="single", ReservedConcurrentExecutions=1
    )
    forbidden = deployer.function("forbidden", ECHO)
    impatient = deployer.proxy(moody, timeoutInMillis=200)
    any_method = "x-amazon-apigateway-any-method"
    api_id = deployer.api(
        {
            "/merchants/{merchant_id}/echo": {
                "post": deployer.operation(
                    deployer.proxy(echo), "sigv4", "api_key", operationId="echoBack"
                )
            },
            "/moods/{mood}": {any_method: deployer.operation(deployer.proxy(moody))},
            "/impatient/{mood}": {"get": deployer.operation(impatient)},
            "/hasty/{mood}": {
                "get": deployer.operation(deployer.proxy(single, timeoutInMillis=100))
            },
            "/single/{mood}": {"get": deployer.operation(deployer.proxy(single))},
            "/forbidden": {"get": deployer.operation(deployer.proxy(forbidden))},
            "/missing": {"get": deployer.operation(deployer.proxy(echo + "-gone"))},
        },
        extensions={"binary-media-types": ["image/png"]},
    )
    everything = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api_id}/*/*/*"
    for name in ("echo", "moody", "single"):
        deployer.permit(name, everything)
    deployer.permit(
        "forbidden", f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api_id}/*/POST/forbidden"
    )
    deployer.deploy(api_id, variables={"color": "blue"})
    deployer.key({"apiStages": [{"apiId": api_id, "stage": "live"}]}, KEY)
    deployer.role(
        "merchant-m_rivertown",
        {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"},
    )
    return api_id


@pytest.fixture(scope="module")
def url(api: str, edge: Edge) -> str:
    return edge.invoke_url(api, "live")


def test_the_event_is_complete(
    deployer: Deployer,
    api: str,
    url: str,
    http: httpx.Client,
    signed: Callable[..., httpx.Request],
    credentials: Callable[[str], Credentials],
) -> None:
    me = credentials("merchant-m_rivertown")
    headers = {"x-api-key": KEY, "user-agent": "till/1", "content-type": "text/plain"}
    request = signed(
        "POST",
        f"{url}/merchants/m_river%20town/echo?a=1&a=2&b=%C3%A9&c",
        me,
        body="héllo".encode(),
        headers=headers,
    )
    response = http.send(request)
    assert response.headers["x-one"] == "1"
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]
    event = response.json()
    context = event.pop("requestContext")
    caller = context.pop("identity")
    sent = event.pop("headers")
    assert event.pop("multiValueHeaders") == {name: [value] for name, value in sent.items()}
    assert "authorization" not in sent
    assert sent["x-forwarded-for"] == "127.0.0.1"
    assert event == {
        "resource": "/merchants/{merchant_id}/echo",
        "path": "/merchants/m_river%20town/echo",
        "httpMethod": "POST",
        "queryStringParameters": {"a": "2", "b": "é", "c": ""},
        "multiValueQueryStringParameters": {"a": ["1", "2"], "b": ["é"], "c": [""]},
        "pathParameters": {"merchant_id": "m_river town"},
        "stageVariables": {"color": "blue"},
        "body": "héllo",
        "isBase64Encoded": False,
    }
    assert context.pop("requestTimeEpoch") > 1_700_000_000_000
    assert context.pop("requestTime").endswith("+0000")
    assert context.pop("resourceId") in {
        resource["id"]
        for resource in deployer.client("apigateway").get_resources(restApiId=api)["items"]
    }
    assert context.pop("deploymentId")
    assert context == {
        "accountId": ACCOUNT,
        "apiId": api,
        "domainName": f"{api}.execute-api.{REGION}.amazonaws.com",
        "domainPrefix": api,
        "extendedRequestId": response.headers["x-amz-apigw-id"],
        "httpMethod": "POST",
        "operationName": "echoBack",
        "path": "/live/merchants/m_river%20town/echo",
        "protocol": "HTTP/1.1",
        "requestId": response.headers["x-amzn-requestid"],
        "resourcePath": "/merchants/{merchant_id}/echo",
        "stage": "live",
    }
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/merchant-m_rivertown/session"
    assert caller["caller"] == caller["user"]
    assert caller["caller"].endswith(":session")
    wanted = {
        "userArn": arn,
        "accountId": ACCOUNT,
        "accessKey": me.access_key,
        "apiKey": KEY,
        "sourceIp": "127.0.0.1",
        "userAgent": "till/1",
    }
    assert {name: caller[name] for name in wanted} == wanted
    key_ids = {key["id"] for key in deployer.client("apigateway").get_api_keys()["items"]}
    assert caller["apiKeyId"] in key_ids


def test_binary_bodies_travel_as_base64(url: str, http: httpx.Client) -> None:
    response = http.get(f"{url}/moods/base64")
    assert (response.status_code, response.content) == (200, b"\x00\x01\x02\x03")


def test_reserved_response_headers_are_renamed(url: str, http: httpx.Client) -> None:
    response = http.get(f"{url}/moods/remapped")
    assert response.status_code == 204
    assert response.headers["x-amzn-remapped-date"] == "today"
    assert response.headers["x-amzn-remapped-server"] == "mine"


@pytest.mark.parametrize("mood", ["raise", "die", "none", "text", "status", "body", "header"])
def test_failures_and_malformed_responses_are_502(url: str, http: httpx.Client, mood: str) -> None:
    response = http.get(f"{url}/moods/{mood}")
    assert (response.status_code, response.json()) == (502, {"message": "Internal server error"})
    assert http.get(f"{url}/moods/good").status_code == 200


def test_a_function_that_takes_longer_than_its_timeout_is_502(url: str, http: httpx.Client) -> None:
    before = int(http.get(f"{url}/moods/good").text)
    assert http.get(f"{url}/moods/slow").status_code == 502
    assert int(http.get(f"{url}/moods/good").text) != before


def test_the_gateway_gives_up_first_with_504_and_the_function_goes_on(
    url: str, http: httpx.Client, edge: Edge
) -> None:
    before = int(http.get(f"{url}/moods/good").text)
    response = http.get(f"{url}/impatient/nap")
    assert response.status_code == 504
    assert response.json() == {"message": "Endpoint request timed out"}
    assert before in edge.worker_pids("moody")


@pytest.mark.parametrize("path", ["/forbidden", "/missing"])
def test_a_function_that_may_not_be_invoked_is_500(url: str, http: httpx.Client, path: str) -> None:
    response = http.get(url + path)
    assert (response.status_code, response.json()) == (500, {"message": "Internal server error"})


def test_reserved_concurrency_refuses_the_second_call(url: str, http: httpx.Client) -> None:
    with ThreadPoolExecutor(3) as threads:
        answers = list(threads.map(lambda _: http.get(f"{url}/single/nap"), range(3)))
    assert sorted(answer.status_code for answer in answers) == [202, 500, 500]
    assert http.get(f"{url}/single/good").status_code == 200


def test_a_worker_killed_from_outside_is_replaced(url: str, http: httpx.Client, edge: Edge) -> None:
    old = int(http.get(f"{url}/single/good").text)
    assert edge.worker_pids("single") == [old]
    os.kill(old, signal.SIGKILL)
    statuses = {http.get(f"{url}/single/good").status_code for _ in range(3)}
    assert statuses <= {200, 502}
    assert old not in edge.worker_pids("single")
    assert http.get(f"{url}/single/good").status_code == 200


def test_events_are_json_whatever_the_client_sends(url: str, http: httpx.Client) -> None:
    response = http.post(f"{url}/moods/good", content=b"\xff\x00", headers={b"x-odd": b"\xe9"})
    assert response.status_code == 200
    assert json.loads(response.text)


def test_an_abandoned_invocation_still_counts_as_running(url: str, http: httpx.Client) -> None:
    assert http.get(f"{url}/single/good").status_code == 200
    assert http.get(f"{url}/hasty/nap").status_code == 504
    assert http.get(f"{url}/single/good").status_code == 500
