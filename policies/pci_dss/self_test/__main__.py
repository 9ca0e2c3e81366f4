"""The self-test's command line: ``python -m pci_dss.self_test --help``."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pci_dss.exceptions import ExceptionsError, load
from pci_dss.policy import policies
from pci_dss.scanner import ScanError, profile, read_plan
from pci_dss.self_test.builtin_trials import trials_of_builtins
from pci_dss.self_test.catalogue import CatalogueError, Entry, entries
from pci_dss.self_test.judgements import trials_of_policy
from pci_dss.self_test.real_plans import Real
from pci_dss.self_test.report import Report

if TYPE_CHECKING:
    from collections.abc import Sequence

ALL_KILLED, SOMETHING_WRONG, BROKEN = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Try every check on mutants and clean variants of real plans; print kills and problems."""
    parser = argparse.ArgumentParser(
        prog="python -m pci_dss.self_test",
        description="Break resources of real plans in known ways. Every check must fail what is "
        "bad, and pass what isn't.",
    )
    parser.add_argument("plans", nargs="+", type=Path, help="JSON of plans: terraform show -json")
    parser.add_argument("--only", action="append", help="this check; repeatable")
    options = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)  # checkov's
    started = time.monotonic()
    try:
        plans = [Real.of(path.stem, read_plan(path)) for path in options.plans]
        accepted = {(each.check, each.address) for each in load()}
        report = run(plans, entries(), only=options.only, accepted=accepted)
    except (CatalogueError, ExceptionsError, ScanError) as error:
        print(error, file=sys.stderr)
        return BROKEN
    problems = list(report.problems())
    for line in (*report.lines(), *problems):
        print(line)
    result = f"{len(problems)} problems" if problems else "all is well"
    print(f"{result}, {time.monotonic() - started:.0f} s")
    return SOMETHING_WRONG if problems else ALL_KILLED


def run(
    plans: Sequence[Real],
    known: Sequence[Entry],
    *,
    only: Sequence[str] | None = None,
    accepted: set[tuple[str, str]],
) -> Report:
    """Try all checks, or some.

    Args:
        plans: of our own roots.
        known: mutants and clean variants.
        only: these checks.
        accepted: checks and addresses that fail as they are, by an exception.
    """
    ours = {policy.id: policy for policy in policies()}
    checks = [check for check in (*ours, *profile()) if only is None or check in only]
    chosen = [entry for entry in known if entry.check in checks]
    own = [entry for entry in chosen if entry.check in ours]
    builtin = [entry for entry in chosen if entry.check not in ours]
    _say(f"break {', '.join(plan.name for plan in plans)} for our own policies")
    trials = [each for entry in own for each in trials_of_policy(ours[entry.check], entry, plans)]
    _say(f"{len(trials)} answers; break them for checkov's checks")
    trials += trials_of_builtins(builtin, plans)
    _say(f"{len(trials)} answers; ask checkov's checks about what they are known to pass")
    known_passes = trials_of_builtins([entry for entry in chosen if entry.passed_by], plans)
    passed = [each for each in known_passes if each.bad]
    stand_ins = sum(plan.stand_ins for plan in plans)
    return Report(trials, passed, checks, accepted, stand_ins)


def _say(what: str) -> None:
    print(f"... {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
