"""What checkov's checks say of mutants; needs checkov.

Each mutant is a plan of its own in a directory of its own, since checkov connects what stands in
one: the changed resource, and what it is connected with if the check looks at connections.
"""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checkov.common.checks_infra.registry import get_graph_checks_registry
from checkov.common.models.enums import CheckResult
from checkov.runner_filter import RunnerFilter
from checkov.terraform.plan_runner import Runner as PlanRunner

from pci_dss.listening import Answer, listening, overheard_runner
from pci_dss.nulls import without_nulls
from pci_dss.self_test.catalogue import AS_IT_IS
from pci_dss.self_test.judgements import Trial
from pci_dss.self_test.real_plans import written
from pci_dss.self_test.stand_ins import settled
from pci_dss.trust import both_ways, connected_types

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pci_dss.self_test.catalogue import Change, Entry
    from pci_dss.self_test.real_plans import Real
    from terraform_plan.references import Resources


_DATA_SOURCES = {"aws_iam_policy_document"}


@dataclass(frozen=True)
class _Asked:
    """A plan that was written for checkov."""

    number: int
    before: int
    """The number of the same plan without the change."""
    entry: Entry
    change: Change
    plan: str
    address: str


class _Writer:
    """Writes plans into numbered directories."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.paths: list[Path] = []

    def write(self, resources: Resources, address: str, types: frozenset[str]) -> int:
        """Write what is connected with a resource, by types; return the plan's number."""
        number = len(self.paths)
        path = self._folder / str(number) / "plan.json"
        path.parent.mkdir()
        plan = without_nulls(_cut_down(resources, address, types))
        path.write_text(json.dumps(plan), encoding="utf-8")
        self.paths.append(path)
        return number


def trials_of_builtins(chosen: Iterable[Entry], plans: Sequence[Real]) -> Iterator[Trial]:
    """Make all mutants of some entries, scan them in one run, and tell what was said.

    What fails as it is isn't changed: nothing could be learnt from it.
    """
    entries = list(chosen)
    with tempfile.TemporaryDirectory(prefix="self-test-") as folder:
        writer = _Writer(Path(folder))
        asked = [each for entry in entries for each in _written(entry, plans, writer)]
        failures = _failures(writer.paths, {_check(entry) for entry in entries})
    for each in asked:
        check = _check(each.entry)
        before, now = failures[check, each.before], failures[check, each.number]
        if each.number == each.before or not before:
            bad = each.change in each.entry.bad
            yield Trial(check, each.plan, each.address, each.change, bad, bool(now))


def _check(entry: Entry) -> str:
    return entry.passed_by or entry.check


def _written(entry: Entry, plans: Sequence[Real], writer: _Writer) -> Iterator[_Asked]:
    types = _types(_check(entry))
    for plan in (*plans, written(entry)):
        for address in plan.subjects(entry):
            before = writer.write(plan.resources(), address, types)
            yield _Asked(before, before, entry, AS_IT_IS, plan.name, address)
            for change in (*entry.bad, *entry.good):
                with plan.mutated(address, change) as different:
                    if different:
                        number = writer.write(plan.resources(), address, types)
                        yield _Asked(number, before, entry, change, plan.name, address)


def _types(name: str) -> frozenset[str]:
    """Return the types that a check connects; of a check on single resources none."""
    registry = get_graph_checks_registry("terraform")
    registry.load_checks()
    return next(
        (connected_types(check) for check in registry.checks if check.id == name),
        frozenset(),
    )


def _cut_down(resources: Resources, address: str, types: frozenset[str]) -> dict[str, Any]:
    """Make a plan of a resource and what is connected with it, where all is known.

    Names are unique and references direct, because checkov guesses what others mean.
    """
    pairs = both_ways(
        (item.address, other) for item in resources.of(*types) for other in resources.linked(item)
    )
    chosen, near = [address], [address]
    while near:
        for other in sorted(pairs.get(near.pop(), ())):
            if other not in chosen and resources.all[other].type in types:
                chosen.append(other)
                near.append(other)
    items = {place: resources.all[place] for place in chosen if place in resources.all}
    names = {place: f"r{number}" for number, place in enumerate(items)}
    planned, configured = [], []
    for place, item in items.items():
        mode = "data" if item.type in _DATA_SOURCES else "managed"
        head = {"mode": mode, "type": item.type, "name": names[place]}
        values = settled(item.values, item.unknown, item.name)
        planned.append({**head, "address": place, "values": values})
        links = {
            attribute: {"references": [f"{items[other].type}.{names[other]}.id"]}
            for other, attribute in resources.linked(item).items()
            if other in items
        }
        configured.append({**head, "address": f"{item.type}.{names[place]}", "expressions": links})
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.0",
        "planned_values": {"root_module": {"resources": planned}},
        "configuration": {"root_module": {"resources": configured}},
        "resource_changes": [],
    }


def _failures(paths: list[Path], checks: set[str]) -> dict[tuple[str, int], set[str]]:
    """Scan all plans at once: by check and plan, the addresses that fail."""
    found: dict[tuple[str, int], set[str]] = defaultdict(set)
    if not paths:
        return found

    def keep(answer: Answer) -> None:
        if answer.result == CheckResult.FAILED:
            found[answer.check.id, int(Path(answer.file).parent.name)].add(answer.address)

    runner = overheard_runner(PlanRunner, keep)
    wanted = RunnerFilter(framework=["terraform_plan"], checks=sorted(checks))
    with listening(keep):
        runner.run(files=[str(path) for path in paths], runner_filter=wanted)
    return found
