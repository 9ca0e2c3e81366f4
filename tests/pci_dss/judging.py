"""What a policy says of the first resource of a small plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from pci_dss.policy import Result, Verdict

from .documents import planned, verdicts

Plan = Mapping[str, Mapping[str, Any]]


def verdict_on_first(
    policy: str,
    plan: Plan,
    unknown: Plan | None = None,
    references: Mapping[str, Mapping[str, Sequence[str]]] | None = None,
) -> Verdict | None:
    """Judge a plan; None if the policy has nothing to say of its first resource."""
    return verdicts(policy, planned(plan, unknown, references)).get(next(iter(plan)))


def reasons(policy: str, plan: Plan, **parts: Any) -> str:
    """Return why the first resource fails; empty where it passes. It must be decided."""
    verdict = _verdict(policy, plan, **parts)
    if verdict.result == Result.NOT_EVALUATED:
        pytest.fail(f"{policy} doesn't decide: {'; '.join(verdict.reasons)}")
    return "; ".join(verdict.reasons)


def undecided(policy: str, plan: Plan, **parts: Any) -> str:
    """Return what isn't known of the first resource; it must be NOT-EVALUATED."""
    verdict = _verdict(policy, plan, **parts)
    if verdict.result != Result.NOT_EVALUATED:
        pytest.fail(f"{policy} decides: {verdict.result} {'; '.join(verdict.reasons)}")
    return "; ".join(verdict.reasons)


def _verdict(policy: str, plan: Plan, **parts: Any) -> Verdict:
    verdict = verdict_on_first(policy, plan, **parts)
    if verdict is None:
        pytest.fail(f"{policy} says nothing of {next(iter(plan))}")
    return verdict
