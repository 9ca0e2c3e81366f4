"""Sends what a function didn't take to the queue or topic that was deployed for it."""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import boto3


class Destinations:
    """Queues and topics by ARN. Blocking."""

    def __init__(self, session: boto3.Session) -> None:
        self._queues = session.client("sqs")
        self._topics = session.client("sns")

    def send(self, arn: str, content: Mapping[str, Any]) -> None:
        """Send a record.

        Raises:
            ValueError: the destination is something else.
            botocore.exceptions.ClientError: it doesn't exist.
        """
        text = json.dumps(content, default=str)
        _, _, service, _, account_id, name, *_ = arn.split(":")
        if service == "sqs":
            url = self._queues.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account_id)
            self._queues.send_message(QueueUrl=url["QueueUrl"], MessageBody=text)
        elif service == "sns":
            self._topics.publish(TopicArn=arn, Message=text)
        else:
            raise ValueError(f"{arn} isn't a queue or a topic")


def timestamp() -> str:
    """Now, as records to destinations have it."""
    now = datetime.datetime.now(datetime.UTC)
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
