"""Two versions of an API side by side under one domain: the older one says that it ends."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from harness.deploying_domains import CustomDomainDeployer
from harness.edge.domain_transport import DomainTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.credentials import Credentials

    from edge.conftest import Deployer
    from harness.aws import EmbeddedAWS
    from harness.edge import Edge

ACCOUNT, REGION = "444444444444", "eu-west-1"
DOMAIN = "versions.payments.example"
ENDING = {
    "deprecated_on": "2027-01-31T00:00:00Z",
    "sunset_on": "2027-07-01T00:00:00Z",
    "successor": f"https://{DOMAIN}/v2/payments",
}
SAID = {
    "deprecation": "@1801353600",
    "sunset": "Thu, 01 Jul 2027 00:00:00 GMT",
    "link": f'<https://{DOMAIN}/v2/payments>; rel="successor-version"',
}
# The services' own helper, with a handler that has nothing else to say.
FUNCTION = (
    Path("lambda_src/payment_core/lifecycle.py").read_text(encoding="utf-8")
    + "\ndef handle(event, context):\n"
    "    headers = headers_of_stage(event['stageVariables'] or {})\n"
    "    return {'statusCode': 200, 'headers': dict(headers), 'body': '{}'}\n"
)


# As modules/api-gateway writes them, which its own tests hold to the helper.
REFUSED_BY_GATEWAY = {
    "INVALID_API_KEY": {
        "statusCode": "403",
        "responseParameters": {
            f"gatewayresponse.header.{name}": f"'{value}'" for name, value in SAID.items()
        },
    }
}


@pytest.fixture(scope="module")
def function(deployer: Deployer) -> str:
    arn = deployer.function("version", FUNCTION)
    deployer.permit("version", f"arn:aws:execute-api:{REGION}:{ACCOUNT}:*/*/*/*")
    return arn


@pytest.fixture
def ask(
    aws: EmbeddedAWS,
    deployer: Deployer,
    function: str,
    edge: Edge,
    signed: Callable[..., httpx.Request],
    credentials: Callable[[str], Credentials],
) -> Iterator[Callable[..., httpx.Response]]:
    """Ask a version, with the API key or without."""
    domains = CustomDomainDeployer(aws.session(ACCOUNT))
    domains.domain(DOMAIN)
    operation = deployer.operation(deployer.proxy(function), "sigv4", "api_key")
    paths = {"/merchants/{merchant_id}/payments": {"get": operation}}
    stages = []
    for version, responses, variables in (("v1", REFUSED_BY_GATEWAY, ENDING), ("v2", {}, {})):
        api_id = deployer.api(paths, extensions={"gateway-responses": responses})
        deployer.deploy(api_id, variables=variables)
        domains.map(DOMAIN, f"{version}/payments", api_id)
        stages.append({"apiId": api_id, "stage": "live"})
    deployer.key({"apiStages": stages}, "key-of-the-merchant-1234")
    deployer.role("merchant", {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"})
    edge.reload()
    me = credentials("merchant")
    with httpx.Client(transport=DomainTransport(edge.domains()), timeout=30) as client:

        def send(version: str, *, key: str | None = "key-of-the-merchant-1234") -> httpx.Response:
            url = f"https://{DOMAIN}/{version}/payments/merchants/m_bakery/payments"
            return client.send(signed("GET", url, me, headers={"x-api-key": key or ""}))

        yield send


def test_only_the_older_version_says_that_it_ends(ask: Callable[..., httpx.Response]) -> None:
    for key, status in (("key-of-the-merchant-1234", 200), (None, 403)):
        older, newer = ask("v1", key=key), ask("v2", key=key)
        assert (older.status_code, newer.status_code) == (status, status), older.text
        assert {name: older.headers.get(name) for name in SAID} == SAID
        assert not SAID.keys() & set(newer.headers)
