"""An attempt on the logs, who makes it, and what is kept of its answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from harness.attempts.targets import Deployed

Send: TypeAlias = "Callable[[Any, Deployed], object]"
"""Sends the attempt with somebody's boto3 session."""

BYPASSED = "SCPs never bind the management account"
DEPLOYS = "the deploy role applies and destroys this environment"
SETS = "the deploy role applies these settings"


@dataclass(frozen=True, slots=True)
class Who:
    """A principal of one of the organization's accounts, or of somewhere else."""

    role: str
    account: str
    """Its name in organization.json, or ``outside``."""

    def __str__(self) -> str:
        return f"{self.role} {'for' if self.is_service else 'of'} {self.account}"

    @property
    def is_service(self) -> bool:
        """Whether an AWS service acts, for somebody of the account."""
        return self.role.endswith(".amazonaws.com")

    def arn(self, account_id: str) -> str:
        """The principal as policies name it; a service is named by itself."""
        if self.role == "root user":
            return f"arn:aws:iam::{account_id}:root"
        return self.role if self.is_service else f"arn:aws:iam::{account_id}:role/{self.role}"


@dataclass(frozen=True, slots=True)
class Attempt:
    """Something that must be refused, except to those who are listed with the reason."""

    what: str
    action: str
    target: str
    """What it is done to, as `Deployed.targets` calls it."""
    by: Sequence[Who]
    requirements: Sequence[str]
    possible: Mapping[Who, str] = field(default_factory=dict)
    conditions: Mapping[str, str] = field(default_factory=dict)
    """Condition keys of the call, beyond those that follow from who and what."""
    send: Send | None = None
    """Sends it, where the embedded AWS itself refuses; None where it would only break things."""
    sent_by: Sequence[Who] = ()
    by_policy: bool = False
    """Whether a bucket's policy refuses it: sent only while such policies are enforced."""


@dataclass(frozen=True, slots=True)
class Record:
    """What became of one attempt by one principal."""

    what: str
    who: str
    account_id: str
    """The principal's account."""
    action: str
    resource: str
    owner: str
    """The account of the resource, by name."""
    requirements: Sequence[str]
    at: str
    """When, in UTC."""
    how: str
    """``seen``: sent, and answered by the embedded AWS; ``evaluated``: decided by the policies."""
    answer: str
    """The error code, or ``allowed``."""
    decided_by: str
    """The policy and statement that decide on AWS, or would if nothing else refused before."""
    possible: str
    """Why it may be allowed; empty when it must be refused."""

    @property
    def refused(self) -> bool:
        """Whether it was refused, and not merely wrong in another way."""
        return self.answer in REFUSALS

    @property
    def as_expected(self) -> bool:
        """Whether the answer is what the table says."""
        return self.answer == ALLOWED if self.possible else self.refused


ALLOWED, DENIED = "allowed", "AccessDenied"
REFUSALS = (DENIED, "AccessDeniedException", "InvalidBucketState")
"""Error codes that say no to whoever asked. S3 has the last where a lock forbids it to everyone."""
