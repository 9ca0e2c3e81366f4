"""Signed payments that go on while something is deployed, and the edge that follows it.

A merchant's system that pays at an even pace, and repeats what failed under the same key: what a
deployment did to it is told payment by payment.
"""

from __future__ import annotations

import math
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import httpx

from harness.caller import Caller
from harness.monitored import statistics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.platform import MerchantAccess, Platform

_CREATED, _PAYMENT_REQUIRED = 201, 402
_SENDERS = 4
_REPEATS_SECONDS = 60.0
_REPEAT_AFTER_SECONDS = 0.3
_LOOK_SECONDS = 0.25
_FUNCTION = "transaction_gateway"
_TELL_SECONDS = 2.0
"""How often what was measured reaches CloudWatch: on AWS a minute, as steps are longer there."""


@dataclass
class Payment:
    """An authorization as its merchant saw it."""

    sent_at: float
    failures: list[str] = field(default_factory=list)
    """Answers that weren't one about the payment, before there was."""
    paid: bool = False
    declined: str | None = None
    """Why it isn't to be paid, which is an answer too."""


@dataclass
class PaymentsUnderWay:
    """A merchant who pays until it is told to stop; a context manager.

    Args:
        access: whose payments they are.
        per_second: how many payments begin in a second, as far as the machine keeps up.
    """

    access: MerchantAccess
    per_second: float = 8
    payments: list[Payment] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(_SENDERS, "merchant")
        self._senders = [self._pool.submit(self._send_on) for _ in range(_SENDERS)]
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for sender in self._senders:
            sender.result()
        self._pool.shutdown()

    @property
    def failed(self) -> list[Payment]:
        """Payments that weren't answered at first."""
        return [payment for payment in self.payments if payment.failures]

    @property
    def lost(self) -> list[Payment]:
        """Payments that weren't answered however often they were repeated."""
        return [each for each in self.payments if not each.paid and each.declined is None]

    @property
    def paid(self) -> list[Payment]:
        """Payments that were authorized."""
        return [payment for payment in self.payments if payment.paid]

    @property
    def declined(self) -> list[Payment]:
        """Payments that the acquirer, or the check for fraud, didn't want."""
        return [payment for payment in self.payments if payment.declined is not None]

    def since(self, moment: float) -> list[Payment]:
        """Payments that were sent after a moment of the monotonic clock."""
        return [payment for payment in self.payments if payment.sent_at > moment]

    def _send_on(self) -> None:
        with httpx.Client(timeout=30) as http:
            caller = Caller(self.access, http, patience_s=0)
            while not self._stop.is_set():
                began = time.monotonic()
                payment = self._pay(caller, began)
                with self._lock:
                    self.payments.append(payment)
                self._stop.wait(max(0.0, began + _SENDERS / self.per_second - time.monotonic()))

    @staticmethod
    def _pay(caller: Caller, began: float) -> Payment:
        payment, key = Payment(began), str(uuid.uuid4())
        while time.monotonic() < began + _REPEATS_SECONDS:
            try:
                answer = caller.authorize(key=key)
            except httpx.HTTPError as error:
                payment.failures.append(repr(error))
            else:
                if answer.status_code == _CREATED:
                    payment.paid = True
                    return payment
                if answer.status_code == _PAYMENT_REQUIRED:
                    payment.declined = answer.text
                    return payment
                payment.failures.append(f"{answer.status_code} {answer.text[:200]}")
            time.sleep(_REPEAT_AFTER_SECONDS)
        return payment


@contextmanager
def followed(platform: Platform, function: str = _FUNCTION) -> Iterator[None]:
    """Have the edge see where a function's alias sends calls, and CloudWatch what they came to.

    On AWS both happen by themselves, within seconds.
    """
    awslambda = platform.aws.client("lambda", platform.account_id)
    name = platform.outputs["functions"][function]["name"]
    stop, failures = threading.Event(), []

    def where() -> object:
        alias = awslambda.get_alias(FunctionName=name, Name="live")
        return alias["FunctionVersion"], alias.get("RoutingConfig")

    def follow() -> None:
        seen, told = where(), time.monotonic()
        while not stop.wait(_LOOK_SECONDS):
            if (now := where()) != seen:
                platform.edge.reload()
                seen = now
            if time.monotonic() - told > _TELL_SECONDS:
                platform.edge.flush_metrics()
                told = time.monotonic()

    def guarded() -> None:
        try:
            follow()
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=guarded, name="follower")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        platform.edge.flush_metrics()
    if failures:
        raise failures[0]


@dataclass(frozen=True)
class Calls:
    """Calls that one version got, and those of them that it failed."""

    invoked: int
    errors: int


def calls_while_split(platform: Platform, version: str, function: str = _FUNCTION) -> Calls:
    """Read what CloudWatch has of a version while the alias split its function's calls."""
    name = platform.outputs["functions"][function]["name"]
    cloudwatch = platform.aws.client("cloudwatch", platform.account_id)

    def total(metric: str) -> int:
        place = {"FunctionName": name, "Resource": f"{name}:live", "ExecutedVersion": version}
        return int(statistics(cloudwatch, "AWS/Lambda", metric, **place).get("Sum", 0))

    return Calls(total("Invocations"), total("Errors"))


def most_by_chance(share: float, calls: int) -> int:
    """Say how many of the calls a share from 0 to 1 may get, by chance at 4 sigma."""
    expected = share * calls
    return math.ceil(expected + 4 * math.sqrt(expected * (1 - share)))
