"""The account's tables, bus, rule and queue, as the platform deploys them."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from harness.payments import ACCOUNT, MERCHANT, Table

if TYPE_CHECKING:
    from harness.aws import EmbeddedAWS

PATTERN = {
    "source": ["payments.transaction-gateway"],
    "detail-type": [{"prefix": "payment."}],
}
MOST_RECEIVES = 3


class Account:
    """Everything new for each test, under names of its own."""

    def __init__(self, aws: EmbeddedAWS) -> None:
        self.aws = aws
        session = aws.session(ACCOUNT)
        self.dynamodb = session.client("dynamodb")
        self.streams: Any = session.client("dynamodbstreams")
        self.events = session.client("events")
        self.sqs = session.client("sqs")
        self.secrets: Any = session.client("secretsmanager")
        self._name = f"events-{uuid.uuid4().hex[:8]}"
        self.bus = self._name
        self.events.create_event_bus(Name=self.bus)
        self.dead_letters_url, dead_letters_arn = self._queue(f"{self._name}-dead-letters")
        redrive = {"deadLetterTargetArn": dead_letters_arn, "maxReceiveCount": MOST_RECEIVES}
        self.queue_url, queue_arn = self._queue(self._name, RedrivePolicy=json.dumps(redrive))
        self.events.put_rule(
            Name="webhooks", EventBusName=self.bus, EventPattern=json.dumps(PATTERN)
        )
        self.events.put_targets(
            Rule="webhooks", EventBusName=self.bus, Targets=[{"Id": "queue", "Arn": queue_arn}]
        )

    def payments_table(self) -> Table:
        """Make a table of payments with its stream, and a merchant's profile in it."""
        table = Table(self.dynamodb)
        self.dynamodb.update_table(
            TableName=table.name,
            StreamSpecification={
                "StreamEnabled": True,
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        )
        table.put_profile(MERCHANT, f"key-{MERCHANT}")
        return table

    def stream_batch(self, table: Table) -> dict[str, Any]:
        """Give everything that the table's stream holds, as Lambda brings it."""
        arn = self.dynamodb.describe_table(TableName=table.name)["Table"]["LatestStreamArn"]
        (shard,) = self.streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        iterator = self.streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        records = self.streams.get_records(ShardIterator=iterator)["Records"]
        return {"Records": records}

    def webhooks_table(self) -> str:
        """Make the table of endpoints and deliveries."""
        self.dynamodb.create_table(
            TableName=f"{self._name}-webhooks",
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
        return f"{self._name}-webhooks"

    def received(self) -> list[dict[str, Any]]:
        """Receive what is visible in the queue, as Lambda's poller does."""
        records: list[dict[str, Any]] = []
        while True:
            found = self.sqs.receive_message(
                QueueUrl=self.queue_url,
                MaxNumberOfMessages=10,
                WaitTimeSeconds=0,
                VisibilityTimeout=600,
                AttributeNames=["ApproximateReceiveCount"],
            ).get("Messages", [])
            if not found:
                return records
            records += [
                {
                    "messageId": message["MessageId"],
                    "receiptHandle": message["ReceiptHandle"],
                    "body": message["Body"],
                    "attributes": dict(message["Attributes"]),
                    "eventSource": "aws:sqs",
                }
                for message in found
            ]

    def show_again(self, records: list[dict[str, Any]]) -> None:
        """Let the time pass for which messages are hidden."""
        for record in records:
            self.sqs.change_message_visibility(
                QueueUrl=self.queue_url, ReceiptHandle=record["receiptHandle"], VisibilityTimeout=0
            )

    def dead_letters(self) -> list[str]:
        """Give the bodies of what was given up."""
        answer = self.sqs.receive_message(QueueUrl=self.dead_letters_url, MaxNumberOfMessages=10)
        return [message["Body"] for message in answer.get("Messages", [])]

    def _queue(self, name: str, **attributes: str) -> tuple[str, str]:
        url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type]
        answer = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return url, answer["Attributes"]["QueueArn"]
