"""Tills that go on paying while their merchants are moved."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Self

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.caller import Caller

AMOUNT = 1250
PATIENCE_S = 20.0
# The acquirer answers; or it books and drops the connection, so that nobody knows.
TOKENS = ("tok_approve__{}", "tok_dropped_booked__{}")


@dataclass(frozen=True, slots=True)
class Order:
    """What is paid once, however often it is sent."""

    name: str
    token: str


@dataclass
class Till:
    """Authorizes and captures one order after the other, and sends each request twice.

    Args:
        caller: the merchant's.
    """

    caller: Caller
    payments: dict[Order, str] = field(default_factory=dict)
    """The id of each payment that was answered."""
    sides: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def repeat_everything(self) -> None:
        """Send everything once more under its keys, like a system that lost the answers."""
        for order in list(self.payments):
            self._pay(order)

    def _run(self) -> None:
        merchant = self.caller.access.merchant_id
        for number in count():
            if self._stop.wait(0.3):
                return
            name = f"{merchant}_{number}"
            order = Order(name, TOKENS[number % len(TOKENS)].format(name))
            self._pay(order)
            self._pay(order)

    def _pay(self, order: Order) -> None:
        authorized = self._final(
            lambda: self.caller.authorize(
                AMOUNT, token=order.token, key=order.name, reference=order.name
            )
        )
        if not authorized.is_success:
            return
        payment_id = str(authorized.json()["payment_id"])
        if self.payments.setdefault(order, payment_id) != payment_id:
            self.failures.append(f"{order.name} became a second payment, {payment_id}")
        self._final(lambda: self.caller.capture(payment_id, AMOUNT, key=f"{order.name}_capture"))

    def _final(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        """Send under the same key until the answer is final, as the contract asks callers to."""
        until = time.monotonic() + PATIENCE_S
        while _is_open(answer := send()) and time.monotonic() < until:
            time.sleep(0.2)
        self.sides[answer.headers.get("x-served-by", "new")] += 1
        if not answer.is_success or _is_open(answer):
            self.failures.append(f"{answer.status_code} {answer.text}")
        return answer


def _is_open(answer: httpx.Response) -> bool:
    return answer.status_code == httpx.codes.ACCEPTED or (
        answer.is_error and answer.json().get("retryable") is True
    )
