"""Presents a configuration to Terraform in a directory of the run's own, so the tree stays clean.

Terraform writes its lock file and local state beside the configuration, whatever its settings say.
The stage is a directory of symbolic links to the configuration's files, with links to as many
levels of surroundings as the files reach with `../`. Sources, relative paths and messages read as
they do in place, while everything that Terraform writes lands in the stage.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LOCK_FILE = ".terraform.lock.hcl"

_CLIMB = re.compile(r"(?:\.\./)+")
_CONFIGURATION = ("*.tf", "*.tf.json", "*.tfvars", "*.tfvars.json")


def build(directory: Path, base: Path) -> Path:
    """Create or refresh the stage of `directory` below `base` and return the staged directory."""
    directory = directory.resolve()
    lineage = [directory, *directory.parents][: _levels_above(directory) + 1]
    top = lineage[-1]
    for original in reversed(lineage[1:]):
        inner = base / original.relative_to(top)
        below = lineage[lineage.index(original) - 1]
        _link_entries(original, inner, leave_out=below.name)
    staged = base / directory.relative_to(top)
    _link_entries(directory, staged)
    lock = directory / LOCK_FILE
    if lock.exists():
        shutil.copyfile(lock, staged / LOCK_FILE)
    return staged


def _levels_above(directory: Path) -> int:
    """Count the parents that the configuration's own files refer to."""
    texts = (
        path.read_text(encoding="utf-8")
        for pattern in _CONFIGURATION
        for path in directory.glob(pattern)
    )
    climbs = (len(climb) // 3 for text in texts for climb in _CLIMB.findall(text))
    return min(max(climbs, default=0), len(directory.parents))


def _link_entries(original: Path, copy: Path, *, leave_out: str = "") -> None:
    """Make `copy` a real directory whose entries are links to those of `original`."""
    copy.mkdir(parents=True, exist_ok=True)
    wanted = {
        entry.name: entry
        for entry in original.iterdir()
        if entry.name != leave_out and not _is_terraforms_own(entry.name)
    }
    for link in copy.iterdir():
        if link.is_symlink() and link.name not in wanted:
            link.unlink()
    for name, entry in wanted.items():
        if not (copy / name).is_symlink():
            (copy / name).symlink_to(entry)


def _is_terraforms_own(name: str) -> bool:
    """Tell what an apply in place may have left: it belongs to that apply, not to this run."""
    return name.startswith((".terraform", ".git")) or ".tfstate" in name
