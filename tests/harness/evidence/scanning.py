"""Has plans scanned in the environment of the policies, where checkov is."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.platform import REPOSITORY
from pci_dss.evidence.model import Source
from pci_dss.matrix import Scan
from pci_dss.record import Check, Record
from terraform_plan.references import Resources

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

AFTER_APPLY, BEFORE_APPLY = "plan after apply", "plan before apply"
ACCOUNTS = {"trail": "management"}
"""Of roots that aren't named for their account."""


class ScanningError(RuntimeError):
    """Plans couldn't be scanned; says why and what to do."""


@dataclass(frozen=True)
class Planned:
    """A root's plan."""

    name: str
    """Such as ``environments/dev``."""
    account_id: str
    document: Mapping[str, Any] = field(repr=False)
    kind: str = AFTER_APPLY


@dataclass(frozen=True)
class Scanned:
    """What was found in all plans."""

    checkov: str
    checks: Sequence[Check]
    scans: Sequence[Scan]
    sources: Sequence[Source]


def scan(
    python: Path, plans: Sequence[Planned], workdir: Path, repository: Path = REPOSITORY
) -> Scanned:
    """Scan plans.

    Args:
        python: of the policies' environment.
        plans: what is looked at.
        workdir: where plans are written. They hold sensitive values: it mustn't be a pack's.
        repository: whose roots were planned. Its policies don't judge: ours do.

    Raises:
        ScanningError: there is no such environment, or the scan failed.
    """
    sources, asked = [], []
    for plan in plans:
        path = workdir / f"{plan.name.replace('/', '-')}.json"
        content = json.dumps(plan.document).encode()
        path.write_bytes(content)
        sources.append(Source(plan.name, plan.kind, hashlib.sha256(content).hexdigest()))
        asked.append({"path": str(path), "root": str(repository / plan.name)})
    told = _told(python, asked)
    scans = [
        Scan(plan.name, [_record(each, repository) for each in found], _types(plan))
        for plan, found in zip(plans, told["records"], strict=True)
    ]
    checks = [Check.from_json(each) for each in told["checks"]]
    return Scanned(told["checkov"], checks, scans, sources)


def _told(python: Path, asked: Sequence[Mapping[str, str]]) -> Any:
    if not python.exists():
        raise ScanningError(f"there is no {python}: run `make evidence`, which makes it")
    done = subprocess.run(  # noqa: S603 - of our own environment
        [python, "-m", "pci_dss.scans"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "policies")},
    )
    if done.returncode:
        raise ScanningError(f"the scan of plans failed:\n{done.stderr.strip()[-2000:]}")
    return json.loads(done.stdout)


def _record(told: Mapping[str, Any], repository: Path) -> Record:
    record = Record.from_json(told)
    file = Path(record.file)
    if record.file and file.is_relative_to(repository):
        record = replace(record, file=str(file.relative_to(repository)))
    return record


def _types(plan: Planned) -> dict[str, str]:
    return {address: item.type for address, item in Resources(plan.document).all.items()}
