"""Payments in memory: the ``PaymentStore`` of a backend that holds thousands at once.

moto would take milliseconds a write. Every write is atomic and conditional, under one lock.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from payment_core.payment import refusal
from payment_core.storage import Attempt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from payment_core.payment import Lease, Operation, Payment


class MemoryStore:
    """Keeps payments until the process ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._payments: dict[tuple[str, str], Payment] = {}

    def create(self, payment: Payment) -> Attempt:
        """Write a new payment unless its id is taken."""
        with self._lock:
            stored = self._payments.setdefault((payment.merchant_id, payment.payment_id), payment)
        return Attempt(stored is payment, stored)

    def begin(
        self, merchant_id: str, payment_id: str, operation: Operation, lease: Lease
    ) -> Attempt:
        """Open an operation unless it exists or is refused."""
        with self._lock:
            payment = self._payments.get((merchant_id, payment_id))
            if (
                payment is None
                or operation.operation_id in payment.operations
                or refusal(payment, operation)
            ):
                return Attempt(done=False, payment=payment)
            opened = replace(
                payment,
                operations={**payment.operations, operation.operation_id: operation},
                open_operation=operation.operation_id,
                updated_at=operation.created_at,
                lease=lease,
                check_at=lease.until,
                version=payment.version + 1,
            )
            return self._write(opened)

    def take_over(self, payment: Payment, lease: Lease) -> Attempt:
        """Lease the open operation again over the version that ``payment`` is."""
        with self._lock:
            stored = self._payments.get((payment.merchant_id, payment.payment_id))
            if stored is None or stored.version != payment.version or not stored.open_operation:
                return Attempt(done=False, payment=stored)
            version = stored.version + 1
            return self._write(replace(stored, lease=lease, check_at=lease.until, version=version))

    def save(self, payment: Payment, operation_id: str) -> Attempt:
        """Write a step's result over the version just before."""
        with self._lock:
            stored = self._payments.get((payment.merchant_id, payment.payment_id))
            if (
                stored is None
                or stored.version != payment.version - 1
                or stored.open_operation != operation_id
            ):
                return Attempt(done=False, payment=stored)
            return self._write(payment)

    def get(self, merchant_id: str, payment_id: str) -> Payment | None:
        """Read a payment."""
        with self._lock:
            return self._payments.get((merchant_id, payment_id))

    def page(
        self, merchant_id: str, *, limit: int, after: str | None = None
    ) -> tuple[list[Payment], str | None]:
        """Read up to ``limit`` of a merchant's payments by id."""
        found = [
            payment
            for payment in sorted(self.all(), key=lambda payment: payment.payment_id)
            if payment.merchant_id == merchant_id and payment.payment_id > (after or "")
        ]
        page = found[:limit]
        return page, page[-1].payment_id if len(found) > limit else None

    def unresolved(
        self,
        until: int,
        on_unreadable: Callable[[str, Exception], None] | None = None,  # noqa: ARG002 - all can be read
    ) -> Iterator[Payment]:
        """Find payments due for a check."""
        for payment in self.all():
            if payment.check_at is not None and payment.check_at <= until:
                yield payment

    def all(self) -> list[Payment]:
        """Every payment as it is stored."""
        with self._lock:
            return list(self._payments.values())

    def _write(self, payment: Payment) -> Attempt:
        self._payments[payment.merchant_id, payment.payment_id] = payment
        return Attempt(done=True, payment=payment)
