"""CPU of an authorization beside a bare handler that makes the same calls, in one process.

Run as a child of the bench, so that neither the embedded AWS, the acquirer nor the fraud service is
in the figure; prints one JSON object. The handlers alternate, and a block's CPU is that of this
process alone. ``scored`` is ours with the fraud check in line.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from payment_core.acquirer import Instruction
from payment_core.money import Money
from payment_core.states import OperationType
from transaction_gateway.acquirer_http import HttpAcquirer
from transaction_gateway.application import build, deployed
from transaction_gateway.handler import respond
from transaction_gateway.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_dynamodb.client import DynamoDBClient

    from transaction_gateway.application import Application

BLOCKS = 7
REQUESTS_A_BLOCK = 100


class Context:
    """Lambda's context with all the time in the world."""

    aws_request_id = "bench"

    def get_remaining_time_in_millis(self) -> int:
        """Give ten seconds."""
        return 10_000


def event(merchant_id: str, api_key_id: str, account_id: str, key: str) -> dict[str, Any]:
    """Build the proxy event of one authorization."""
    arn = f"arn:aws:sts::{account_id}:assumed-role/merchant-{merchant_id}/bench"
    return {
        "resource": "/merchants/{merchant_id}/payments",
        "httpMethod": "POST",
        "pathParameters": {"merchant_id": merchant_id},
        "multiValueHeaders": {
            "Content-Type": ["application/json"],
            "Idempotency-Key": [key],
        },
        "requestContext": {
            "extendedRequestId": key,
            "accountId": account_id,
            "identity": {"userArn": arn, "apiKeyId": api_key_id},
        },
        "body": json.dumps(
            {
                "amount": 1250,
                "currency": "EUR",
                "reference": "bench",
                "payment_method": {"token": "tok_approve"},
            }
        ),
    }


class Recorder:
    """Remembers the arguments of the two DynamoDB calls of one authorization."""

    def __init__(self, client: DynamoDBClient) -> None:
        self.calls: dict[str, dict[str, Any]] = {}
        client.meta.events.register("provide-client-params.dynamodb.*", self._record)

    def _record(self, params: dict[str, Any], model: Any, **_: object) -> None:
        self.calls[model.name] = params


def bare_handler(client: DynamoDBClient, calls: Mapping[str, Any]) -> Callable[[str], None]:
    """Give a handler that parses a body and makes the recorded calls under another key."""
    put, update = calls["PutItem"], calls["UpdateItem"]
    acquirer = deployed().acquirer

    def bare(sort_key: str) -> None:
        json.loads('{"amount":1250,"currency":"EUR"}')
        client.put_item(**{**put, "Item": {**put["Item"], "sk": {"S": sort_key}}})
        acquirer.submit(
            Instruction(
                reference=sort_key,
                type=OperationType.AUTHORIZE,
                payment_id=sort_key,
                order="bench",
                merchant_id="m_bench",
                money=Money(1250, "EUR"),
                token="tok_approve",  # noqa: S106 - tells the simulator what to do
            ),
            timeout_ms=2000,
        )
        client.update_item(**{**update, "Key": {**update["Key"], "sk": {"S": sort_key}}})

    return bare


def main(merchant_id: str, api_key_id: str, account_id: str) -> None:
    """Measure, and print the medians of the blocks in microseconds of CPU a request."""
    client = deployed().store._client
    recorder = Recorder(client)
    settings = Settings.from_environment(os.environ)
    unchecked = replace(settings, fraud=None)

    def authorizing(application: Application) -> Callable[[str], None]:
        def authorize(key: str) -> None:
            request = event(merchant_id, api_key_id, account_id, key)
            answer = respond(application, request, Context())
            if answer["statusCode"] != 201:
                raise RuntimeError(f"the authorization failed: {answer}")

        return authorize

    ours = authorizing(build(unchecked, client, HttpAcquirer(settings.acquirer_url)))
    scored = authorizing(deployed())
    for warm_up in range(20):
        scored(f"scored-warm-up-{warm_up}")
        ours(f"warm-up-{warm_up}")
    bare = bare_handler(client, dict(recorder.calls))
    handlers = {"ours": ours, "bare": bare, "scored": scored}
    cpu: dict[str, list[float]] = {name: [] for name in handlers}
    for block in range(BLOCKS):
        for name, call in handlers.items():
            started = time.process_time()
            for number in range(REQUESTS_A_BLOCK):
                call(f"{name}-{block}-{number}")
            cpu[name].append((time.process_time() - started) / REQUESTS_A_BLOCK * 1e6)
    medians = {name: statistics.median(values) for name, values in cpu.items()}
    print(json.dumps(medians), file=sys.__stdout__)


if __name__ == "__main__":
    main(*sys.argv[1:])
