"""The webhook sender in process, with everything that it reads and writes."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from api_functions.dynamodb_values import decode_map, encode_map
from events.merchant_endpoint import HOST
from harness.payments import MERCHANT, Clock, Context
from webhook_sender.handler import build, send
from webhook_sender.settings import Settings

if TYPE_CHECKING:
    from events.account import Account
    from events.merchant_endpoint import Internet

SECRET = "s" * 16 + "-of-rivertown-" + "1" * 16
URL = f"https://{HOST}/hooks?shop=1"
TIMEOUT_MS = 20_000
"""Long: a busy machine makes nothing time out that doesn't hang."""


class Queue:
    """Notes for how long messages are hidden."""

    def __init__(self) -> None:
        self.hidden_s: list[int] = []

    def change_message_visibility(self, **arguments: Any) -> None:
        """Hide a message."""
        self.hidden_s.append(arguments["VisibilityTimeout"])


class Webhooks:
    """One worker, its table, and batches as Lambda brings them."""

    def __init__(self, account: Account, internet: Internet) -> None:
        self.account = account
        self.internet = internet
        self.clock = Clock()
        self.table = account.webhooks_table()
        self.secret_arn = ""
        self.queue = Queue()
        self.restart()

    def restart(self, *, timeout_ms: int = TIMEOUT_MS, queue: Any = None) -> None:
        """Start a new worker, which hides messages in ``queue`` if one is given."""
        settings = Settings(
            table=self.table,
            queue_url=self.account.queue_url,
            timeout_ms=timeout_ms,
            first_retry_ms=30_000,
            longest_retry_ms=14_400_000,
            log_level="INFO",
            environment="test",
        )
        hides: Any = queue or self.queue
        self.application = build(
            settings,
            dynamodb=self.account.dynamodb,
            queue=hides,
            secrets=self.account.secrets,
            network=self.internet.network,
            clock=self.clock,
        )

    def set_up(self, **members: object) -> None:
        """Write the merchant's endpoint; ``members`` replace attributes, None leaves one out."""
        if not self.secret_arn:
            self.secret_arn = self.account.secrets.create_secret(
                Name=f"webhooks/{uuid.uuid4().hex}", SecretString=secret_value(SECRET)
            )["ARN"]
        item = {
            "pk": f"MERCHANT#{MERCHANT}",
            "sk": "WEBHOOK",
            "url": URL,
            "secret_arn": self.secret_arn,
            **members,
        }
        self.account.dynamodb.put_item(TableName=self.table, Item=encode_map(item))

    def set_secret(self, text: str) -> None:
        """Replace the secret's value."""
        self.account.secrets.put_secret_value(SecretId=self.secret_arn, SecretString=text)

    def send(self, *records: dict[str, Any]) -> list[str]:
        """Send a batch; give the ids of the messages that failed."""
        answer: Any = send(self.application, {"Records": list(records)}, Context())
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def attempts(self) -> list[dict[str, Any]]:
        """Give the recorded attempts in their order."""
        answer = self.account.dynamodb.query(
            TableName=self.table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues={
                ":pk": {"S": f"MERCHANT#{MERCHANT}"},
                ":sk": {"S": "DELIVERY#"},
            },
        )
        return [decode_map(item) for item in answer["Items"]]

    def outcomes(self) -> list[str]:
        """Give what came of the attempts, in their order."""
        return [attempt["outcome"] for attempt in self.attempts()]


def secret_value(*secrets: str) -> str:
    """Write a secret's value."""
    return json.dumps({"signing_secrets": list(secrets)})


def detail(number: int = 1, **members: object) -> dict[str, Any]:
    """Give an event's detail; numbers tell events apart."""
    return {
        "id": f"evt_{number:026d}".replace("0", "a").replace("1", "b"),
        "type": "payment.captured",
        "created_at": "2026-01-02T03:04:05.006Z",
        "merchant_id": MERCHANT,
        "payment": {"id": "pay_x", "state": "captured", "amount": 1250, "currency": "EUR"},
        **members,
    }


def record(event: object = None, *, receives: int = 1, body: str | None = None) -> dict[str, Any]:
    """Give a record of the queue around an event, or around any text."""
    told = detail() if event is None else event
    envelope = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "source": "payments.transaction-gateway",
        "detail-type": "payment.captured",
        "detail": told,
    }
    return {
        "messageId": str(uuid.uuid4()),
        "receiptHandle": "handle",
        "body": json.dumps(envelope) if body is None else body,
        "attributes": {"ApproximateReceiveCount": str(receives)},
        "eventSource": "aws:sqs",
    }
