"""What checkov's checks say of mutants; needs checkov.

A mutant is the changed resource and, if the check looks at connections, what that is connected
with. Since checkov connects what stands in one directory, these have one each. All that is judged
alone stands in one plan together, and a check is asked only about its own mutants.
"""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checkov.common.checks_infra.registry import get_graph_checks_registry
from checkov.common.models.enums import CheckResult
from checkov.runner_filter import RunnerFilter
from checkov.terraform.checks.data.registry import data_registry
from checkov.terraform.checks.resource.registry import resource_registry
from checkov.terraform.plan_runner import Runner as PlanRunner

from pci_dss.listening import Answer, listening, overheard_runner
from pci_dss.nulls import without_nulls
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
_NOT_ASKED = {"result": CheckResult.UNKNOWN, "evaluated_keys": []}
_TOGETHER = "together"


@dataclass(frozen=True)
class _Asked:
    """A mutant that was written for checkov."""

    number: int
    before: int
    """The number of the same resources without the change."""
    entry: Entry
    change: Change
    plan: str
    address: str


@dataclass
class _Writer:
    """Numbers mutants; their resources are called by these numbers."""

    plans: dict[str, list[tuple[dict[str, Any], dict[str, Any]]]] = field(default_factory=dict)
    """By directory, resources as they are planned and configured."""
    checks: dict[int, str] = field(default_factory=dict)
    """By number, the check that is asked."""

    def write(self, resources: Resources, address: str, check: str) -> int:
        """Add a resource and what is connected with it in the check's eyes; give its number."""
        types = _types(check)
        number = len(self.checks)
        self.checks[number] = check
        pairs = _cut_down(resources, address, types, f"r{number}")
        self.plans.setdefault(str(number) if types else _TOGETHER, []).extend(pairs)
        return number

    def save(self, folder: Path) -> list[str]:
        """Write all plans; return their paths."""
        paths = []
        for name, pairs in self.plans.items():
            path = folder / name / "plan.json"
            path.parent.mkdir()
            path.write_text(json.dumps(_plan(pairs)), encoding="utf-8")
            paths.append(str(path))
        return paths


def trials_of_builtins(chosen: Iterable[Entry], plans: Sequence[Real]) -> Iterator[Trial]:
    """Make all mutants of some entries, scan them in one run, and tell what was said.

    What fails as it is isn't broken further: nothing could be learnt from it.
    """
    writer = _Writer()
    asked = [each for entry in chosen for each in _written(entry, plans, writer)]
    failing = _failing(writer)
    for each in asked:
        if each.number == each.before or each.before not in failing:
            bad = each.change in each.entry.bad
            failed = each.number in failing
            yield Trial(_check(each.entry), each.plan, each.address, each.change, bad, failed)


def _check(entry: Entry) -> str:
    return entry.passed_by or entry.check


def _written(entry: Entry, plans: Sequence[Real], writer: _Writer) -> Iterator[_Asked]:
    check = _check(entry)
    for plan in (*plans, written(entry)):
        for address in plan.subjects(entry):
            with plan.mutated(address, entry.base):
                before = writer.write(plan.resources(), address, check)
                yield _Asked(before, before, entry, entry.base, plan.name, address)
                for change in (*entry.bad, *entry.good):
                    with plan.mutated(address, change) as different:
                        if different:
                            number = writer.write(plan.resources(), address, check)
                            yield _Asked(number, before, entry, change, plan.name, address)


def _types(name: str) -> frozenset[str]:
    """Return the types that a check connects; of a check on single resources none."""
    registry = get_graph_checks_registry("terraform")
    registry.load_checks()
    return next(
        (connected_types(check) for check in registry.checks if check.id == name),
        frozenset(),
    )


def _cut_down(
    resources: Resources, address: str, types: frozenset[str], name: str
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield a resource and what is connected with it, as planned and as configured.

    All is known of them, names are unique and references direct, because checkov guesses what
    others mean.
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
    new = {
        place: f"{item.type}.{name}_{number}" for number, (place, item) in enumerate(items.items())
    }
    for place, item in items.items():
        mode = "data" if item.type in _DATA_SOURCES else "managed"
        head = {"mode": mode, "type": item.type, "name": new[place].partition(".")[2]}
        values = settled(item.values, item.unknown, item.name)
        links = {
            attribute: {"references": [f"{new[other]}.id"]}
            for other, attribute in resources.linked(item).items()
            if other in items
        }
        full = f"data.{new[place]}" if mode == "data" else new[place]
        yield (
            {**head, "address": full, "values": values},
            {**head, "address": full, "expressions": links},
        )


def _plan(pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, Any]:
    return without_nulls(
        {
            "format_version": "1.2",
            "terraform_version": "1.11.0",
            "planned_values": {"root_module": {"resources": [planned for planned, _ in pairs]}},
            "configuration": {"root_module": {"resources": [block for _, block in pairs]}},
            "resource_changes": [],
        }
    )


def _failing(writer: _Writer) -> set[int]:
    """Scan all plans at once; return the numbers of what fails."""
    failing: set[int] = set()

    def keep(answer: Answer) -> None:
        number = _number(answer.address)
        if answer.result == CheckResult.FAILED and answer.check.id == writer.checks[number]:
            failing.add(number)

    runner = overheard_runner(PlanRunner, keep)
    wanted = RunnerFilter(framework=["terraform_plan"], checks=sorted(set(writer.checks.values())))
    with tempfile.TemporaryDirectory(prefix="self-test-") as folder:
        paths = writer.save(Path(folder))
        if paths:
            with listening(keep), _asking_only(writer.checks):
                runner.run(files=paths, runner_filter=wanted)
    return failing


@contextmanager
def _asking_only(checks: dict[int, str]) -> Iterator[None]:
    """Ask the checks on single resources about their own mutants only: some take long."""
    registries = (resource_registry, data_registry)

    def chosen(run_check: Any) -> Any:
        def run(check: Any, conf: dict[str, Any], *rest: Any) -> Any:
            if checks[_number(conf["__address__"])] == check.id:
                return run_check(check, conf, *rest)
            return _NOT_ASKED

        return run

    overheard = [registry.run_check for registry in registries]
    for registry, run_check in zip(registries, overheard, strict=True):
        registry.run_check = chosen(run_check)
    try:
        yield
    finally:
        for registry, run_check in zip(registries, overheard, strict=True):
            registry.run_check = run_check


def _number(address: str) -> int:
    return int(address.rpartition(".r")[2].partition("_")[0])
