"""The webhook sender's Lambda function: reads the queue that the bus fills.

What isn't settled is reported as failed and hidden in the queue for a while that grows with every
try, until the queue's redrive policy moves it to the dead letters. A batch's messages are sent
side by side: an endpoint that hangs keeps nobody waiting but its own merchant.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from api_functions.aws_clients import client
from api_functions.logs import Logger
from api_functions.times import now_ms
from webhook_sender.backoff import wait_s
from webhook_sender.deliveries import Deliveries
from webhook_sender.endpoints import Endpoints
from webhook_sender.messages import Message
from webhook_sender.outcomes import SETTLED, SKIPPED, Outcome
from webhook_sender.posting import Network
from webhook_sender.sender import Sender, Sent
from webhook_sender.settings import Settings
from webhook_sender.signing_secrets import SigningSecrets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_sqs.client import SQSClient

    from api_functions.answering import LambdaContext

_UNITS = {"AgeMs": "Milliseconds", "LatencyMs": "Milliseconds"}


@dataclass(frozen=True, slots=True)
class Application:
    """Everything that a worker keeps between batches."""

    settings: Settings
    sender: Sender
    queue: SQSClient
    logger: Logger
    clock: Callable[[], int]


def handle(event: Mapping[str, Any], context: LambdaContext) -> dict[str, object]:
    """Send a batch of messages; see ``send``."""
    return send(deployed(), event, context)


def send(
    application: Application, event: Mapping[str, Any], context: LambdaContext
) -> dict[str, object]:
    """Send a batch; give the ids of the messages that must come again, as Lambda reads them."""
    records = event["Records"]
    with ThreadPoolExecutor(max_workers=len(records)) as threads:
        settled = list(
            threads.map(
                lambda record: _settle(application, record, context.aws_request_id), records
            )
        )
    failures = [
        {"itemIdentifier": record["messageId"]}
        for record, done in zip(records, settled, strict=True)
        if not done
    ]
    return {"batchItemFailures": failures}


def _settle(application: Application, record: Mapping[str, Any], request_id: str) -> bool:
    """Send one message; tell whether that was the end of it. Raises nothing."""
    names = {"request_id": request_id, "message_id": record["messageId"]}
    retry_after_s = None
    try:
        message = Message.read(record["body"])
        names |= {"merchant_id": message.merchant_id, "event_id": message.event_id}
        sent = application.sender.send(message)
        _measure(application, message, sent, names)
        if sent.result.outcome in SETTLED:
            return True
        retry_after_s = sent.result.retry_after_s
    except Exception as error:
        application.logger.exception("message failed", error, **names)
        application.logger.measure("not sent", {"Errors": 1}, units={}, **names)
    _postpone(application, record, retry_after_s, names)
    return False


def _postpone(
    application: Application,
    record: Mapping[str, Any],
    retry_after_s: int | None,
    names: Mapping[str, str],
) -> None:
    """Hide a message until its next try; if that fails, the queue's own time holds."""
    settings = application.settings
    try:
        application.queue.change_message_visibility(
            QueueUrl=settings.queue_url,
            ReceiptHandle=record["receiptHandle"],
            VisibilityTimeout=wait_s(
                int(record["attributes"]["ApproximateReceiveCount"]),
                first_ms=settings.first_retry_ms,
                longest_ms=settings.longest_retry_ms,
                retry_after_s=retry_after_s,
            ),
        )
    except Exception as error:
        application.logger.exception("message not postponed", error, **names)


def _measure(
    application: Application, message: Message, sent: Sent, names: Mapping[str, str]
) -> None:
    """Write an attempt with its metrics; ``AgeMs`` is from the change to its delivery."""
    outcome = sent.result.outcome
    delivered, skipped = outcome is Outcome.DELIVERED, outcome in SKIPPED
    values = {
        "Delivered": int(delivered),
        "Failed": int(outcome not in SETTLED),
        "Skipped": int(skipped),
        "Gone": int(outcome is Outcome.GONE),
        "Errors": 0,
    }
    if not skipped:
        values["LatencyMs"] = sent.duration_ms
    if delivered:
        values["AgeMs"] = application.clock() - message.created_at
    application.logger.measure(
        "attempt",
        values,
        units=_UNITS,
        **names,
        type=message.event_type,
        attempt=sent.attempt,
        outcome=outcome,
        status=sent.result.status,
    )


def build(
    settings: Settings,
    *,
    dynamodb: DynamoDBClient,
    queue: SQSClient,
    secrets: Any,
    network: Network,
    clock: Callable[[], int] = now_ms,
) -> Application:
    """Put an application together. ``clock`` gives epoch milliseconds."""
    logger = Logger(settings.log_level, service="WebhookSender", environment=settings.environment)
    sender = Sender(
        Endpoints(dynamodb, settings.table),
        SigningSecrets(secrets, clock),
        Deliveries(dynamodb, settings.table),
        network,
        timeout_ms=settings.timeout_ms,
        logger=logger,
        clock=clock,
    )
    return Application(settings, sender, queue, logger, clock)


@cache
def deployed() -> Application:
    """Build this worker's application once, from its environment. Raises ``SettingsError``."""
    return build(
        Settings.from_environment(os.environ),
        dynamodb=client("dynamodb"),
        queue=client("sqs"),
        secrets=client("secretsmanager"),
        network=Network(),
    )


if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    # Lambda's init phase has a full core and runs before the first message waits.
    deployed()
