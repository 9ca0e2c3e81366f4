"""Sends a merchant's day to the payment API: signed, concurrent, each card's rows in order."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.demo import wallet
from payment_core.fraud import SUSPECTED_FRAUD

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

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
    def decline_code(self) -> str | None:
        """Why the payment was declined, if it was."""
        code = self.body.get("decline_code")
        return None if code is None else str(code)

    @property
    def refused_for_fraud(self) -> bool:
        """Whether the fraud check refused the payment."""
        return self.decline_code == SUSPECTED_FRAUD

    @property
    def surprising(self) -> bool:
        """Whether the file expected another outcome."""
        return bool(self.row.expect) and self.row.expect not in (self.outcome, self.decline_code)


class UnansweredError(Exception):
    """A row stayed unanswered after every attempt."""


async def tokenize(
    rows: Iterable[Row],
    client: SignedClient,
    *,
    concurrency: int,
    on_token: Callable[[str], None],
) -> tuple[dict[str, str], int]:
    """Exchange the cards that the rows name for tokens, by name; also give the requests sent.

    Raises:
        UnansweredError: when the API keeps refusing a card as retryable.
        httpx.HTTPStatusError: when it refuses one for good.
    """
    names = {row.card for row in rows if row.card in wallet.NUMBERS}
    tokens: dict[str, str] = {}
    sent = 0
    gate = asyncio.Semaphore(concurrency)

    async def one(name: str) -> None:
        nonlocal sent
        async with gate:
            body = {"card": wallet.card(name)}
            response, attempts = await _insist(
                lambda: client.request("POST", "/tokens", body=body), f"card {name}"
            )
        response.raise_for_status()
        sent += attempts
        tokens[name] = response.json()["token"]
        on_token(name)

    async with asyncio.TaskGroup() as group:
        for name in sorted(names):
            group.create_task(one(name))
    return tokens, sent


async def play(
    rows: Sequence[Row],
    client: SignedClient,
    *,
    tokens: Mapping[str, str],
    concurrency: int,
    on_answer: Callable[[Answer], None],
) -> list[Answer]:
    """Send every row and return the answers in the rows' order.

    Rows of one card go one after another, as one person pays; up to `concurrency` cards are under
    way at once. `tokens` has the tokens of the cards that the rows name.

    Raises:
        UnansweredError: when the API keeps refusing a row as retryable.
    """
    card_of = {row.payment: row.card for row in rows if row.operation == "authorize"}
    cards: dict[str, list[Row]] = {}
    for row in rows:
        cards.setdefault(card_of[row.payment], []).append(row)
    answers: dict[int, Answer] = {}
    gate = asyncio.Semaphore(concurrency)

    async def one(steps: Sequence[Row]) -> None:
        payment_ids: dict[str, str] = {}
        async with gate:
            for row in steps:
                answer = await _send(row, payment_ids.get(row.payment, ""), client, tokens)
                if (payment_id := answer.body.get("payment_id")) is not None:
                    payment_ids.setdefault(row.payment, str(payment_id))
                answers[row.line] = answer
                on_answer(answer)

    async with asyncio.TaskGroup() as group:
        for steps in cards.values():
            group.create_task(one(steps))
    return [answers[row.line] for row in rows]


def authorization(row: Row, tokens: Mapping[str, str]) -> dict[str, Any]:
    """Give the body of a row that authorizes."""
    return {
        "amount": row.amount,
        "currency": row.currency,
        "reference": row.payment,
        "payment_method": {"token": tokens.get(row.card, row.card)},
        # Everybody pays with a card and a telephone of their own.
        "device_id": f"device-{row.card}",
    }


async def _send(
    row: Row, payment_id: str, client: SignedClient, tokens: Mapping[str, str]
) -> Answer:
    response, attempts = await _insist(
        lambda: _request(row, payment_id, client, tokens),
        f"line {row.line}: {row.operation} {row.payment}",
    )
    return Answer(
        row=row,
        status=response.status_code,
        body=response.json(),
        replayed=response.headers.get("Idempotency-Replayed") == "true",
        attempts=attempts,
    )


async def _insist(
    request: Callable[[], Awaitable[httpx.Response]], name: str
) -> tuple[httpx.Response, int]:
    """Send a request until the API doesn't call its refusal retryable; also give the sends."""
    for attempt in range(1, MAX_ATTEMPTS + 1):
        response = await request()
        if response.is_success or not response.json().get("retryable"):
            return response, attempt
        await asyncio.sleep(_wait_seconds(response, attempt))
    raise UnansweredError(
        f"{name} was refused {MAX_ATTEMPTS} times, the last time with {response.status_code}: "
        f"{response.text}"
    )


async def _request(
    row: Row, payment_id: str, client: SignedClient, tokens: Mapping[str, str]
) -> httpx.Response:
    key = row.idempotency_key
    money = {"amount": row.amount, "currency": row.currency}
    if row.operation == "authorize":
        return await client.authorize(authorization(row, tokens), idempotency_key=key)
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
