"""Variables that a buildspec exports to later stages, written for the build's shell."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write(file: Path, **variables: str) -> None:
    """Write assignments that `.` of a shell reads; a failed command writes none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()]
    file.write_text("".join(lines), encoding="utf-8")
