"""Committed mutants: break one thing in a copy of the tree, and some test must turn red.

`tests/mutants/mutants.toml` lists them. A mutant that survives, and one whose text is no longer
found in its file, fail the run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CATALOGUE = Path("tests/mutants/mutants.toml")
TIMEOUT_SECONDS = 300

_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)
_TESTS_FAILED = 1  # pytest's exit code when tests ran and some failed


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change to one file, and the tests that must notice it."""

    name: str
    file: Path
    find: str
    replace: str
    tests: tuple[str, ...]
    thorough: bool
    """Whether it is left to `make test-all`."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a mutant; `killer` names the test that turned red, or is empty."""

    mutant: Mutant
    killer: str
    output: str
    seconds: float

    @property
    def killed(self) -> bool:
        """Whether a test failed on it."""
        return bool(self.killer)


class StaleMutantError(Exception):
    """A mutant's text doesn't stand exactly once in its file."""


def catalogue(root: Path) -> list[Mutant]:
    """The mutants of the tree at `root`, in the order in which they are listed."""
    entries = tomllib.loads((root / CATALOGUE).read_text(encoding="utf-8"))["mutant"]
    return [
        Mutant(
            name=entry["name"],
            file=Path(entry["file"]),
            find=entry["find"],
            replace=entry["replace"],
            tests=tuple(entry["tests"]),
            thorough=entry.get("thorough", False),
        )
        for entry in entries
    ]


def run(
    root: Path, mutants: Sequence[Mutant], on_verdict: Callable[[Verdict], None]
) -> list[Verdict]:
    """Try each mutant in a copy of the tree that is removed afterwards.

    Raises:
        StaleMutantError: when a mutant no longer fits its file.
    """
    verdicts = []
    with tempfile.TemporaryDirectory(prefix="mutants-") as directory:
        copy = Path(directory) / "tree"
        copy_tree(root, copy)
        for mutant in mutants:
            verdict = _try(mutant, copy)
            on_verdict(verdict)
            verdicts.append(verdict)
    return verdicts


def mutated(mutant: Mutant, text: str) -> str:
    """The file's text with the mutant in it.

    Raises:
        StaleMutantError: when the text to replace isn't there exactly once.
    """
    if (found := text.count(mutant.find)) != 1:
        raise StaleMutantError(
            f"mutant {mutant.name!r}: its text stands {found} times in {mutant.file}, not once; "
            f"bring {CATALOGUE} in step with the file"
        )
    return text.replace(mutant.find, mutant.replace)


def _try(mutant: Mutant, tree: Path) -> Verdict:
    target = tree / mutant.file
    original = target.read_text(encoding="utf-8")
    target.write_text(mutated(mutant, original), encoding="utf-8")
    started = time.monotonic()
    try:
        code, output = _pytest(mutant.tests, tree)
    finally:
        target.write_text(original, encoding="utf-8")
    failed = _FAILED.search(output) if code == _TESTS_FAILED else None
    return Verdict(mutant, failed[1] if failed else "", output, time.monotonic() - started)


def _pytest(tests: Sequence[str], tree: Path) -> tuple[int, str]:
    packages = os.pathsep.join(
        str(tree / path) for path in (".pipeline", "lambda_src", "ecs_src", "policies", "tests")
    )
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=line", "-p", "no:cacheprovider"]
    done = subprocess.run(  # noqa: S603 - our own interpreter and the catalogue's test names
        [*command, *tests],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": packages},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def copy_tree(root: Path, target: Path) -> None:
    """Copy what git would commit, and the built zips that plans read."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - git of the user's PATH
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (root / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, target / name)
    if (root / "dist").is_dir():
        shutil.copytree(root / "dist", target / "dist")
