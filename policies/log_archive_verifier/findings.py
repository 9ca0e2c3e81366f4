"""What can be wrong with archived logs."""

from __future__ import annotations

import enum
from dataclasses import dataclass

INTEGRITY = "PCI DSS 10.3.4"
PROTECTION = "PCI DSS 10.3.2"
RETENTION = "PCI DSS 10.5.1"


class Kind(enum.Enum):
    """What was found, with the requirement that it is about."""

    MISSING = "missing", INTEGRITY
    CHANGED = "changed", INTEGRITY
    UNREADABLE = "unreadable", INTEGRITY
    MOVED = "moved", INTEGRITY
    BAD_SIGNATURE = "bad-signature", INTEGRITY
    UNKNOWN_KEY = "unknown-key", INTEGRITY
    BROKEN_CHAIN = "broken-chain", INTEGRITY
    GAP = "gap", INTEGRITY
    UNVOUCHED = "unvouched", INTEGRITY
    OVERWRITTEN = "overwritten", PROTECTION
    HIDDEN = "hidden", PROTECTION
    NO_VERSIONING = "no-versioning", PROTECTION
    NO_LOCK = "no-lock", PROTECTION
    WEAK_LOCK = "weak-lock", PROTECTION
    SHORT_LOCK = "short-lock", RETENTION

    def __init__(self, label: str, requirement: str) -> None:
        self.label = label
        self.requirement = requirement


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        where: the object, bucket or chain.
        label: the kind's name.
        message: what is wrong, for people.
        requirement: which requirement it is about.
    """

    where: str
    label: str
    message: str
    requirement: str

    @classmethod
    def of(cls, kind: Kind, where: str, message: str) -> Finding:
        """Make a finding of a kind."""
        return cls(where, kind.label, message, kind.requirement)

    def as_document(self) -> dict[str, str]:
        """Return it for JSON."""
        return {
            "kind": self.label,
            "where": self.where,
            "message": self.message,
            "requirement": self.requirement,
        }
