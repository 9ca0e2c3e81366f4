"""What the self-test found: kills, false positives, and what is missing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pci_dss.self_test.real_plans import WRITTEN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from pci_dss.self_test.judgements import Trial

LEAST = 3
"""Mutants for each check."""


@dataclass(frozen=True)
class Report:
    """All trials, and which checks there had to be some of."""

    trials: Sequence[Trial]
    """Each check's own: a mutant must fail, and a clean variant pass."""
    passed: Sequence[Trial]
    """What built-in checks are known to pass, as they judged it."""
    checks: Collection[str]
    accepted: Collection[tuple[str, str]] = ()
    """Checks and addresses that fail as they are, for which there is an exception."""
    stand_ins: int = 0
    """How many documents the plans don't tell, and were made up."""

    @property
    def mutants(self) -> list[Trial]:
        """What had to fail."""
        return [each for each in self.trials if each.bad]

    @property
    def clean(self) -> list[Trial]:
        """What had to pass. What fails and is accepted says nothing of its check."""
        return [
            each
            for each in self.trials
            if not each.bad and not (each.failed and (each.check, each.address) in self.accepted)
        ]

    def _only_written(self) -> set[str]:
        """Return the checks whose subjects our own roots don't have."""
        real = {each.check for each in self.mutants if each.plan != WRITTEN}
        return {each.check for each in self.mutants} - real

    def problems(self) -> Iterator[str]:
        """Say everything that must be mended."""
        for each in self.mutants:
            if not each.failed:
                yield f"survived: {each}"
        for each in self.clean:
            if each.failed:
                yield f"false positive: {each}"
        counted = Counter(each.check for each in self.mutants)
        for check in sorted(self.checks):
            if counted[check] < LEAST:
                yield f"{check} has {counted[check]} mutants; write {LEAST} in self_test/mutants"
        tried = {each.check for each in self.clean}
        for check in sorted(set(self.checks) - tried):
            yield f"{check} has no clean variant that it decides; add one to self_test/mutants"
        for each in self.passed:
            if each.failed:
                yield f"fails by now, though it is written that {each.check} passes it: {each}"

    def lines(self) -> Iterator[str]:
        """Yield what is printed."""
        killed = sum(each.failed for each in self.mutants)
        wrong = sum(each.failed for each in self.clean)
        yield f"{len({each.check for each in self.trials})} checks of {len(self.checks)} tried"
        if self.stand_ins:
            yield f"{self.stand_ins} documents that the plans don't tell yet: stand-ins were broken"
        if written := sorted(self._only_written()):
            yield f"not in our own roots, and so tried on written examples: {', '.join(written)}"
        yield f"{killed} of {len(self.mutants)} mutants killed: {_share(killed, self.mutants)}"
        yield (
            f"{wrong} of {len(self.clean)} clean variants failed: false positives "
            f"{_share(wrong, self.clean)}"
        )
        caught = Counter(
            (each.passed_by, each.check) for each in self.trials if each.passed_by and each.failed
        )
        if caught:
            yield "What built-in checks pass, and a policy of ours fails:"
        for (builtin, ours), count in sorted(caught.items()):
            yield f"  {builtin} passes {count} mutants that {ours} fails"


def _share(part: int, whole: Sequence[object]) -> str:
    return f"{100 * part / len(whole):.1f} %" if whole else "nothing to go by"
