"""Workload environments are the same files, but for those that hold what makes them different."""

from __future__ import annotations

from typing import TYPE_CHECKING

from house_rules.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAY_DIFFER = {"README.md", "backend.tf", "environment.tf", "merchants.auto.tfvars.json"}
"""Beside the page, what the environment is, where its state is, and its merchants."""

_OF_A_RUN = (".terraform", "terraform.tfstate", "backend_override.tf")
"""Beginnings of names that Terraform leaves behind, and git ignores."""


def workload_roots(environments: Path) -> list[Path]:
    """List the roots that say in environment.tf what environment they are."""
    return sorted(file.parent for file in environments.glob("*/environment.tf"))


def environments_are_alike(environments: Path) -> Iterator[Finding]:
    """What is tried out in one environment is what runs in the next, to the byte."""
    roots = workload_roots(environments)
    texts = {root: _texts(root) for root in roots}
    first = next((root for root in roots if root.name == "dev"), roots[0])
    for root in roots:
        for name in sorted(texts[first].keys() | texts[root].keys() | MAY_DIFFER):
            here, there = texts[root].get(name), texts[first].get(name)
            if here is None:
                fix = f"copy it from {first.name}, or write it where an environment has its own"
                yield Finding(root / name, 1, f"{name} is missing", fix)
            elif here != there and name not in MAY_DIFFER:
                problem = f"it isn't the file of {first.name}"
                fix = "make them the same, and write what differs into environment.tf"
                yield Finding(root / name, _first_change(here, there or b""), problem, fix)


def _texts(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not _is_of_a_run(path.relative_to(root).parts[0])
    }


def _is_of_a_run(name: str) -> bool:
    return name.startswith(_OF_A_RUN) and name != ".terraform.lock.hcl"


def _first_change(here: bytes, there: bytes) -> int:
    lines, others = here.splitlines(), there.splitlines()
    return next(
        (number for number, pair in enumerate(zip(lines, others), 1) if pair[0] != pair[1]),  # noqa: B905
        min(len(lines), len(others)) + 1,
    )
