"""Scans several plans in one process, for programs without checkov.

``python -m pci_dss.scans < asked.json > told.json``, in the environment of `make policies`. Asked
is a list of ``{"path": plan, "root": directory that was planned}``; told are all checks, and the
records of each plan in the same order. Whoever was to judge a resource and didn't answer has a
record that says so.
"""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checkov.common.checks_infra.registry import get_graph_checks_registry
from checkov.terraform.checks.data.registry import data_registry
from checkov.terraform.checks.resource.registry import resource_registry

from pci_dss.policy import ANY, Result, policies
from pci_dss.record import Check, Record
from pci_dss.scanner import Scanned, profile, scan_plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pci_dss.policy import Policy
    from pci_dss.subject import Resources
    from terraform_plan.references import Instance


def scan(asked: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Scan plans, and tell what :func:`json.dumps` takes.

    Raises:
        pci_dss.scanner.ScanError: one of them isn't a whole plan.
    """
    told = []
    for each in asked:
        path = Path(each["path"])
        scanned = scan_plan(path, Path(each["root"]))
        told.append([record.as_json() for record in complete(scanned)])
    return {
        "checkov": version("checkov"),
        "checks": [asdict(check) for check in checks()],
        "records": told,
    }


def checks() -> tuple[Check, ...]:
    """Return everything that looks: our policies and the trusted built-in checks."""
    return (*_single(), *_of_graph())


def complete(scanned: Scanned) -> Iterator[Record]:
    """Yield the records, and one for each check on a single resource that gave no answer."""
    yield from scanned.records
    resources = scanned.resources
    answered = {(record.check, record.address) for record in scanned.records}
    ours = {policy.id: policy for policy in policies()}
    for check in _single():
        for item in _of(check, resources):
            if (check.id, item.address) in answered:
                continue
            policy = ours.get(check.id)
            if policy and _is_no_concern(policy, item, resources):
                continue
            yield Record(
                check.id,
                check.title,
                check.requirements,
                item.address,
                Result.NOT_EVALUATED,
                ("the check gave no answer",),
                {},
                policy.guideline if policy else "",
                policy.fix if policy else "",
            )


def _is_no_concern(policy: Policy, item: Instance, resources: Resources) -> bool:
    try:
        return policy.verdict(item, resources) is None
    except Exception:  # a policy with a bug, which has no answer either
        return False


def _of(check: Check, resources: Resources) -> Iterator[Instance]:
    if ANY in check.types:
        return iter(resources.all.values())
    return resources.of(*check.types)


@cache
def _single() -> tuple[Check, ...]:
    """What judges one resource at a time."""
    ours = (Check(each.id, each.title, each.requirements, each.types) for each in policies())
    found: dict[str, tuple[str, set[str]]] = {}
    for registry, prefix in ((resource_registry, ""), (data_registry, "data.")):
        for kind, listed in registry.checks.items():
            for each in listed:
                found.setdefault(each.id, (each.name, set()))[1].add(prefix + kind)
    return (*ours, *_trusted((name, *found[name]) for name in found))


def _of_graph() -> Iterator[Check]:
    """What judges resources by those around them; which of them, it decides itself."""
    registry = get_graph_checks_registry("terraform")
    registry.load_checks()
    return _trusted((each.id, each.name, each.resource_types) for each in registry.checks)


def _trusted(found: Iterable[tuple[str, str, Iterable[str]]]) -> Iterator[Check]:
    for name, title, types in found:
        if name in profile():
            yield Check(name, title, profile()[name], tuple(sorted(types)))


if __name__ == "__main__":
    wanted = json.load(sys.stdin)
    with redirect_stdout(sys.stderr):  # checkov prints
        answer = scan(wanted)
    json.dump(answer, sys.stdout, default=str)
