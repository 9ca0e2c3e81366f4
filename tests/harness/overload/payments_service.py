"""The payment gateway's own code as one process that holds thousands of transactions at once.

``python -m harness.overload.payments_service`` serves the deployed handler over a store in memory
and an acquirer that is slow: it answers nobody until so many authorizations wait, or time is up.
``GET /audit`` tells what was stored, charged, and under way at the same time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

from api_functions.logs import Logger
from api_functions.merchants import Merchants
from api_functions.times import now_ms
from harness.acquirer.book import Book
from harness.overload.memory_store import MemoryStore
from harness.overload.service import BACKLOG, serve
from harness.payments import Context
from payment_core.acquirer import Answer, Verdict
from payment_core.ledger import balances
from payment_core.states import OperationType
from transaction_gateway.application import Application
from transaction_gateway.cursor_key import CursorKey
from transaction_gateway.handler import respond
from transaction_gateway.service import PaymentService
from transaction_gateway.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from mypy_boto3_dynamodb.client import DynamoDBClient

    from payment_core.acquirer import Instruction
    from transaction_gateway.payment_table import PaymentTable

MOST_PATIENCE_S = 22.0
ACQUIRER_TIMEOUT_MS = 25_000
REMAINING_MS = 28_000
_STACK_BYTES = 256 * 1024
_ROUTE = re.compile(r"/merchants/([^/]+)/payments(?:/([^/]+)/(captures))?")


class SlowAcquirer:
    """Books each reference once, and answers when ``crowd`` authorizations wait for it.

    Args:
        most: seconds after which it answers all the same.
    """

    def __init__(self, crowd: int, most: float = MOST_PATIENCE_S) -> None:
        self.book = Book()
        self.peak = 0
        self._crowd = crowd
        self._most = most
        self._waiting = 0
        self._changed = threading.Lock()
        self._answers = threading.Event()

    def submit(self, instruction: Instruction, *, timeout_ms: int) -> Answer:
        """Act, late."""
        self.book.requested(instruction.reference)
        if instruction.type is OperationType.AUTHORIZE:
            self._wait(min(self._most, timeout_ms / 1000))
        self.book.approve(
            instruction.reference,
            {
                "type": instruction.type,
                "payment_id": instruction.payment_id,
                "order": instruction.order,
                "merchant_id": instruction.merchant_id,
                "amount": instruction.money.minor_units,
                "currency": instruction.money.currency,
            },
        )
        return Answer(Verdict.APPROVED)

    def resolve(self, reference: str, *, timeout_ms: int) -> Answer:  # noqa: ARG002 - it knows at once
        """Tell what became of a reference, for good."""
        record = self.book.close(reference)
        if record["status"] == "approved":
            return Answer(Verdict.APPROVED)
        return Answer(Verdict.DECLINED, str(record["decline_code"]))

    def _wait(self, seconds: float) -> None:
        with self._changed:
            self._waiting += 1
            self.peak = max(self.peak, self._waiting)
            if self._waiting >= self._crowd:
                self._answers.set()
        self._answers.wait(seconds)
        self._answers.set()
        with self._changed:
            self._waiting -= 1


class _Profiles:
    """What ``Merchants`` asks DynamoDB for: the key of the one merchant."""

    def __init__(self, api_key_id: str) -> None:
        self._item = {"Item": {"api_key_id": {"S": api_key_id}}}

    def get_item(self, **_: Any) -> dict[str, Any]:
        return self._item


class PaymentsService:
    """ASGI: the handler, each request on a thread of its own."""

    def __init__(self, crowd: int, threads: int, api_key_id: str) -> None:
        threading.stack_size(_STACK_BYTES)
        self._threads = ThreadPoolExecutor(threads)
        self._store = MemoryStore()
        self._acquirer = SlowAcquirer(crowd)
        settings = Settings("none", "http://127.0.0.1:9", ACQUIRER_TIMEOUT_MS, "ERROR")
        profiles = cast("DynamoDBClient", _Profiles(api_key_id))
        self._application = Application(
            settings=settings,
            store=cast("PaymentTable", self._store),
            acquirer=self._acquirer,
            service=PaymentService(
                self._store,
                self._acquirer,
                clock=now_ms,
                acquirer_timeout_ms=settings.acquirer_timeout_ms,
            ),
            merchants=Merchants(profiles, settings.table, now_ms),
            cursor_key=CursorKey(profiles, settings.table),
            logger=Logger(settings.log_level, service="TransactionGateway", environment=None),
            clock=now_ms,
        )

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        """Answer one request."""
        parts = []
        while True:
            message = await receive()
            parts.append(message.get("body", b""))
            if not message.get("more_body"):
                break
        status, headers, body = 200, {"content-type": "application/json"}, "{}"
        if scope["path"] == "/audit":
            body = json.dumps(self.audit())
        elif scope["path"] != "/health":
            event = _event(scope, b"".join(parts).decode())
            loop = asyncio.get_running_loop()
            answer: Any = await loop.run_in_executor(
                self._threads, respond, self._application, event, Context(REMAINING_MS)
            )
            status, headers, body = answer["statusCode"], answer["headers"], answer["body"]
        content = body.encode()
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        raw.append((b"content-length", str(len(content)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": content})

    def audit(self) -> dict[str, Any]:
        """Count what was stored, what was charged, and what was under way at the same time."""
        payments = self._store.all()
        entries = [
            operation.entry
            for payment in payments
            for operation in payment.operations.values()
            if operation.entry
        ]
        ledger = balances(entries)
        charges = self._acquirer.book.charges()
        authorized = [charge for charge in charges if charge.type == "authorize"]
        captured = [charge for charge in charges if charge.type == "capture"]
        return {
            "peak": self._acquirer.peak,
            "payments": len(payments),
            "states": _counted(str(payment.state) for payment in payments),
            "entries": len(entries),
            "ledger": {" ".join(account): amount for account, amount in ledger.items()},
            "ledger_sum": sum(ledger.values()),
            "authorizations": len(authorized),
            "orders_authorized": len({charge.order for charge in authorized}),
            "captures": len(captured),
            "payments_captured": len({charge.payment_id for charge in captured}),
            "captured": sum(charge.amount for charge in captured),
            "asked_again": sum(charge.requests - 1 for charge in charges),
        }


def _counted(values: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return counts


def _event(scope: Mapping[str, Any], body: str) -> dict[str, Any]:
    """The request as the handler reads it; the gateway tells in headers who calls."""
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    found = _ROUTE.fullmatch(scope["path"])
    merchant, payment, operation = found.groups() if found else ("", None, None)
    path = {"merchant_id": merchant} | ({"payment_id": payment} if payment else {})
    resource = "/merchants/{merchant_id}/payments"
    return {
        "resource": f"{resource}/{{payment_id}}/{operation}" if operation else resource,
        "httpMethod": scope["method"],
        "pathParameters": path,
        "headers": headers,
        "body": body,
        "requestContext": {
            "extendedRequestId": headers.get("x-request-id", ""),
            "accountId": headers.get("x-account-id", ""),
            "identity": {
                "userArn": headers.get("x-principal-arn", ""),
                "apiKeyId": headers.get("x-api-key-id", ""),
            },
        },
    }


def main() -> int:
    """Serve on a free port until terminated."""
    parser = argparse.ArgumentParser(prog="python -m harness.overload.payments_service")
    parser.add_argument("--crowd", type=int, required=True, help="authorizations at one time")
    parser.add_argument("--threads", type=int, required=True, help="requests at one time")
    parser.add_argument("--api-key-id", required=True, help="the merchant's")
    options = parser.parse_args()
    service = PaymentsService(options.crowd, options.threads, options.api_key_id)
    serve(service, socket.create_server(("127.0.0.1", 0), backlog=BACKLOG))
    return 0


if __name__ == "__main__":
    sys.exit(main())
