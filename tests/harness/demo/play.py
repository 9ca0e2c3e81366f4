"""Sends a merchant's day to the payment API: signed, concurrent, each payment's rows in order."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import httpx

    from harness.client import SignedClient
    from harness.demo.merchant_day import Row

# A row is given up after this many refusals that the API itself calls retryable.
MAX_ATTEMPTS = 20
LONGEST_WAIT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said to one row in the end; `attempts` counts the sends that it took."""

    row: Row
    status: int
    body: Mapping[str, Any]
    replayed: bool
    attempts: int

    @property
    def accepted(self) -> bool:
        """Whether the request was carried out, now or when it was first sent."""
        return self.status < 300

    @property
    def outcome(self) -> str:
        """The payment's state, or the problem's code."""
        return str(self.body.get("state") if self.accepted else self.body.get("code"))

    @property
    def surprising(self) -> bool:
        """Whether the file expected another outcome."""
        return bool(self.row.expect) and self.row.expect != self.outcome


class UnansweredError(Exception):
    """A row stayed unanswered after every attempt."""


async def play(
    rows: Sequence[Row],
    client: SignedClient,
    *,
    concurrency: int,
    on_answer: Callable[[Answer], None],
) -> list[Answer]:
    """Send every row and return the answers in the rows' order.

    Rows of one payment go one after another; up to `concurrency` payments are under way at once.

    Raises:
        UnansweredError: when the API keeps refusing a row as retryable.
    """
    payments: dict[str, list[Row]] = {}
    for row in rows:
        payments.setdefault(row.payment, []).append(row)
    answers: dict[int, Answer] = {}
    gate = asyncio.Semaphore(concurrency)

    async def one(steps: Sequence[Row]) -> None:
        async with gate:
            payment_id = ""
            for row in steps:
                answer = await _send(row, payment_id, client)
                payment_id = payment_id or str(answer.body.get("payment_id", ""))
                answers[row.line] = answer
                on_answer(answer)

    async with asyncio.TaskGroup() as group:
        for steps in payments.values():
            group.create_task(one(steps))
    return [answers[row.line] for row in rows]


async def _send(row: Row, payment_id: str, client: SignedClient) -> Answer:
    for attempt in range(1, MAX_ATTEMPTS + 1):
        response = await _request(row, payment_id, client)
        body = response.json()
        if response.is_success or not body.get("retryable"):
            return Answer(
                row=row,
                status=response.status_code,
                body=body,
                replayed=response.headers.get("Idempotency-Replayed") == "true",
                attempts=attempt,
            )
        await asyncio.sleep(_wait_seconds(response, attempt))
    raise UnansweredError(
        f"line {row.line}: {row.operation} {row.payment} was refused {MAX_ATTEMPTS} times, "
        f"the last time with {response.status_code}: {body.get('detail') or body}"
    )


async def _request(row: Row, payment_id: str, client: SignedClient) -> httpx.Response:
    key = row.idempotency_key
    money = {"amount": row.amount, "currency": row.currency}
    if row.operation == "authorize":
        method = {"token": row.token, **({"brand": row.brand} if row.brand else {})}
        body = {**money, "reference": row.payment, "payment_method": method}
        return await client.authorize(body, idempotency_key=key)
    if row.operation == "capture":
        return await client.capture(payment_id, money, idempotency_key=key)
    if row.operation == "refund":
        return await client.refund(payment_id, money, idempotency_key=key)
    return await client.void(payment_id, idempotency_key=key)


def _wait_seconds(response: httpx.Response, attempt: int) -> float:
    """Retry-After where it is given, else a doubling wait from 50 ms."""
    announced = response.headers.get("Retry-After", "")
    wait = float(announced) if announced.isdigit() else 0.05 * 2 ** (attempt - 1)
    return min(wait, LONGEST_WAIT_SECONDS)
