"""Scans what a command line names: JSON of plans, and directories of modules.

Needs checkov.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pci_dss.evidence.model import Source
from pci_dss.matrix import Scan
from pci_dss.scanner import ScanError, scan_module, scan_plan
from pci_dss.scans import complete

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pci_dss.record import Record

PLAN, FILES = "plan", "files"


@dataclass
class Looked:
    """What was found in all targets, and which of them couldn't be judged."""

    scans: list[Scan] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def look(
    targets: Sequence[Path], root: Path | None = None, tell: Callable[[str], None] = lambda _: None
) -> Looked:
    """Scan targets; what can't be judged is an error, and the others are judged all the same.

    Args:
        targets: JSON of plans, and directories of modules.
        root: the directory that was planned, where the plans don't lie in theirs.
        tell: hears what is scanned now.
    """
    looked = Looked()
    for target in targets:
        name = name_of(target, root)
        if name in {scan.environment for scan in looked.scans}:
            looked.errors.append(f"{target} is of {name}, which was judged already; leave one out")
            continue
        tell(str(target))
        try:
            scan, source = _scanned(target, name, _root_of(target, root))
        except ScanError as error:
            looked.errors.append(str(error))
        else:
            looked.scans.append(scan)
            looked.sources.append(source)
    return looked


def name_of(target: Path, root: Path | None = None) -> str:
    """Name a target as reports and exceptions do: a directory as seen from here, or a lone plan."""
    folder = target if target.is_dir() else _root_of(target, root)
    return Path(os.path.relpath(folder)).as_posix() if folder else target.stem


def _root_of(target: Path, root: Path | None) -> Path | None:
    return root or (target.parent if any(target.parent.glob("*.tf")) else None)


def _scanned(target: Path, name: str, root: Path | None) -> tuple[Scan, Source]:
    if target.is_dir():
        scanned, kind = scan_module(target), FILES
        digest = hashlib.sha256()
        for file in sorted(target.glob("*.tf")):
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
    else:
        scanned, kind = scan_plan(target, root), PLAN
        digest = hashlib.sha256(target.read_bytes())
    records = [_from_here(record) for record in complete(scanned)]
    types = {address: item.type for address, item in scanned.resources.all.items()}
    return Scan(name, records, types), Source(name, kind, digest.hexdigest())


def _from_here(record: Record) -> Record:
    file = Path(record.file)
    if record.file and file.is_relative_to(Path.cwd()):
        return replace(record, file=file.relative_to(Path.cwd()).as_posix())
    return record
