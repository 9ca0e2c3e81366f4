"""What a rule says about a place that breaks it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Finding:
    """A line that breaks a rule, and what to write instead."""

    file: Path
    line: int
    problem: str
    fix: str

    def __str__(self) -> str:
        here = Path.cwd()
        shown = self.file.relative_to(here) if self.file.is_relative_to(here) else self.file
        return f"{shown}:{self.line}: {self.problem}: {self.fix}"
