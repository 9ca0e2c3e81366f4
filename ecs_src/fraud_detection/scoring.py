"""From counters to a score: features, model, reasons, decision."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from fraud_detection.features import features
from fraud_detection.reasons import reasons

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fraud_detection.model import Model
    from fraud_detection.reasons import Reason
    from fraud_detection.tallies import Subject, Tally
    from fraud_detection.transaction import Transaction

HIGHEST = 1000
LEAST_EXPLAINED = 50
"""What scores less is no more suspicious than most payments, and has no reasons."""


class Decision(StrEnum):
    """What to do with the payment."""

    APPROVE = "approve"
    REVIEW = "review"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The lowest scores at which payments are reviewed, and refused."""

    review_at: int
    refuse_at: int

    def decide(self, score: int) -> Decision:
        """Decide by score."""
        if score >= self.refuse_at:
            return Decision.REFUSE
        return Decision.REVIEW if score >= self.review_at else Decision.APPROVE


DEFAULT_THRESHOLDS = Thresholds(review_at=200, refuse_at=700)
"""Where the hold-out's curve bends; `README.md` has the curve."""


@dataclass(frozen=True, slots=True)
class Score:
    """The answer to one payment."""

    score: int
    decision: Decision
    reasons: tuple[Reason, ...]
    model_version: str
    degraded: bool

    def document(self) -> dict[str, object]:
        """Write it as the contract says."""
        return {
            "score": self.score,
            "decision": self.decision,
            "reasons": [{"code": reason.code, "text": reason.text} for reason in self.reasons],
            "model_version": self.model_version,
            "degraded": self.degraded,
        }


class Scorer:
    """A model with its thresholds."""

    def __init__(self, model: Model, thresholds: Thresholds) -> None:
        self.model = model
        self._thresholds = thresholds

    def score(
        self,
        transaction: Transaction,
        tallies: Mapping[Subject, Tally],
        now: float,
        *,
        degraded: bool,
    ) -> Score:
        """Score a payment by the tallies that are known."""
        row = features(transaction, tallies, now)
        score = score_of(self.model.probability(row))
        explained = score >= LEAST_EXPLAINED
        return Score(
            score=score,
            decision=self._thresholds.decide(score),
            reasons=reasons(self.model.contributions(row), row) if explained else (),
            model_version=self.model.version,
            degraded=degraded,
        )


def score_of(probability: float) -> int:
    """Write the estimated probability of fraud as a score: 1000 is certainty."""
    return round(HIGHEST * probability)
