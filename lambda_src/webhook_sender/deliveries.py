"""The records of attempts, which the dashboard shows and which settle repeated events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from api_functions.dynamodb_values import decode_map, encode, encode_map
from api_functions.merchants import partition_key
from api_functions.times import rfc3339
from webhook_sender.outcomes import Outcome

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from webhook_sender.messages import Message
    from webhook_sender.outcomes import Result

PREFIX = "DELIVERY#"
"""Sort keys of attempts begin so; then come the event's id and the attempt's number."""

_KEPT_S = 30 * 24 * 3600
_RACES = 5


@dataclass(frozen=True, slots=True)
class Attempt:
    """An event's latest recorded attempt; number 0 and no outcome: there is none yet."""

    number: int = 0
    outcome: str | None = None


class Deliveries:
    """Attempts of all merchants. Each is kept for 30 days."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def latest(self, message: Message) -> Attempt:
        """Read the latest attempt."""
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues={
                ":pk": encode(partition_key(message.merchant_id)),
                ":sk": encode(f"{PREFIX}{message.event_id}#"),
            },
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=1,
        )
        for item in map(decode_map, answer["Items"]):
            return Attempt(item["attempt"], item["outcome"])
        return Attempt()

    def record(
        self, message: Message, number: int, result: Result, *, at: int, duration_ms: int
    ) -> int:
        """Keep an attempt under the first free number from ``number`` on, and give that."""
        for free in range(number, number + _RACES):
            item = _item(message, free, result, at=at, duration_ms=duration_ms)
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item=encode_map(item),
                    ConditionExpression="attribute_not_exists(pk)",
                )
            except ClientError as error:
                if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                    raise
            else:
                return free
        raise RuntimeError(f"{message.event_id} was sent by {_RACES} others meanwhile")


def _item(
    message: Message, number: int, result: Result, *, at: int, duration_ms: int
) -> dict[str, object]:
    return {
        "pk": partition_key(message.merchant_id),
        # Padded, so that numbers sort as texts.
        "sk": f"{PREFIX}{message.event_id}#{number:03d}",
        "event_id": message.event_id,
        "event_type": message.event_type,
        "attempt": number,
        "outcome": Outcome(result.outcome),
        "status": result.status,
        "attempted_at": rfc3339(at),
        "duration_ms": duration_ms,
        "expires_at": at // 1000 + _KEPT_S,
    }
