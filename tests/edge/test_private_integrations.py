"""HTTP_PROXY through a VPC link: what the backend gets, and what the client gets back."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from edge.recording_backend import Backend
from harness.deploying import PrivateNetwork
from harness.edge import Edge, EdgeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import httpx
    from botocore.credentials import Credentials

    from harness.aws import EmbeddedAWS
    from harness.deploying import Balancer

    Send = Callable[..., httpx.Response]

ACCOUNT = "444444444444"
DOMAIN = "fraud.internal.example"
IDENTITY = {
    "x-principal-arn": "context.identity.userArn",
    "x-account-id": "context.identity.accountId",
    "x-api-key-id": "context.identity.apiKeyId",
    "x-request-id": "context.extendedRequestId",
    "x-source-ip": "context.identity.sourceIp",
    "x-service": "'fraud'",
    "x-merchant": "method.request.path.merchant",
    "x-color": "method.request.querystring.color",
    "x-agent": "method.request.header.user-agent",
    "x-api-sunset-on": "stageVariables.sunset_on",
    "x-api-successor": "stageVariables.successor",
}
LOG_FORMAT = (
    "$context.status $context.integration.status $context.integration.integrationStatus "
    "$context.integration.requestId $context.error.responseType $context.integration.latency "
    "$context.integration.error"
)


@pytest.fixture(scope="module")
def network(deployer: Any) -> PrivateNetwork:
    return PrivateNetwork(deployer.session)


@pytest.fixture(scope="module")
def server() -> Iterator[Backend]:
    backend = Backend()
    running = backend.start()
    yield backend
    running.shutdown()
    running.server_close()


@pytest.fixture
def backend(server: Backend) -> Backend:
    server.seen.clear()
    server.answers.clear()
    return server


@pytest.fixture(scope="module")
def balancer(network: PrivateNetwork, server: Backend) -> Balancer:
    made = network.balancer("fraud", domain=DOMAIN)
    network.register(made, server.port)
    return made


@pytest.fixture(scope="module")
def link(network: PrivateNetwork, balancer: Balancer) -> str:
    return network.vpc_link(balancer)


def private(link: str, path: str, host: str = DOMAIN, **more: Any) -> dict[str, Any]:
    return {
        "type": "http_proxy",
        "httpMethod": "ANY",
        "uri": f"https://{host}{path}",
        "connectionType": "VPC_LINK",
        "connectionId": link,
        "timeoutInMillis": 2000,
        **more,
    }


def mapped(path: Mapping[str, str] | None = None) -> dict[str, str]:
    """Request parameters: identity as headers, and parts of the path."""
    return {
        **{f"integration.request.header.{name}": value for name, value in IDENTITY.items()},
        **{f"integration.request.path.{name}": value for name, value in (path or {}).items()},
    }


@pytest.fixture(scope="module")
def api(deployer: Any, link: str) -> str:
    """``/merchants/{merchant}/scores`` signed with a key, ``/open/{proxy+}`` for anyone."""
    merchant = {"merchant": "method.request.path.merchant"}
    scores = private(link, "/internal/{merchant}/scores?v=1", requestParameters=mapped(merchant))
    anything = private(
        link,
        "/{proxy}",
        requestParameters={
            "integration.request.path.proxy": "method.request.path.proxy",
            "integration.request.header.x-principal-arn": "context.identity.userArn",
            "integration.request.header.x-echo": "method.request.querystring.echo",
        },
    )
    elsewhere = private(link, "/", host="other.internal.example")
    response = {
        "statusCode": 504,
        "responseTemplates": {"application/json": '{"type":"$context.error.responseType"}'},
    }
    api_id: str = deployer.api(
        {
            "/merchants/{merchant}/scores": {
                "post": deployer.operation(scores, "sigv4", "api_key"),
            },
            "/open/{proxy+}": {"x-amazon-apigateway-any-method": deployer.operation(anything)},
            "/elsewhere": {"get": deployer.operation(elsewhere)},
        },
        extensions={
            "gateway-responses": {"INTEGRATION_TIMEOUT": response},
            "binary-media-types": ["image/png"],
        },
    )
    deployer.client("logs").create_log_group(logGroupName="/access")
    log = {
        "destinationArn": f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/access",
        "format": LOG_FORMAT,
    }
    deployer.deploy(api_id, variables={"sunset_on": "2027-07-01T00:00:00Z"})
    deployer.client("apigateway").update_stage(
        restApiId=api_id,
        stageName="live",
        patchOperations=[
            {"op": "replace", "path": f"/accessLogSettings/{key}", "value": value}
            for key, value in log.items()
        ],
    )
    return api_id


@pytest.fixture(scope="module")
def key(deployer: Any, api: str) -> str:
    plan = {"apiStages": [{"apiId": api, "stage": "live"}]}
    created: str = deployer.key(plan, "key-of-the-merchant-1234")
    return created


@pytest.fixture(scope="module")
def served(edge: Edge, deployer: Any, api: str, key: str) -> str:
    """The stage's address."""
    assert key
    deployer.role(
        "merchant-m1",
        {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"},
    )
    edge.reload()
    return edge.invoke_url(api, "live")


@pytest.fixture
def open_call(http: httpx.Client, served: str, backend: Backend) -> Send:
    """Call ``/open/...`` without a signature."""
    assert backend

    def send(path: str, method: str = "GET", **options: Any) -> httpx.Response:
        return http.request(method, f"{served}/open{path}", **options)

    return send


@pytest.fixture
def signed_call(
    http: httpx.Client,
    served: str,
    signed: Callable[..., httpx.Request],
    credentials: Callable[[str], Credentials],
) -> Send:
    """Score as merchant m1."""

    def send(headers: Mapping[str, str], path: str = "/merchants/m1/scores") -> httpx.Response:
        more = {"x-api-key": "key-of-the-merchant-1234", "content-type": "application/json"}
        request = signed(
            "POST",
            served + path,
            credentials("merchant-m1"),
            body=b'{"amount":100}',
            headers={**more, **headers},
        )
        return http.send(request)

    return send


def logged(edge: Edge, deployer: Any) -> list[str]:
    """The lines of the access log."""
    edge.flush_logs()
    events = deployer.client("logs").filter_log_events(logGroupName="/access")["events"]
    return [event["message"] for event in events]


def test_the_backend_is_told_who_calls(signed_call: Send, backend: Backend, key: str) -> None:
    sent = {"user-agent": "till/1", "x-api-successor": "https://evil.example"}
    response = signed_call(sent, "/merchants/m1/scores?color=red&page=2")
    assert (response.status_code, response.json()) == (200, {"ok": True})
    seen = backend.only()
    assert (seen.verb, seen.body) == ("POST", b'{"amount":100}')
    assert seen.target == "/internal/m1/scores?v=1&color=red&page=2"
    told = {name: seen.all(name) for name in IDENTITY}
    assert told == {
        "x-principal-arn": [f"arn:aws:sts::{ACCOUNT}:assumed-role/merchant-m1/session"],
        "x-account-id": [ACCOUNT],
        "x-api-key-id": [key],
        "x-request-id": [response.headers["x-amz-apigw-id"]],
        "x-source-ip": ["127.0.0.1"],
        "x-service": ["fraud"],
        "x-merchant": ["m1"],
        "x-color": ["red"],
        "x-agent": ["till/1"],
        "x-api-sunset-on": ["2027-07-01T00:00:00Z"],
        "x-api-successor": [],  # the stage has none, so what a client makes up isn't passed
    }
    assert seen.all("host") == [DOMAIN]
    assert seen.all("x-forwarded-for") == ["127.0.0.1"]
    assert seen.all("x-forwarded-proto") == ["https"]
    assert seen.all("x-amzn-trace-id")[0].startswith("Root=1-")
    assert seen.all("authorization") == []  # used up by AWS_IAM


@pytest.mark.parametrize("spelling", ["x-principal-arn", "X-Principal-ARN", "X-Api-Key-Id"])
def test_headers_that_a_client_makes_up_are_overwritten(
    signed_call: Send, backend: Backend, spelling: str
) -> None:
    assert signed_call({spelling: "arn:aws:iam::1:role/king"}).status_code == 200
    seen = backend.only()
    assert len(seen.all(spelling.lower())) == 1
    assert "king" not in str(seen.headers)


@pytest.mark.parametrize(
    "headers",
    [
        [("x-principal-arn", "king")],
        [("x-principal-arn", "king"), ("x-principal-arn", "king")],
        [("connection", "x-principal-arn"), ("x-principal-arn", "king")],
    ],
)
def test_a_mapped_header_without_a_value_isnt_the_clients(
    open_call: Send, backend: Backend, headers: list[tuple[str, str]]
) -> None:
    open_call("/anything", headers=headers)
    assert backend.only().all("x-principal-arn") == []


def test_a_client_cant_write_headers_through_a_mapping(open_call: Send, backend: Backend) -> None:
    open_call("/anything?echo=a%0d%0ax-principal-arn:%20king%0d%0a%0d%0aGET%20/%20HTTP/1.1")
    seen = backend.only()
    assert seen.all("x-principal-arn") == []
    assert seen.all("x-echo") == ["ax-principal-arn: kingGET / HTTP/1.1"]


@pytest.mark.parametrize(
    ("sent", "got"),
    [
        ("/a/b/c", "/a/b/c"),
        ("/a%2Fb", "/a/b"),
        ("/caf%C3%A9/%20", "/caf%C3%A9/%20"),
        ("/100%25", "/100%25"),
        ("/a%3Fb%23c", "/a%3Fb%23c"),
        ("/a?x=1&x=2&y=%26", "/a?x=1&x=2&y=%26"),
    ],
)
def test_greedy_parts_reach_the_backend(
    open_call: Send, backend: Backend, sent: str, got: str
) -> None:
    open_call(sent)
    assert backend.only().target == got


def test_one_part_stays_one_part(signed_call: Send, backend: Backend) -> None:
    signed_call({}, "/merchants/m1%2F..%2Fm2/scores")
    assert backend.only().target == "/internal/m1%2F..%2Fm2/scores?v=1"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_any_method_is_passed(open_call: Send, backend: Backend, method: str) -> None:
    response = open_call("/thing", method)
    assert response.status_code == 200
    assert backend.only().verb == method
    assert response.content == (b"" if method == "HEAD" else b'{"ok":true}')


@pytest.mark.parametrize(
    ("content_type", "body", "got"),
    [
        ("application/x-www-form-urlencoded", b"amount=1&note=caf%C3%A9", None),
        ("text/csv", "käse;1\n".encode(), None),
        ("image/png", b"\x89PNG\r\n\xff\x00", None),
        # What isn't declared as binary goes through as text, on AWS and here.
        ("image/gif", b"GIF\xff", "GIF\ufffd".encode()),
    ],
)
def test_bodies_go_both_ways(
    open_call: Send, backend: Backend, content_type: str, body: bytes, got: bytes | None
) -> None:
    backend.answers["/body"] = lambda handler: handler.reply(body, Content_Type=content_type)
    response = open_call("/body", "POST", content=body, headers={"content-type": content_type})
    seen = backend.only()
    assert seen.body == (got or body)
    assert seen.all("content-length") == [str(len(seen.body))]
    assert response.content == (got or body)
    assert response.headers["content-type"] == content_type


def test_responses_pass_with_their_headers(open_call: Send, backend: Backend) -> None:
    def answer(handler: Any) -> None:
        handler.send_response(303)
        for name, value in [
            ("Location", "/other"),
            ("Set-Cookie", "a=1"),
            ("Set-Cookie", "b=2"),
            ("Content-Security-Policy", "default-src 'none'"),
            ("WWW-Authenticate", "Basic"),
            ("Keep-Alive", "timeout=5"),
            ("Content-Length", "0"),
        ]:
            handler.send_header(name, value)
        handler.end_headers()

    backend.answers["/moved"] = answer
    response = open_call("/moved", follow_redirects=False)
    assert response.status_code == 303
    assert response.headers["location"] == "/other"
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert response.headers["content-security-policy"] == "default-src 'none'"
    assert response.headers["x-amzn-remapped-www-authenticate"] == "Basic"
    assert response.headers["x-amzn-remapped-server"].startswith("BaseHTTP")
    assert "keep-alive" not in response.headers


@pytest.mark.parametrize(
    "raw",
    [
        b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        b"Connection: close\r\n\r\nabcde",
        b"Content-Length: 5\r\n\r\nabcde",
    ],
)
def test_every_framing_of_a_response_is_understood(
    open_call: Send, backend: Backend, raw: bytes
) -> None:
    def answer(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n" + raw)
        handler.close_connection = b"close" in raw

    backend.answers["/framed"] = answer
    assert open_call("/framed").content == b"abcde"
    assert open_call("/next").json() == {"ok": True}


def test_connections_are_kept(open_call: Send, backend: Backend) -> None:
    open_call("/first")
    before = backend.connections
    for number in range(20):
        open_call(f"/{number}")
    assert backend.connections - before <= 4  # health checks have their own


def test_a_hanging_backend_is_a_timeout_and_its_late_answer_nobodys(
    open_call: Send, backend: Backend
) -> None:
    released = threading.Event()

    def hang(handler: Any) -> None:
        released.wait(10)
        with contextlib.suppress(OSError):  # nobody waits for it any more
            handler.reply(b'{"late":true}')

    backend.answers["/hangs"] = hang
    began = time.monotonic()
    response = open_call("/hangs")
    assert 1.9 < time.monotonic() - began < 4
    assert (response.status_code, response.json()) == (504, {"type": "INTEGRATION_TIMEOUT"})
    released.set()
    assert open_call("/next").json() == {"ok": True}


@pytest.mark.parametrize("how", ["silent", "half", "nonsense"])
def test_a_lost_connection_is_a_network_error_and_nothing_is_sent_twice(
    open_call: Send, backend: Backend, how: str
) -> None:
    def end(handler: Any) -> None:
        if how == "half":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf")
        elif how == "nonsense":
            handler.wfile.write(b"SSH-2.0-nonsense\r\n")
        handler.wfile.flush()
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True

    backend.answers["/lost"] = end
    response = open_call("/lost")
    assert response.status_code == 504
    assert response.json() == {"message": "Network error communicating with endpoint"}
    assert backend.only().target == "/lost"
    assert open_call("/next").status_code == 200


def test_a_certificate_for_another_name_is_a_configuration_error(
    edge: Edge, deployer: Any, http: httpx.Client, served: str, backend: Backend
) -> None:
    response = http.get(f"{served}/elsewhere")
    assert (response.status_code, response.json()) == (500, {"message": "Internal server error"})
    assert backend.seen == []
    assert any("not valid for 'other.internal.example'" in line for line in logged(edge, deployer))


def test_the_access_log_tells_the_integrations_part(
    edge: Edge, deployer: Any, open_call: Send, backend: Backend
) -> None:
    backend.answers["/logged"] = lambda handler: handler.reply(
        b"{}", 404, x_amzn_RequestId="backend-1"
    )
    backend.answers["/lost-too"] = lambda handler: handler.connection.shutdown(socket.SHUT_RDWR)
    open_call("/logged")
    open_call("/lost-too")
    lines = [line.split(" ", 6) for line in logged(edge, deployer)]
    found = next(line for line in lines if line[3] == "backend-1")
    assert found[:5] == ["404", "404", "404", "backend-1", "-"]
    assert int(found[5]) < 2000
    lost = next(line for line in lines if "closed" in line[6])
    assert lost[:5] == ["504", "-", "-", "-", "INTEGRATION_FAILURE"]


def test_without_targets_the_client_gets_a_network_error(
    edge: Edge, deployer: Any, network: PrivateNetwork, http: httpx.Client
) -> None:
    empty = network.balancer("empty", domain="empty.internal.example")
    link = network.vpc_link(empty)
    api = deployer.api(
        {"/": {"get": deployer.operation(private(link, "/", host="empty.internal.example"))}}
    )
    deployer.deploy(api)
    edge.reload()
    assert http.get(edge.invoke_url(api, "live") + "/").status_code == 504


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"connectionId": "unknown"}, "no available VPC link 'unknown'"),
        ({"uri": f"https://{DOMAIN}:8443/"}, "no listener on port 8443"),
        ({"uri": f"http://{DOMAIN}/"}, "no listener on port 80"),
        ({"uri": f"https://{DOMAIN}/{{gone}}"}, "{gone} of the URI has no value"),
        (
            {"requestParameters": {"integration.request.header.x": "method.request.body"}},
            "'method.request.body' isn't supported",
        ),
        (
            {"requestParameters": {"integration.request.header.Host": "'a'"}},
            "integration.request.header.Host isn't supported",
        ),
        ({"type": "http"}, "'http' isn't supported"),
    ],
)
def test_what_cannot_be_served_faithfully_is_refused_by_name(
    edge: Edge, deployer: Any, link: str, change: dict[str, Any], message: str
) -> None:
    bad = deployer.api({"/odd": {"get": deployer.operation({**private(link, "/"), **change})}})
    deployer.deploy(bad)
    try:
        with pytest.raises(EdgeError) as refused:
            edge.reload()
        assert f"API {bad}, stage live: GET /odd: " in str(refused.value)
        assert message in str(refused.value)
    finally:
        deployer.client("apigateway").delete_stage(restApiId=bad, stageName="live")


def test_a_stage_variable_may_name_the_link(
    edge: Edge, deployer: Any, link: str, http: httpx.Client, backend: Backend
) -> None:
    integration = {**private(link, "/by-variable"), "connectionId": "${stageVariables.link}"}
    api = deployer.api({"/": {"get": deployer.operation(integration)}})
    deployer.deploy(api, variables={"link": link})
    edge.reload()
    assert http.get(edge.invoke_url(api, "live") + "/").status_code == 200
    assert backend.only().target == "/by-variable"


def test_a_started_edge_serves_private_integrations(
    aws: EmbeddedAWS, api: str, http: httpx.Client, backend: Backend
) -> None:
    with Edge(
        endpoint_url=aws.endpoint_url,
        account_id=ACCOUNT,
        region="eu-west-1",
        environment=aws.environment(ACCOUNT),
    ) as another:
        answer = http.get(another.invoke_url(api, "live") + "/open/x")
    assert json.loads(answer.content) == {"ok": True}
    assert backend.only().target == "/x"
