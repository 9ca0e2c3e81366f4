"""The dashboard as its tests run it: its real process, over tables of the deployed schema.

Payments are made by the gateway's own code; what they write leaves through the table's stream and
is handed to the projector. A small server stands in for Lambda's Invoke, which runs the gateway's
handler, and for API Gateway's usage.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import subprocess
import sys
import threading
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self, cast
from urllib.parse import parse_qs, urlsplit

import httpx

from dashboard_projector.handler import project
from dashboard_projector.projection import Projection
from harness.acquirer import AcquirerSimulator
from harness.aws import EmbeddedAWS
from harness.payments import ACCOUNT, Clock, Context, Gateway, Table
from harness.waiting import wait_until
from transaction_gateway.handler import respond
from webhook_sender.deliveries import Deliveries
from webhook_sender.messages import Message
from webhook_sender.outcomes import Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType

    from mypy_boto3_dynamodb.client import DynamoDBClient

    from transaction_gateway.application import Application

CSRF_KEY = "0123456789abcdef" * 4
FUNCTION_ARN = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:transaction-gateway:live"
ONE_PERSON_UP_TO = 5_000
"""Minor units of EUR that one person may refund of a payment."""

_numbers = itertools.count(1)
_START_S = 30
_END_S = 25


def create_read_model(client: DynamoDBClient) -> str:
    """Create the dashboard's table; give its name."""
    names = ("pk", "sk", "gsi1pk", "gsi1sk")
    table = f"dashboard-{uuid.uuid4().hex[:8]}"
    client.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=_keys("pk", "sk"),
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "gsi1",
                "KeySchema": _keys("gsi1pk", "gsi1sk"),
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    return table


def create_webhooks(client: DynamoDBClient) -> str:
    """Create the webhook sender's table; give its name."""
    names = ("pk", "sk", "attempted_at")
    table = f"webhooks-{uuid.uuid4().hex[:8]}"
    client.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=_keys("pk", "sk"),
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_time",
                "KeySchema": _keys("pk", "attempted_at"),
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    return table


def _keys(partition: str, sort: str) -> Any:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]


def person(merchant_id: str, session: str = "alice", **headers: str) -> dict[str, str]:
    """Give the headers that API Gateway sets for a person of a merchant."""
    role = f"arn:aws:sts::{ACCOUNT}:assumed-role/merchant-{merchant_id}/{session}"
    return {
        "x-principal-arn": role,
        "x-account-id": ACCOUNT,
        "x-api-key-id": f"key-{merchant_id}",
        "x-request-id": str(uuid.uuid4()),
        "x-source-ip": "198.51.100.7",
        "accept": "text/html",
        **headers,
    }


class Stream:
    """The transactions table's stream, from now on, and the projector at its end."""

    def __init__(self, aws: EmbeddedAWS, table: Table, read_model: str) -> None:
        table.client.update_table(
            TableName=table.name,
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        description = table.client.describe_table(TableName=table.name)["Table"]
        self._client = aws.client("dynamodbstreams", ACCOUNT)
        arn = description["LatestStreamArn"]
        (shard,) = self._client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        self._iterator = self._client.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="LATEST"
        )["ShardIterator"]
        self.projection = Projection(aws.client("dynamodb", ACCOUNT), read_model)

    def records(self) -> list[dict[str, Any]]:
        """Take what arrived since the last time."""
        taken: list[dict[str, Any]] = []
        while True:
            answer = self._client.get_records(ShardIterator=self._iterator, Limit=1000)
            self._iterator = answer["NextShardIterator"]
            if not answer["Records"]:
                return taken
            taken += answer["Records"]

    def project(self, records: list[dict[str, Any]] | None = None) -> dict[str, Any]:
        """Hand records to the projector in one batch, by default all that arrived."""
        event = {"Records": self.records() if records is None else records}
        return cast(
            "dict[str, Any]", project(self.projection, event, Context(), environment="test")
        )


@dataclass(slots=True)
class Functions:
    """What stands in for Lambda and API Gateway, on 127.0.0.1; a context manager.

    ``gateway`` answers invocations. ``invoke`` may be replaced to fail or to count. ``usage`` is
    answered for every plan, and None as an error.
    """

    gateway: Application | None = None
    plans: list[dict[str, Any]] = field(default_factory=list)
    usage: list[list[int]] | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    before: Callable[[dict[str, Any]], None] = lambda _event: None
    after: Callable[[dict[str, Any]], dict[str, Any]] = lambda answer: answer
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        if self._server is None:
            raise RuntimeError("use it as a context manager")
        return f"http://127.0.0.1:{self._server.server_port}"

    def invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        """Run the gateway's handler, as its function would."""
        self.events.append(event)
        self.before(event)
        if self.gateway is None:
            raise RuntimeError("no gateway answers")
        return self.after(cast("dict[str, Any]", respond(self.gateway, event, Context())))

    def forget(self) -> None:
        """Go back to the gateway's handler, without plans, usage and what was called."""
        self.before, self.after = lambda _event: None, lambda answer: answer
        self.plans, self.usage = [], None
        self.events.clear()

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()


def _handler(functions: Functions) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            event = json.loads(self.rfile.read(int(self.headers["content-length"])))
            try:
                self._answer(200, functions.invoke(event))
            except Exception as error:  # a function that fails answers so
                self._answer(200, {"errorMessage": str(error)}, error="Unhandled")

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path.endswith("/usage") and functions.usage is None:
                self._answer(404, {"message": "no usage"})
            elif parts.path.endswith("/usage"):
                key = parse_qs(parts.query)["keyId"][0]
                # As API Gateway writes them: "items" is called "values" on the wire.
                self._answer(200, {"values": {key: functions.usage}})
            else:
                self._answer(200, {"item": functions.plans})

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def _answer(self, status: int, document: Any, error: str | None = None) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if error is not None:
                self.send_header("X-Amz-Function-Error", error)
            self.end_headers()
            self.wfile.write(body)

    return Handler


class DashboardProcess:
    """``python -m merchant_dashboard`` on a free port; a context manager."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONUNBUFFERED": "1",
            "PORT": "0",
            "BIND_HOST": "127.0.0.1",
            "CSRF_KEY": CSRF_KEY,
            "TRANSACTION_GATEWAY_ARN": FUNCTION_ARN,
            "DRAIN_SECONDS": "0",
            "ENVIRONMENT": "test",
            **environment,
        }
        self.lines: list[dict[str, Any]] = []
        self.raw: list[str] = []
        self._listening = threading.Event()
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        port = next(line["port"] for line in self.lines if line["message"] == "listening")
        return f"http://127.0.0.1:{port}"

    @property
    def process(self) -> subprocess.Popen[str]:
        """The running process."""
        if self._process is None:
            raise RuntimeError("use it as a context manager")
        return self._process

    def client(self, headers: Mapping[str, str]) -> httpx.Client:
        """Make a client that sends these headers."""
        return httpx.Client(base_url=self.url, headers=dict(headers), timeout=30)

    def said(self, count: int, after: int = 0, **fields: object) -> list[dict[str, Any]]:
        """Wait until `count` lines with these fields stand after the first `after` ones."""

        def found() -> list[dict[str, Any]]:
            return [line for line in self.lines[after:] if fields.items() <= line.items()]

        wait_until(lambda: len(found()) >= count)
        return found()

    def end(self) -> int:
        """Send SIGTERM and give the exit status."""
        self.process.terminate()
        return self.process.wait(_END_S)

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "merchant_dashboard"],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()
        if not self._listening.wait(_START_S):
            self._process.kill()
            raise RuntimeError("the dashboard doesn't listen:\n" + "".join(self.raw))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def _read(self) -> None:
        for text in self.process.stdout or ():
            self.raw.append(text)
            try:
                self.lines.append(json.loads(text))
            except ValueError:
                continue
            if self.lines[-1]["message"] == "listening":
                self._listening.set()


@dataclass(slots=True)
class Site:
    """The running service with everything around it."""

    aws: EmbeddedAWS
    process: DashboardProcess
    functions: Functions
    stream: Stream
    table: Table
    acquirer: AcquirerSimulator
    client: DynamoDBClient
    read_model: str
    webhooks: str
    environment: Mapping[str, str]


@dataclass(slots=True)
class Merchant:
    """A merchant who pays through the gateway's own code and looks at the dashboard."""

    merchant_id: str
    site: Site
    gateway: Gateway
    clock: Clock

    def invocations(self) -> list[dict[str, Any]]:
        """Events that the dashboard handed to the gateway's function for this merchant."""
        return [
            event
            for event in self.site.functions.events
            if event.get("pathParameters", {}).get("merchant_id") == self.merchant_id
        ]

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
        if answer.status != 200:
            raise RuntimeError(f"{kind} of {payment_id}: {answer.text}")

    def captured(self, amount: int = 1000, **others: str) -> str:
        """Authorize and capture a payment, and bring it into the read model."""
        payment_id = self.authorize(amount, **others)
        self.operate("captures", payment_id, amount, others.get("currency", "EUR"))
        self.project()
        return payment_id

    def deliver(self, payment_id: str, *outcomes: Outcome) -> None:
        """Leave the records of a webhook's attempts, as the sender does."""
        message = Message(
            event_id=f"evt_{payment_id.removeprefix('pay_')}",
            event_type="payment.captured",
            merchant_id=self.merchant_id,
            created_at=self.clock(),
            body=b"{}",
        )
        deliveries = Deliveries(self.site.client, self.site.webhooks)
        for number, outcome in enumerate(outcomes, start=1):
            status = {Outcome.DELIVERED: 200, Outcome.REJECTED: 500}.get(outcome)
            result, at = Result(outcome, status), self.clock() + number
            deliveries.record(message, number, result, at=at, duration_ms=40 + number)

    def put_endpoint(self, url: str, **attributes: str) -> None:
        """Set a webhook endpoint up, as Terraform does."""
        item = {
            "pk": f"MERCHANT#{self.merchant_id}",
            "sk": "WEBHOOK",
            "url": url,
            "secret_arn": "arn:aws:secretsmanager:eu-west-1:444444444444:secret:signing",
            **attributes,
        }
        self.site.client.put_item(
            TableName=self.site.webhooks, Item={name: {"S": text} for name, text in item.items()}
        )

    def project(self) -> None:
        """Bring what happened into the read model."""
        if failures := self.site.stream.project()["batchItemFailures"]:
            raise RuntimeError(f"the projector failed at {failures}")


@contextlib.contextmanager
def running_site(**settings: str) -> Iterator[Site]:
    """Run the dashboard with everything it needs; ``settings`` replace its environment's."""
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
            "REFUND_SECOND_PERSON_ABOVE": json.dumps({"EUR": ONE_PERSON_UP_TO}),
            "REFUND_TIMEOUT_MS": "3000",
            "EXPORT_MAX_ROWS": "300",
            **settings,
        }
        with DashboardProcess(environment) as process:
            yield Site(
                aws,
                process,
                functions,
                stream,
                table,
                acquirer,
                client,
                read_model,
                webhooks,
                environment,
            )


def new_merchant(site: Site, merchant_id: str | None = None) -> Merchant:
    """Found a merchant, whose gateway answers the dashboard's refunds from now on."""
    merchant_id = merchant_id or f"m_shop{next(_numbers):04d}"
    site.table.put_profile(merchant_id, f"key-{merchant_id}")
    clock = Clock()
    gateway = Gateway(site.table, site.acquirer.url, clock)
    site.functions.gateway = gateway.application
    return Merchant(merchant_id, site, gateway, clock)


def form_of(page: str, action: str) -> dict[str, str]:
    """Read the hidden fields of the form whose action ends in ``action``."""
    form = re.search(rf'<form method="post" action="[^"]*{action}">(.*?)</form>', page, re.DOTALL)
    if form is None:
        raise LookupError(f"the page has no form {action}:\n{page}")
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[1]))


def ask_refund(browser: httpx.Client, payment_id: str, amount: str, **fields: str) -> str:
    """Ask for a refund; give the path of its page below the merchant's."""
    form = form_of(browser.get(f"transactions/{payment_id}").text, "refunds")
    answer = browser.post(
        f"transactions/{payment_id}/refunds", data={**form, "amount": amount, **fields}
    )
    if answer.status_code != 303:
        raise RuntimeError(f"the refund can't be asked for:\n{answer.text}")
    return str(answer.url.join(answer.headers["location"])).partition(str(browser.base_url))[2]
