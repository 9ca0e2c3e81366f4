"""The fraud service in a process of its own: what its tests and the bench drive."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx

import fraud_detection
from harness.contract import Contract

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from mypy_boto3_dynamodb.client import DynamoDBClient

    from harness.aws import EmbeddedAWS

    StartTask = Callable[..., "FraudTask"]
    """Starts a task with certain settings."""

ACCOUNT = "444444444444"
MERCHANT = "m_rivertown"
RESOURCE = "/merchants/{merchant_id}/scores"
CONTRACT = Contract(Path(fraud_detection.__file__).parent / "openapi" / "v1.yaml")
START_SECONDS = 30
STOP_SECONDS = 25


class FraudTables:
    """The two tables that the service uses, of the deployed schema."""

    def __init__(self, client: DynamoDBClient) -> None:
        name = uuid.uuid4().hex[:8]
        self.client = client
        self.counters = f"fraud-counters-{name}"
        self.payments = f"payments-{name}"
        client.create_table(
            TableName=self.counters,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        )
        client.create_table(
            TableName=self.payments,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
        )

    @classmethod
    def made(cls, aws: EmbeddedAWS) -> Self:
        """Make the tables, with one merchant's profile."""
        tables = cls(aws.client("dynamodb", ACCOUNT))
        tables.put_profile(MERCHANT, f"key-{MERCHANT}")
        return tables

    def put_profile(self, merchant_id: str, api_key_id: str) -> None:
        """Write a merchant's profile, as Terraform does."""
        self.client.put_item(
            TableName=self.payments,
            Item={
                "pk": {"S": f"MERCHANT#{merchant_id}"},
                "sk": {"S": "PROFILE"},
                "merchant_id": {"S": merchant_id},
                "api_key_id": {"S": api_key_id},
            },
        )

    def items(self) -> dict[str, dict[str, Any]]:
        """Read all counters and markers, by their key."""
        found = self.client.scan(TableName=self.counters)["Items"]
        return {item["pk"]["S"]: dict(item) for item in found}

    def payments_counted(self, merchant_id: str = MERCHANT) -> int:
        """Tell how many payments the merchant's own counters hold."""
        item = self.items().get(f"MERCHANT#{merchant_id}", {})
        return sum(int(value["N"]) for name, value in item.items() if name.startswith("h"))


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, checked against the contract where the contract has the path."""

    status: int
    headers: Mapping[str, str]
    text: str
    milliseconds: float

    @property
    def body(self) -> dict[str, Any]:
        """The parsed body."""
        parsed: dict[str, Any] = json.loads(self.text)
        return parsed


@dataclass(slots=True)
class FraudTask:
    """One running task; a context manager.

    ``lines`` is what it logged, parsed; a line that isn't JSON is kept under ``text``.
    """

    aws_environment: Mapping[str, str]
    tables: FraudTables
    settings: Mapping[str, str] = field(default_factory=dict)
    lines: list[dict[str, Any]] = field(default_factory=list)
    process: subprocess.Popen[str] = field(init=False)
    client: httpx.Client = field(init=False)
    _listening: threading.Event = field(init=False, default_factory=threading.Event)
    _reader: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        names = ("PATH", "HOME", "PYTHONPATH")
        inherited = {name: os.environ[name] for name in names if name in os.environ}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fraud_detection"],
            env={
                **inherited,
                **self.aws_environment,
                "FRAUD_COUNTERS_TABLE": self.tables.counters,
                "PAYMENTS_TABLE": self.tables.payments,
                "BIND_HOST": "127.0.0.1",
                "PORT": "0",
                "DRAIN_SECONDS": "0",
                **self.settings,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._listening.wait(START_SECONDS) or not self.said("serving"):
            self.process.kill()
            raise RuntimeError(f"the fraud service didn't start: {self.lines}")
        port = self.said("serving")[0]["port"]
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)

    def said(self, message: str) -> list[dict[str, Any]]:
        """Give the lines with a message."""
        return [line for line in list(self.lines) if line.get("message") == message]

    def internal(self, **members: Any) -> Answer:
        """Ask for a score as the transaction gateway does."""
        body = {"merchant_id": MERCHANT, **_payment(), **members}
        return self.send("POST", "/internal/scores", content=json.dumps(body))

    def score(
        self,
        merchant_id: str = MERCHANT,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> Answer:
        """Ask for a score as API Gateway passes it on."""
        content = json.dumps({**_payment(), **members})
        sent = identity(merchant_id) if headers is None else headers
        return self.post(content, merchant_id, sent)

    def post(
        self,
        content: str | bytes,
        merchant_id: str = MERCHANT,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send any body below a merchant's path, and hold the answer to the contract."""
        sent = identity(merchant_id) if headers is None else headers
        answer = self.send("POST", f"/merchants/{merchant_id}/scores", content, sent)
        documented = {"content-type": "Content-Type", "cache-control": "Cache-Control"}
        documented["retry-after"] = "Retry-After"
        shown = {
            documented.get(name, name): value
            for name, value in answer.headers.items()
            if name not in ("content-length", "date")
        }
        CONTRACT.check("POST", RESOURCE, answer.status, shown, answer.text)
        return answer

    def send(
        self,
        method: str,
        path: str,
        content: str | bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send any request."""
        sent = {"Content-Type": "application/json", **(headers or {})}
        response = self.client.request(method, path, content=content, headers=sent)
        return Answer(
            response.status_code,
            dict(response.headers),
            response.text,
            response.elapsed.total_seconds() * 1000,
        )

    def stop(self) -> int:
        """End the task as ECS does, and give its exit status."""
        self.client.close()
        self.process.terminate()
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self._reader.join()
        return status

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()

    def _read(self) -> None:
        # All of it, always: a full pipe would stop the service.
        for line in self.process.stdout or ():
            try:
                self.lines.append(json.loads(line))
            except ValueError:
                self.lines.append({"text": line})
            if self.lines[-1].get("message") == "serving":
                self._listening.set()
        self._listening.set()


def identity(merchant_id: str = MERCHANT) -> dict[str, str]:
    """Give the headers that API Gateway sets for a merchant's own request."""
    return {
        "x-principal-arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/merchant-{merchant_id}/till-1",
        "x-account-id": ACCOUNT,
        "x-api-key-id": f"key-{merchant_id}",
        "x-request-id": str(uuid.uuid4()),
        "x-source-ip": "192.0.2.10",
    }


def payment_id() -> str:
    """Make a payment's id."""
    digits = uuid.uuid4().int
    return "pay_" + "".join(
        "abcdefghijklmnopqrstuvwxyz234567"[(digits >> shift) % 32] for shift in range(0, 130, 5)
    )


def _payment() -> dict[str, Any]:
    return {
        "payment_id": payment_id(),
        "amount": 1250,
        "currency": "EUR",
        "token": "tok_visa0001",
        "device_id": "dev-1",
        "country": "DE",
    }
