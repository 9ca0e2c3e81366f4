"""Hands input variables to Terraform, and points its complaints at their declarations."""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.terraform.errors import Diagnostic

_VARIABLE = re.compile(r'^\s*variable\s+"([^"]+)"')


@dataclass(frozen=True)
class Declaration:
    """Where a configuration declares a variable."""

    file: Path
    line: int


def declared(directory: Path) -> dict[str, Declaration]:
    """Return the variables that the configuration in `directory` declares.

    Raises:
        FileNotFoundError: there are no Terraform files.
    """
    files = sorted(directory.glob("*.tf"))
    if not files:
        raise FileNotFoundError(f"{directory} holds no Terraform files (*.tf)")
    return {
        found[1]: Declaration(path, number)
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if (found := _VARIABLE.match(line))
    }


@dataclass(frozen=True)
class Variables:
    """The values for one run, kept in a file: it takes any type and no process list shows it."""

    path: Path
    values: Mapping[str, Any]
    declarations: Mapping[str, Declaration]

    @classmethod
    def check(cls, directory: Path, path: Path, values: Mapping[str, Any]) -> Variables:
        """Refuse values for variables that aren't declared, which Terraform only warns about.

        Raises:
            FileNotFoundError: `directory` holds no Terraform files.
            ValueError: a variable isn't declared; names the one that may have been meant.
        """
        declarations = declared(directory)
        for name in values:
            if name not in declarations:
                close = difflib.get_close_matches(name, declarations, n=1)
                guess = f" (did you mean {close[0]!r}?)" if close else ""
                listed = ", ".join(sorted(declarations)) or "none"
                raise ValueError(
                    f"{directory} declares no variable {name!r}{guess}; it declares: {listed}"
                )
        return cls(path, dict(values), declarations)

    def write(self) -> str:
        """Write the file, readable by its owner alone, and return the argument that names it."""
        self.path.touch(mode=0o600)
        self.path.write_text(json.dumps(self.values, indent=1), encoding="utf-8")
        return f"-var-file={self.path}"

    def relocate(self, diagnostic: Diagnostic) -> Diagnostic:
        """Point a complaint about the file of values, which may hold secrets, at a declaration."""
        if diagnostic.file != self.path:
            return diagnostic
        declaration = self.declarations.get(diagnostic.variable or "")
        return replace(
            diagnostic,
            file=declaration.file if declaration else None,
            line=declaration.line if declaration else None,
            snippet=None,
        )
