"""The fraud check in line with an authorization: what is asked, what came of it, what follows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payment_core.money import Money

SUSPECTED_FRAUD = "suspected_fraud"
"""The decline code of a payment that the check refused: all that a merchant learns of it."""


class FraudDecision(StrEnum):
    """What the check said, or ``UNAVAILABLE`` when it said nothing that makes sense in time."""

    APPROVE = "approve"
    REVIEW = "review"
    REFUSE = "refuse"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class FraudCheck:
    """A check's result: ``score`` from 0 to 1000 and the ``reasons``' codes, kept on the payment.

    Without a decision it has neither score nor model version. A ``degraded`` one knows nothing of
    what came before the payment: it can refuse, but not clear.
    """

    decision: FraudDecision
    score: int | None = None
    reasons: tuple[str, ...] = ()
    model_version: str | None = None
    degraded: bool = False

    @property
    def is_unchecked(self) -> bool:
        """Whether it says nothing in the payment's favour."""
        return self.decision is FraudDecision.UNAVAILABLE or (
            self.degraded and self.decision is not FraudDecision.REFUSE
        )


@dataclass(frozen=True, slots=True)
class FraudQuestion:
    """What is known of an authorization. The same payment may be asked about again."""

    payment_id: str
    merchant_id: str
    money: Money
    token: str
    reference: str
    device_id: str | None = None
    country: str | None = None
    request_id: str = ""


class FraudScorer(Protocol):
    """The fraud check. Nothing raises: silence and nonsense are ``UNAVAILABLE``."""

    def score(self, question: FraudQuestion, *, timeout_ms: int) -> FraudCheck:
        """Ask for a decision within ``timeout_ms``."""
        ...


class Admission(Enum):
    """What follows from a check."""

    PASS = auto()
    """Ask the acquirer."""
    REFUSE = auto()
    """Decline, and never ask the acquirer."""
    HOLD = auto()
    """Ask nobody: the amount is too large to go unchecked. The request may be repeated."""


@dataclass(frozen=True, slots=True)
class FraudPolicy:
    """What to do when the check is silent, or knows too little to clear a payment.

    ``passes_up_to`` gives by currency the largest amount, in minor units, that passes unchecked.
    A currency that isn't listed never does.
    """

    passes_up_to: Mapping[str, int]

    def admit(self, check: FraudCheck, money: Money) -> Admission:
        """Decide by a check's result."""
        if check.decision is FraudDecision.REFUSE:
            return Admission.REFUSE
        if check.is_unchecked and money.minor_units > self.passes_up_to.get(money.currency, 0):
            return Admission.HOLD
        return Admission.PASS
