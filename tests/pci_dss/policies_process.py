"""Runs the policies' command in the environment that has checkov, which takes seconds to start.

One process answers all tests of a file: run by that environment's Python, it reads requests from
its standard input.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

REPOSITORY = Path(__file__).parents[2]
PYTHON = REPOSITORY / ".venv-policies/bin/python"


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What `--json` printed."""
        return json.loads(self.out)


class Policies:
    """The command, as often as asked; ends with the context."""

    def __enter__(self) -> Self:
        if not PYTHON.exists():
            raise RuntimeError("there is no environment of the policies: run `make test`")
        # Some runner of tests tells its processes how wide their terminal is.
        environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
        self._process = subprocess.Popen(  # noqa: S603 - ours
            [PYTHON, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**environment, "PYTHONPATH": str(REPOSITORY / "policies")},
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self, *arguments: str | Path, cwd: Path) -> Done:
        """Run the command in a directory."""
        asked = {"arguments": [str(each) for each in arguments], "cwd": str(cwd)}
        assert self._process.stdin and self._process.stdout  # noqa: S101, PT018 - pipes
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return Done(**json.loads(self._process.stdout.readline()))


def _answer(arguments: Sequence[str], cwd: str) -> Done:
    from pci_dss.__main__ import main

    os.chdir(cwd)
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = main(arguments)
        except SystemExit as end:  # argparse
            code = int(end.code or 0)
    return Done(code, out.getvalue(), err.getvalue())


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(vars(_answer(**json.loads(line)))), flush=True)
