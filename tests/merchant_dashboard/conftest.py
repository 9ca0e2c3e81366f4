"""One running dashboard for the folder, and merchants of its own for each test."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from harness.acquirer import AcquirerSimulator
from harness.aws import EmbeddedAWS
from harness.dashboard import (
    DashboardProcess,
    Functions,
    Stream,
    create_read_model,
    create_webhooks,
    person,
)
from harness.payments import ACCOUNT, Clock, Gateway, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx
    from mypy_boto3_dynamodb.client import DynamoDBClient

ONE_PERSON_UP_TO = 5_000
_numbers = itertools.count(1)


@dataclass(slots=True)
class Site:
    """The running service with everything around it."""

    process: DashboardProcess
    functions: Functions
    stream: Stream
    table: Table
    acquirer: AcquirerSimulator
    client: DynamoDBClient
    read_model: str
    webhooks: str


@dataclass(slots=True)
class Merchant:
    """A merchant who pays through the gateway's own code and looks at the dashboard."""

    merchant_id: str
    site: Site
    gateway: Gateway
    clock: Clock

    def browser(self, session: str = "alice", **headers: str) -> httpx.Client:
        """Call as one of the merchant's people."""
        client = self.site.process.client(person(self.merchant_id, session, **headers))
        client.base_url = f"{self.site.process.url}/merchants/{self.merchant_id}/"
        return client

    def authorize(
        self,
        amount: int = 1000,
        *,
        token: str = "tok_approve",  # noqa: S107 - the simulator's
        currency: str = "EUR",
        reference: str = "order-1",
        brand: str = "visa",
    ) -> str:
        """Authorize a payment; give its id."""
        body = {
            "amount": amount,
            "currency": currency,
            "payment_method": {"token": token, "brand": brand},
            "reference": reference,
        }
        answer = self.gateway.call(
            "POST",
            "/merchants/{merchant_id}/payments",
            body,
            key=f"key-{next(_numbers)}",
            merchant_id=self.merchant_id,
        )
        return str(answer.body["payment_id"])

    def operate(
        self, kind: str, payment_id: str, amount: int | None, currency: str = "EUR"
    ) -> None:
        """Capture, refund or void."""
        answer = self.gateway.call(
            "POST",
            f"/merchants/{{merchant_id}}/payments/{{payment_id}}/{kind}",
            {} if amount is None else {"amount": amount, "currency": currency},
            key=f"key-{next(_numbers)}",
            merchant_id=self.merchant_id,
            payment_id=payment_id,
        )
        assert answer.status == 200, answer.text

    def captured(self, amount: int = 1000, **others: str) -> str:
        """Authorize and capture a payment, and bring it into the read model."""
        payment_id = self.authorize(amount, **others)
        self.operate("captures", payment_id, amount, others.get("currency", "EUR"))
        self.project()
        return payment_id

    def project(self) -> None:
        """Bring what happened into the read model."""
        assert self.site.stream.project() == {"batchItemFailures": []}


@pytest.fixture(scope="session")
def site(territory: str) -> Iterator[Site]:  # noqa: ARG001 - ends with the folder
    with EmbeddedAWS() as aws, AcquirerSimulator() as acquirer, Functions() as functions:
        client = aws.client("dynamodb", ACCOUNT)
        table = Table(client)
        read_model, webhooks = create_read_model(client), create_webhooks(client)
        stream = Stream(aws, table, read_model)
        environment = {
            **aws.environment(ACCOUNT),
            "AWS_ENDPOINT_URL_LAMBDA": functions.url,
            "AWS_ENDPOINT_URL_API_GATEWAY": functions.url,
            "PAYMENTS_TABLE": table.name,
            "DASHBOARD_TABLE": read_model,
            "WEBHOOKS_TABLE": webhooks,
            "REFUND_SECOND_PERSON_ABOVE": f'{{"EUR": {ONE_PERSON_UP_TO}}}',
            "REFUND_TIMEOUT_MS": "3000",
            "EXPORT_MAX_ROWS": "300",
        }
        with DashboardProcess(environment) as process:
            yield Site(process, functions, stream, table, acquirer, client, read_model, webhooks)


def new_merchant(site: Site, merchant_id: str | None = None) -> Merchant:
    """Found a merchant, whose gateway answers the dashboard's refunds from now on."""
    merchant_id = merchant_id or f"m_shop{next(_numbers):04d}"
    site.table.put_profile(merchant_id, f"key-{merchant_id}")
    clock = Clock()
    gateway = Gateway(site.table, site.acquirer.url, clock)
    site.functions.gateway = gateway.application
    return Merchant(merchant_id, site, gateway, clock)


@pytest.fixture
def merchant(site: Site) -> Iterator[Merchant]:
    yield new_merchant(site)
    site.functions.before = lambda _event: None
    site.functions.after = lambda answer: answer
    site.functions.events.clear()
    site.functions.plans, site.functions.usage = [], None


@pytest.fixture
def other(site: Site, merchant: Merchant) -> Merchant:
    """Another merchant, founded first so that ``merchant`` has the function."""
    another = new_merchant(site)
    site.functions.gateway = merchant.gateway.application
    return another
