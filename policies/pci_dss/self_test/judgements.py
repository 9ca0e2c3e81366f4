"""What our policies say of a mutant; no checkov is needed for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pci_dss.policy import Policy, Result
from pci_dss.self_test.catalogue import AS_IT_IS
from pci_dss.self_test.real_plans import written

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pci_dss.self_test.catalogue import Entry
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


def trials_of_policy(policy: Policy, entry: Entry, plans: Sequence[Real]) -> Iterator[Trial]:
    """Change every real resource that an entry is for, and judge the whole plan each time."""
    for plan in (*plans, written(entry)):
        before = _complaints(policy, plan.resources())
        for address in plan.subjects(entry):

            def told(
                change: Change, failed: bool, plan: str = plan.name, at: str = address
            ) -> Trial:
                bad = change in entry.bad
                return Trial(policy.id, plan, at, change, bad, failed, entry.passed_by)

            yield told(AS_IT_IS, any(place == address for place, _ in before))
            for change in (*entry.bad, *entry.good):
                with plan.mutated(address, change) as different:
                    if different:
                        yield told(change, bool(_complaints(policy, plan.resources()) - before))


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
