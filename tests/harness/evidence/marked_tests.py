"""Which tests are marked with requirements, and how they ended on this very tree."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class MarkedTestsError(RuntimeError):
    """Tests couldn't be collected; says why."""


def marked_tests(repository: Path, table: Path, workdir: Path) -> Sequence[Any]:
    """Return rows of ``--pci-table``: outcomes of the last run, if nothing changed since.

    Args:
        repository: whose tests they are.
        table: what the last run wrote, if there was one.
        workdir: where a table without outcomes is written otherwise.

    Raises:
        MarkedTestsError: tests can't be collected.
    """
    if not is_current(repository, table):
        table = workdir / "pci-tests.json"
        command = ["-m", "pytest", "--collect-only", "-q", "-n", "0", f"--pci-table={table}"]
        done = subprocess.run(  # noqa: S603 - of our own environment
            [sys.executable, *command], capture_output=True, text=True, check=False, cwd=repository
        )
        if done.returncode or not table.exists():
            raise MarkedTestsError(f"tests can't be collected:\n{done.stdout.strip()[-2000:]}")
    found: Sequence[Any] = json.loads(table.read_bytes())
    return found


def is_current(repository: Path, table: Path) -> bool:
    """Whether a table was written after the last change to a file that git knows."""
    if not table.exists():
        return False
    written = table.stat().st_mtime
    return all(
        (repository / name).stat().st_mtime <= written
        for name in _tracked(repository)
        if (repository / name).is_file()
    )


def _tracked(repository: Path) -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - on PATH
        capture_output=True,
        text=True,
        check=True,
        cwd=repository,
    )
    return listed.stdout.split("\0")[:-1]
