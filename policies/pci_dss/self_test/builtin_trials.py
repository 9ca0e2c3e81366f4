"""What checkov's checks say of mutants; needs checkov.

Each mutant is a plan of its own in a directory of its own, since checkov connects what stands in
one: the changed resource, and what it is connected with if the check looks at connections.
"""

from __future__ import annotations

import copy
import json
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checkov.common.models.enums import CheckResult
from checkov.runner_filter import RunnerFilter
from checkov.terraform.plan_runner import Runner as PlanRunner

from pci_dss.listening import Answer, listening, overheard_runner
from pci_dss.self_test.judgements import Trial
from pci_dss.self_test.stand_ins import settled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pci_dss.self_test.catalogue import Entry
    from pci_dss.self_test.real_plans import Real
    from terraform_plan.references import Resources

_DEPTH = 3
"""How far connections are followed: a stage, its association, the web ACL."""


def trials_of_builtins(chosen: Iterable[Entry], plans: list[Real]) -> Iterator[Trial]:
    """Make all mutants of some entries, scan them in one run, and tell what was said."""
    with tempfile.TemporaryDirectory(prefix="self-test-") as folder:
        mutants = list(_mutants(list(chosen), plans, Path(folder)))
        failed = _failures([path for path, _, _ in mutants])
    for path, check, made in mutants:
        before, after = failed[path.parent / "before.json", check], failed[path, check]
        yield made(bool(after - before))
