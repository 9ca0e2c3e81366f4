"""What our policies say of a mutant; no checkov is needed for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pci_dss.policy import Policy, Result
from pci_dss.self_test.real_plans import written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pci_dss.self_test.catalogue import Change, Entry
    from pci_dss.self_test.real_plans import Real
    from terraform_plan.references import Resources


@dataclass(frozen=True)
class Trial:
    """A change of one real resource, and what its check said."""

    check: str
    plan: str
    address: str
    change: str
    bad: bool
    """Else it is a clean variant."""
    failed: bool
    reasons: tuple[str, ...] = ()

    @property
    def as_wanted(self) -> bool:
        """Whether a mutant failed, or a clean variant didn't."""
        return self.bad == self.failed


def trials_of_policy(policy: Policy, entry: Entry, plans: list[Real]) -> Iterator[Trial]:
    """Change every real resource that an entry is for, and judge the whole plan each time."""
    for plan in (*plans, written(entry)):
        before = _complaints(policy, plan.resources())
        for address in plan.subjects(entry):
            for change in (*entry.bad, *entry.good):
                with plan.mutated(address, change) as different:
                    if different:
                        new = _complaints(policy, plan.resources()) - before
                        reasons = tuple(sorted(reason for _, reason in new))
                        bad = change in entry.bad
                        yield Trial(
                            policy.id, plan.name, address, str(change), bad, bool(new), reasons
                        )


def _complaints(policy: Policy, resources: Resources) -> set[tuple[str, str]]:
    """Return everything that fails, by address and reason."""
    found = set()
    for address, item in resources.all.items():
        if not policy.concerns(item):
            continue
        verdict = policy.verdict(item, resources)
        if verdict and verdict.result == Result.FAIL:
            found |= {(address, reason) for reason in verdict.reasons}
    return found
