"""What we need of an acquirer, whichever one it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from payment_core.money import Money
    from payment_core.states import OperationType

NOT_PROCESSED = "not_processed"
"""The decline code of an instruction that never reached the acquirer and never will count."""


class Verdict(StrEnum):
    """What the acquirer said, or ``UNKNOWN`` when it can't be told whether it acted."""

    APPROVED = "approved"
    DECLINED = "declined"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CardSummary:
    """What may be shown of a card: ``bin`` is its number's first 6 digits, ``last4`` its last 4.

    ``country`` is the issuer's (ISO 3166-1 alpha-2), where it is known.
    """

    brand: str
    bin: str
    last4: str
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The acquirer's verdict; ``decline_code`` goes with a decline alone.

    ``card`` is what it told of the card that a token stands for, if it did.
    """

    verdict: Verdict
    decline_code: str | None = None
    card: CardSummary | None = None


@dataclass(frozen=True, slots=True)
class Instruction:
    """What is asked of the acquirer.

    ``reference`` is ours, the same at every repetition; ``order`` is the merchant's own name for
    what is paid.
    """

    reference: str
    type: OperationType
    payment_id: str
    order: str
    merchant_id: str
    money: Money
    token: str


class Acquirer(Protocol):
    """The acquirer. It acts once for a reference, however often it is asked; nothing raises."""

    def submit(self, instruction: Instruction, *, timeout_ms: int) -> Answer:
        """Ask to act. No answer within ``timeout_ms`` is ``UNKNOWN``, never a decline."""
        ...

    def resolve(self, reference: str, *, timeout_ms: int) -> Answer:
        """Ask what became of a reference, for good.

        An acquirer that has no record of it answers a decline ``not_processed``, and refuses the
        instruction should it still arrive.
        """
        ...
