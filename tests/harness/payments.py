"""The payment gateway's own code in process, over a moto table: what its tests drive.

No Terraform, no HTTP edge and no Lambda worker; those have tests of their own.
"""

from __future__ import annotations

import json
import threading
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import transaction_gateway
from harness.contract import Contract
from payment_core.fraud import FraudPolicy
from transaction_gateway.acquirer_http import HttpAcquirer
from transaction_gateway.application import Application, build
from transaction_gateway.handler import respond
from transaction_gateway.settings import FraudSettings, Settings
from transaction_gateway.sweeper import sweep
from transaction_gateway.times import now_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_dynamodb.client import DynamoDBClient

ACCOUNT = "444444444444"
MERCHANT = "m_rivertown"
COLLECTION = "/merchants/{merchant_id}/payments"
ITEM = f"{COLLECTION}/{{payment_id}}"
WRITES = frozenset({"PutItem", "UpdateItem"})
ACQUIRER_TIMEOUT_MS = 250
CONTRACT = Contract(Path(transaction_gateway.__file__).parent / "openapi" / "v1.yaml")


class WorkerDeathError(BaseException):
    """Ends a worker on the spot: no handler of errors catches it."""


class Clock:
    """Real time, epoch milliseconds, that a test can move ahead."""

    def __init__(self) -> None:
        self._ahead = 0

    def __call__(self) -> int:
        """Read it."""
        return now_ms() + self._ahead

    def advance(self, milliseconds: int) -> None:
        """Move ahead."""
        self._ahead += milliseconds


@dataclass(frozen=True, slots=True)
class Context:
    """Lambda's context with a fixed time left."""

    remaining_ms: int = 10_000
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def get_remaining_time_in_millis(self) -> int:
        """Give the time left."""
        return self.remaining_ms


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, its body parsed."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> dict[str, Any]:
        """The parsed body."""
        parsed: dict[str, Any] = json.loads(self.text)
        return parsed

    @property
    def replayed(self) -> bool:
        """Whether it is a recorded outcome."""
        return self.headers.get("Idempotency-Replayed") == "true"


class Table:
    """A table of the deployed schema, every call counted, atomic, and open to faults.

    moto checks a condition and writes in two steps; the lock gives back what DynamoDB promises.
    ``before`` and ``after`` run around each call with its action and its number among the writes
    (0 for a read). The write numbered ``repeat_write`` is made twice, as by an SDK that lost the
    first answer.
    """

    def __init__(self, client: DynamoDBClient) -> None:
        self.name = f"payments-{uuid.uuid4().hex[:8]}"
        self.client = client
        self.calls: list[str] = []
        self.before: Callable[[str, int], None] = lambda _action, _write: None
        self.after: Callable[[str, int], None] = lambda _action, _write: None
        self.repeat_write: int | None = None
        self._lock = threading.RLock()
        self._create()
        # botocore's one gate, which its stubs don't show
        self._call: Callable[[str, dict[str, Any]], Any] = client._make_api_call  # type: ignore[attr-defined]
        client._make_api_call = self._gate  # type: ignore[attr-defined]

    def put_profile(self, merchant_id: str, api_key_id: str) -> None:
        """Write a merchant's profile, as Terraform does."""
        self.client.put_item(
            TableName=self.name,
            Item={
                "pk": {"S": f"MERCHANT#{merchant_id}"},
                "sk": {"S": "PROFILE"},
                "merchant_id": {"S": merchant_id},
                "api_key_id": {"S": api_key_id},
            },
        )

    def writes(self) -> int:
        """Count the writes so far."""
        return sum(action in WRITES for action in self.calls)

    def forget_calls(self) -> None:
        """Start counting anew, without faults."""
        self.calls.clear()
        self.before = self.after = lambda _action, _write: None
        self.repeat_write = None

    def _gate(self, action: str, arguments: dict[str, Any]) -> Any:
        with self._lock:
            self.calls.append(action)
            write = self.writes() if action in WRITES else 0
            self.before(action, write)
            answer = self._call(action, arguments)
            if write and write == self.repeat_write:
                answer = self._call(action, arguments)
            self.after(action, write)
            return answer

    def _create(self) -> None:
        text = {"pk", "sk", "unresolved_shard", "unresolved_since"}
        self.client.create_table(
            TableName=self.name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in sorted(text)
            ],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "unresolved",
                    "KeySchema": [
                        {"AttributeName": "unresolved_shard", "KeyType": "HASH"},
                        {"AttributeName": "unresolved_since", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        )


class Gateway:
    """One worker's application with calls as merchants make them."""

    def __init__(
        self,
        table: Table,
        acquirer_url: str,
        clock: Clock | None = None,
        fraud: FraudSettings | None = None,
    ) -> None:
        self.table = table
        self.clock = clock or Clock()
        self._acquirer_url = acquirer_url
        self._fraud = fraud
        self.application = self._application()

    def another_worker(self) -> Gateway:
        """Start a second worker on the same table and clock."""
        return Gateway(self.table, self._acquirer_url, self.clock, self._fraud)

    def call(
        self,
        method: str,
        resource: str,
        body: object = None,
        *,
        key: str | None = None,
        merchant_id: str = MERCHANT,
        payment_id: str | None = None,
        query: Mapping[str, str] | None = None,
        remaining_ms: int = 10_000,
        **overrides: object,
    ) -> Answer:
        """Make one call; ``overrides`` replace members of the event.

        Every answer of the contract's operations is checked against it.
        """
        headers = {"Content-Type": ["application/json"]} if body is not None else {}
        if key is not None:
            headers["Idempotency-Key"] = [key]
        path = {"merchant_id": merchant_id}
        if payment_id is not None:
            path["payment_id"] = payment_id
        event = {
            "resource": resource,
            "httpMethod": method,
            "pathParameters": path,
            "queryStringParameters": query,
            "multiValueHeaders": headers,
            "body": body if isinstance(body, str) or body is None else json.dumps(body),
            "isBase64Encoded": False,
            "requestContext": caller(merchant_id),
            **overrides,
        }
        raw: dict[str, Any] = respond(self.application, event, Context(remaining_ms))
        answer = Answer(raw["statusCode"], raw["headers"], raw["body"])
        if method.lower() in CONTRACT.document["paths"].get(resource, {}):
            CONTRACT.check(method, resource, answer.status, answer.headers, answer.text)
        return answer

    def authorize(
        self,
        amount: int = 1000,
        *,
        token: str = "tok_approve",  # noqa: S107  # the simulator's, no secret
        key: str | None = None,
        currency: str = "EUR",
        order: str = "order-1",
        remaining_ms: int = 10_000,
        **members: object,
    ) -> Answer:
        """Authorize a payment, with a new key unless one is given; ``members`` join the body."""
        body = {
            "amount": amount,
            "currency": currency,
            "payment_method": {"token": token},
            "reference": order,
            **members,
        }
        new_key = key or str(uuid.uuid4())
        return self.call("POST", COLLECTION, body, key=new_key, remaining_ms=remaining_ms)

    def operate(
        self,
        kind: str,
        payment_id: str,
        amount: int | None = None,
        *,
        key: str | None = None,
        currency: str = "EUR",
    ) -> Answer:
        """Ask for ``captures``, ``void`` or ``refunds``, with a new key unless one is given."""
        body = {} if amount is None else {"amount": amount, "currency": currency}
        new_key = key or str(uuid.uuid4())
        return self.call("POST", f"{ITEM}/{kind}", body, key=new_key, payment_id=payment_id)

    def get(self, payment_id: str) -> Answer:
        """Read a payment."""
        return self.call("GET", ITEM, payment_id=payment_id)

    def sweep(self, remaining_ms: int = 10_000) -> dict[str, int]:
        """Run the sweeper once."""
        return sweep(self.application, Context(remaining_ms))

    def _application(self) -> Application:
        settings = Settings(
            table=self.table.name,
            acquirer_url=self._acquirer_url,
            acquirer_timeout_ms=ACQUIRER_TIMEOUT_MS,
            log_level="INFO",
            fraud=self._fraud,
            environment="test",
        )
        acquirer = HttpAcquirer(self._acquirer_url)
        return build(settings, self.table.client, acquirer, self.clock)


def fraud_settings(
    url: str, *, timeout_ms: int = 2000, passes_up_to: Mapping[str, int] | None = None
) -> FraudSettings:
    """Give settings of a fraud check with time for it; unchecked pass 50 EUR."""
    return FraudSettings(url, timeout_ms, FraudPolicy(passes_up_to or {"EUR": 5000}))


def caller(merchant_id: str, **identity: str) -> dict[str, object]:
    """Give the request context of a merchant's signed call."""
    role = f"arn:aws:sts::{ACCOUNT}:assumed-role/merchant-{merchant_id}/session"
    return {
        "extendedRequestId": str(uuid.uuid4()),
        "accountId": ACCOUNT,
        "identity": {"userArn": role, "apiKeyId": f"key-{merchant_id}", **identity},
    }
