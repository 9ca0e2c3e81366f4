"""What our policies say of mutants; no checkov is needed for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pci_dss.policy import Policy, Result
from pci_dss.self_test.real_plans import written

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pci_dss.self_test.catalogue import Change, Entry
    from pci_dss.self_test.real_plans import Real
    from terraform_plan.references import Resources


@dataclass(frozen=True)
class Trial:
    """A real resource, changed or as it is, and what a check said."""

    check: str
    plan: str
    address: str
    change: Change
    bad: bool
    """Else it is a clean variant."""
    failed: bool
    passed_by: str = ""
    """A built-in check that is known to pass this; `check` is ours."""

    @property
    def as_wanted(self) -> bool:
        """Whether a mutant failed, or a clean variant didn't."""
        return self.bad == self.failed

    def __str__(self) -> str:
        return f"{self.check} {self.plan}: {self.address}: {self.change}"


@dataclass(frozen=True)
class _Judged:
    """What a policy says of a whole plan."""

    complaints: frozenset[tuple[str, str]]
    """Addresses and reasons of all that fails."""
    undecided: frozenset[str]

    @property
    def failing(self) -> set[str]:
        return {address for address, _ in self.complaints}


def trials_of_policy(policy: Policy, entry: Entry, plans: Sequence[Real]) -> Iterator[Trial]:
    """Change every real resource that an entry is for, and judge the whole plan each time.

    What fails as it is isn't broken further: nothing could be learnt from it. Nor does it tell
    anything if the plan leaves the policy without an answer.
    """
    for plan in (*plans, written(entry)):
        as_it_is = _judged(policy, plan.resources())
        for address in plan.subjects(entry):
            with plan.mutated(address, entry.base) as different:
                before = _judged(policy, plan.resources()) if different else as_it_is
                yield from _trials_at(policy, entry, plan, address, before)


def _trials_at(
    policy: Policy, entry: Entry, plan: Real, address: str, before: _Judged
) -> Iterator[Trial]:
    if address not in before.undecided:
        failed = address in before.failing
        yield Trial(policy.id, plan.name, address, entry.base, False, failed, entry.passed_by)
    for change in (*entry.bad, *entry.good):
        bad = change in entry.bad
        if bad and address in before.failing:
            continue
        with plan.mutated(address, change) as different:
            after = _judged(policy, plan.resources()) if different else before
        failed = bool(after.complaints - before.complaints)
        told = failed or address not in before.undecided & after.undecided
        if different and told:
            yield Trial(policy.id, plan.name, address, change, bad, failed, entry.passed_by)


def _judged(policy: Policy, resources: Resources) -> _Judged:
    complaints, undecided = set(), set()
    for address, item in resources.all.items():
        if not policy.concerns(item):
            continue
        verdict = policy.verdict(item, resources)
        if verdict and verdict.result == Result.NOT_EVALUATED:
            undecided.add(address)
        elif verdict:
            complaints |= {(address, reason) for reason in verdict.reasons}
    return _Judged(frozenset(complaints), frozenset(undecided))
