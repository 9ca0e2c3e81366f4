"""What is served is what was deployed: no more, no less, and nothing newer."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from harness.edge import EdgeError

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from botocore.credentials import Credentials

    from edge.conftest import Deployer
    from harness.aws import EmbeddedAWS
    from harness.edge import Edge

ACCOUNT, REGION = "444444444444", "eu-west-1"
VERSION = "def handle(event, context):\n    return {'statusCode': 200, 'body': '%s'}\n"


@pytest.fixture(autouse=True)
def _before(aws: EmbeddedAWS) -> None:
    """Start the embedded AWS before anything is deployed."""


def test_a_change_is_served_after_its_deployment_and_a_reload(
    deployer: Deployer, edge: Edge, http: httpx.Client
) -> None:
    first = {"/pets": {"get": deployer.operation(deployer.mock(200, "first"))}}
    second = {
        "/pets": {"get": deployer.operation(deployer.mock(200, "second"))},
        "/toys": {"get": deployer.operation(deployer.mock())},
    }
    api_id = deployer.api(first)
    deployer.deploy(api_id)
    url = edge.invoke_url(api_id, "live")
    assert http.get(f"{url}/pets").json() == {"message": "Forbidden"}
    edge.reload()
    assert http.get(f"{url}/pets").text == "first"

    deployer.replace_api(api_id, second)
    edge.reload()
    assert http.get(f"{url}/pets").text == "first"
    assert http.get(f"{url}/toys").status_code == 403

    deployer.deploy(api_id)
    assert http.get(f"{url}/pets").text == "first"
    edge.reload()
    assert http.get(f"{url}/pets").text == "second"
    assert http.get(f"{url}/toys").status_code == 200


def test_stages_have_their_own_deployments_and_variables(
    deployer: Deployer, edge: Edge, http: httpx.Client
) -> None:
    paths = {"/": {"get": deployer.operation(deployer.mock(200, "$stageVariables.color"))}}
    api_id = deployer.api(paths)
    deployer.deploy(api_id, "blue", variables={"color": "blue"})
    deployer.deploy(api_id, "green", variables={"color": "green"})
    edge.reload()
    assert http.get(edge.invoke_url(api_id, "blue") + "/").text == "blue"
    assert http.get(edge.invoke_url(api_id, "green") + "/").text == "green"


def test_alias_weights_split_traffic_and_moves_take_effect(
    deployer: Deployer, edge: Edge, http: httpx.Client
) -> None:
    functions = deployer.client("lambda")
    arn = deployer.function("canary", VERSION % "one")
    functions.publish_version(FunctionName="canary")
    functions.update_function_code(FunctionName="canary", ZipFile=deployer.archive(VERSION % "two"))
    functions.publish_version(FunctionName="canary")
    functions.create_alias(
        FunctionName="canary",
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}},
    )
    api_id = deployer.api({"/": {"get": deployer.operation(deployer.proxy(f"{arn}:live"))}})
    deployer.permit(
        "canary", f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api_id}/*/GET/", qualifier="live"
    )
    deployer.deploy(api_id)
    edge.reload()
    url = edge.invoke_url(api_id, "live") + "/"
    seen = Counter(http.get(url).text for _ in range(60))
    assert set(seen) == {"one", "two"}
    assert min(seen.values()) > 10

    pids = edge.worker_pids("canary")
    functions.update_alias(
        FunctionName="canary",
        Name="live",
        FunctionVersion="2",
        RoutingConfig={"AdditionalVersionWeights": {}},
    )
    edge.reload()
    assert {http.get(url).text for _ in range(10)} == {"two"}
    assert set(edge.worker_pids("canary")) < set(pids)


def test_a_changed_role_policy_counts_after_a_reload(
    deployer: Deployer,
    edge: Edge,
    http: httpx.Client,
    signed: Callable[..., httpx.Request],
    credentials: Callable[[str], Credentials],
) -> None:
    api_id = deployer.api({"/": {"get": deployer.operation(deployer.mock(), "sigv4")}})
    deployer.deploy(api_id)
    edge.reload()
    deployer.role("newcomer")
    me = credentials("newcomer")
    url = edge.invoke_url(api_id, "live") + "/"
    assert http.send(signed("GET", url, me)).status_code == 403
    deployer.client("iam").put_role_policy(
        RoleName="newcomer",
        PolicyName="inline",
        PolicyDocument='{"Version":"2012-10-17","Statement":{"Effect":"Allow",'
        '"Action":"execute-api:Invoke","Resource":"*"}}',
    )
    assert http.send(signed("GET", url, me)).status_code == 403
    edge.reload()
    assert http.send(signed("GET", url, me)).status_code == 200


def test_resource_policies_are_part_of_the_deployment(
    deployer: Deployer, edge: Edge, http: httpx.Client
) -> None:
    deny_get = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"},
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "execute-api:Invoke",
                "Resource": "execute-api:/live/GET/secret",
                "Condition": {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}},
            },
        ],
    }
    methods = {
        "get": deployer.operation(deployer.mock()),
        "put": deployer.operation(deployer.mock()),
    }
    api_id = deployer.api({"/secret": methods}, extensions={"policy": deny_get})
    deployer.deploy(api_id)
    edge.reload()
    url = edge.invoke_url(api_id, "live") + "/secret"
    denied = http.get(url)
    assert denied.status_code == 403
    assert denied.json()["message"].endswith("with an explicit deny")
    assert http.put(url).status_code == 200


def test_a_switched_off_endpoint_is_not_served(
    deployer: Deployer, edge: Edge, http: httpx.Client
) -> None:
    api_id = deployer.api(
        {"/": {"get": deployer.operation(deployer.mock())}},
        extensions={"endpoint-configuration": {"disableExecuteApiEndpoint": True}},
    )
    deployer.deploy(api_id)
    edge.reload()
    assert http.get(edge.invoke_url(api_id, "live") + "/").json() == {"message": "Forbidden"}


@pytest.mark.parametrize(
    ("integration", "message"),
    [
        (
            {"type": "http_proxy", "uri": "https://example.test", "httpMethod": "GET"},
            "connectionType is INTERNET",
        ),
        (
            {
                "type": "mock",
                "requestTemplates": {"application/json": '#set($x = 1){"statusCode": 200}'},
                "responses": {"default": {"statusCode": "200"}},
            },
            "needs the Velocity language",
        ),
    ],
)
def test_what_cannot_be_served_faithfully_is_refused_by_name(
    deployer: Deployer, edge: Edge, http: httpx.Client, integration: dict[str, object], message: str
) -> None:
    good = deployer.api({"/": {"get": deployer.operation(deployer.mock())}})
    deployer.deploy(good)
    edge.reload()
    bad = deployer.api({"/odd": {"get": deployer.operation(integration)}})
    deployer.deploy(bad)
    try:
        with pytest.raises(EdgeError, match=f"API {bad}, stage live: GET /odd: .*{message}"):
            edge.reload()
        assert http.get(edge.invoke_url(good, "live") + "/").status_code == 200
    finally:
        deployer.client("apigateway").delete_stage(restApiId=bad, stageName="live")
