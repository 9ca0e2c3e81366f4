"""What we need of a store of payments, whichever one it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from payment_core.payment import Lease, Operation, Payment


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of a conditional write: whether it took place, and the payment as it is stored."""

    done: bool
    payment: Payment | None


class PaymentStore(Protocol):
    """A store whose every write is atomic, conditional, and never loses another's."""

    def create(self, payment: Payment) -> Attempt:
        """Write a new payment unless its id is taken."""
        ...

    def begin(
        self, merchant_id: str, payment_id: str, operation: Operation, lease: Lease
    ) -> Attempt:
        """Open ``operation`` unless it exists, or ``payment.refusal`` would name a reason."""
        ...

    def take_over(self, payment: Payment, lease: Lease) -> Attempt:
        """Lease the open operation again unless ``payment`` has changed in the meantime."""
        ...

    def save(self, payment: Payment, operation_id: str) -> Attempt:
        """Write one step's result, with its operation, over the version just before."""
        ...

    def get(self, merchant_id: str, payment_id: str) -> Payment | None:
        """Read a payment, consistently."""
        ...

    def page(
        self, merchant_id: str, *, limit: int, after: str | None = None
    ) -> tuple[list[Payment], str | None]:
        """Read up to ``limit`` payments by id, and the id to go on after, None at the end."""
        ...

    def unresolved(
        self, until: int, on_unreadable: Callable[[str, Exception], None] | None = None
    ) -> Iterator[Payment]:
        """Find payments due for a check at epoch ms ``until``; may be stale.

        A payment that can't be read, as another version of the service wrote it, is handed to
        ``on_unreadable`` by its id, with the error; without that it raises.
        """
        ...
