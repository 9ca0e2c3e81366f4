"""Has a pack's OSCAL judged in an environment of its own, by what others published."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from harness.evidence.pack import OSCAL
from harness.platform import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

JUDGE = REPOSITORY / "policies" / "oscal_validation"


class JudgeError(RuntimeError):
    """OSCAL can't be judged; says what to do."""


def findings(python: Path, pack: Path) -> list[str]:
    """List what is wrong with a pack's OSCAL.

    Args:
        python: of the judge's environment.
        pack: the pack's folder.

    Raises:
        JudgeError: there is no such environment.
    """
    if not python.exists():
        raise JudgeError(f"there is no {python}: run `make evidence`, which makes it")
    done = subprocess.run(  # noqa: S603 - of our own environment
        [python, JUDGE, pack / OSCAL], capture_output=True, text=True, check=False
    )
    said = (done.stdout or done.stderr).strip().splitlines()
    return said[-20:] if done.returncode else []
