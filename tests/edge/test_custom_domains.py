"""Custom domains: where their API mappings lead, and what callers, logs and functions see."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from harness.deploying_domains import CustomDomainDeployer
from harness.edge.domain_transport import DomainTransport
from harness.edge.domains import CustomDomain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.credentials import Credentials

    from edge.conftest import Deployer
    from harness.aws import EmbeddedAWS
    from harness.edge import Edge

ACCOUNT, REGION = "444444444444", "eu-west-1"
DOMAIN = "api.dev.payments.example"
SHOW_EVENT = (
    "import json\n"
    "def handle(event, context):\n    return {'statusCode': 200, 'body': json.dumps(event)}\n"
)
EVERYONE = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}


@pytest.fixture(scope="module")
def domains(aws: EmbeddedAWS) -> CustomDomainDeployer:
    made = CustomDomainDeployer(aws.session(ACCOUNT))
    made.domain(DOMAIN)
    return made


@pytest.fixture
def https(edge: Edge) -> Iterator[Callable[[], httpx.Client]]:
    """Make clients of what is served now."""
    clients: list[httpx.Client] = []

    def connect() -> httpx.Client:
        edge.reload()
        clients.append(httpx.Client(transport=DomainTransport(edge.domains()), timeout=30))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


def answering(deployer: Deployer, body: str, path: str = "/merchants/{id}") -> str:
    """An API that answers with a text."""
    api_id = deployer.api({path: {"get": deployer.operation(deployer.mock(200, body))}})
    deployer.deploy(api_id)
    return api_id


def test_the_longest_mapping_of_a_path_counts() -> None:
    mappings = {"": ("root", "live"), "v1": ("one", "live"), "v1/payments": ("pay", "live")}
    domain = CustomDomain(DOMAIN, endpoint=None, mappings=mappings)  # type: ignore[arg-type]  # unused

    def found(path: str) -> tuple[str, str, str] | None:
        result = domain.find(path)
        return (result[0].api_id, result[0].base_path, result[1]) if result else None

    assert found("/v1/payments/merchants/m") == ("pay", "v1/payments", "/merchants/m")
    assert found("/v1/payments") == ("pay", "v1/payments", "/")
    assert found("/v1/paymentsx") == ("one", "v1", "/paymentsx")
    assert found("/v2") == ("root", "", "/v2")
    assert found("/V1/payments") == ("root", "", "/V1/payments")


def test_a_path_without_a_mapping_is_refused() -> None:
    domain = CustomDomain(DOMAIN, None, {"v1": ("one", "live")})  # type: ignore[arg-type]  # unused
    assert domain.find("/v2/x") is None
    assert domain.find("/") is None


def test_requests_go_where_mappings_lead(
    deployer: Deployer, domains: CustomDomainDeployer, https: Callable[[], httpx.Client]
) -> None:
    domains.map(DOMAIN, "v1", answering(deployer, "short", "/payments/merchants/{id}"))
    domains.map(DOMAIN, "v1/payments", answering(deployer, "long"))
    client = https()
    assert client.get(f"https://{DOMAIN}/v1/payments/merchants/m").text == "long"
    unmapped = client.get(f"https://{DOMAIN}/v2/payments/merchants/m")
    assert (unmapped.status_code, unmapped.json()) == (403, {"message": "Forbidden"})
    assert unmapped.headers["x-amzn-errortype"] == "ForbiddenException"
    assert client.get(f"https://{DOMAIN}/v1/payments/none").status_code == 403

    domains.unmap(DOMAIN, "v1/payments")
    assert https().get(f"https://{DOMAIN}/v1/payments/merchants/m").text == "short"
    domains.unmap(DOMAIN, "v1")


def test_another_host_than_the_certificates_is_refused(
    deployer: Deployer, domains: CustomDomainDeployer, https: Callable[[], httpx.Client]
) -> None:
    api_id = answering(deployer, "inside")
    domains.map(DOMAIN, "fronted", api_id)
    client = https()
    url = f"https://{DOMAIN}/fronted/merchants/m"
    assert client.get(url, headers={"Host": f"{DOMAIN}:443"}).text == "inside"
    default_endpoint = f"{api_id}.execute-api.{REGION}.amazonaws.com"
    for host in ("internal.payments.example", default_endpoint):
        assert client.get(url, headers={"Host": host}).status_code == 403
    domains.unmap(DOMAIN, "fronted")


def test_the_default_endpoint_is_switched_off_by_a_deployment(
    deployer: Deployer,
    domains: CustomDomainDeployer,
    edge: Edge,
    http: httpx.Client,
    https: Callable[[], httpx.Client],
) -> None:
    api_id = answering(deployer, "served")
    domains.map(DOMAIN, "only", api_id)
    default = edge.invoke_url(api_id, "live") + "/merchants/m"
    deployer.client("apigateway").update_rest_api(
        restApiId=api_id,
        patchOperations=[{"op": "replace", "path": "/disableExecuteApiEndpoint", "value": "true"}],
    )
    https()
    assert http.get(default).text == "served"

    deployer.deploy(api_id)
    client = https()
    refused = http.get(default)
    assert (refused.status_code, refused.json()) == (403, {"message": "Forbidden"})
    assert client.get(f"https://{DOMAIN}/only/merchants/m").text == "served"
    domains.unmap(DOMAIN, "only")


def test_signatures_are_of_the_custom_host_and_policies_of_the_path_below_it(
    deployer: Deployer,
    domains: CustomDomainDeployer,
    https: Callable[[], httpx.Client],
    signed: Callable[..., httpx.Request],
    credentials: Callable[[str], Credentials],
) -> None:
    operation = deployer.operation(deployer.mock(200, "signed"), "sigv4")
    api_id = deployer.api({"/merchants/{id}": {"get": operation}})
    deployer.deploy(api_id)
    domains.map(DOMAIN, "v1/signed", api_id)
    below = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api_id}/live/GET/merchants/m_bakery"
    deployer.role("bakery", {**EVERYONE, "Resource": below})
    me, client = credentials("bakery"), https()

    url = f"https://{DOMAIN}/v1/signed/merchants"
    assert client.send(signed("GET", f"{url}/m_bakery", me)).text == "signed"
    assert client.send(signed("GET", f"{url}/m_cinema", me)).status_code == 403
    elsewhere = signed("GET", url.replace(DOMAIN, "other.payments.example") + "/m_bakery", me)
    headers = {**elsewhere.headers, "host": DOMAIN}
    refused = client.get(f"{url}/m_bakery", headers=headers)
    assert refused.headers["x-amzn-errortype"] == "InvalidSignatureException"
    domains.unmap(DOMAIN, "v1/signed")


@pytest.fixture
def shown_event(
    deployer: Deployer, domains: CustomDomainDeployer, https: Callable[[], httpx.Client]
) -> Iterator[Callable[..., dict[str, Any]]]:
    arn = deployer.function("show-event", SHOW_EVENT)
    api_id = deployer.api({"/merchants/{id}": {"get": deployer.operation(deployer.proxy(arn))}})
    deployer.permit("show-event", f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api_id}/*/*/*")
    logs = deployer.client("logs")
    logs.create_log_group(logGroupName="/access")
    deployer.deploy(api_id)
    settings = {
        "destinationArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/access",
        "format": "$context.domainName $context.customDomain.basePathMatched $context.path "
        "$context.tlsVersion $context.cipherSuite",
    }
    deployer.client("apigateway").update_stage(
        restApiId=api_id,
        stageName="live",
        patchOperations=[
            {"op": "replace", "path": f"/accessLogSettings/{name}", "value": value}
            for name, value in settings.items()
        ],
    )
    domains.map(DOMAIN, "v1/shown", api_id)
    client = https()

    def ask(**headers: str) -> dict[str, Any]:
        answer = client.get(f"https://{DOMAIN}/v1/shown/merchants/m", headers=headers)
        event: dict[str, Any] = json.loads(answer.text)
        return event

    yield ask
    domains.unmap(DOMAIN, "v1/shown")


def test_functions_and_logs_see_the_domain(
    shown_event: Callable[..., dict[str, Any]], deployer: Deployer, edge: Edge
) -> None:
    event = shown_event(**{"Idempotency-Key": "k"})
    assert event["path"] == "/v1/shown/merchants/m"
    assert event["resource"] == "/merchants/{id}"
    assert event["requestContext"]["path"] == "/v1/shown/merchants/m"
    assert event["requestContext"]["domainName"] == DOMAIN
    assert event["requestContext"]["domainPrefix"] == "api"
    # As API Gateway does behind mappings of several levels.
    assert event["headers"]["idempotency-key"] == "k"

    edge.flush_logs()
    events = deployer.client("logs").filter_log_events(logGroupName="/access")["events"]
    assert events[-1]["message"].split() == [
        DOMAIN,
        "v1/shown",
        "/v1/shown/merchants/m",
        "TLSv1.3",
        "TLS_AES_256_GCM_SHA384",
    ]
