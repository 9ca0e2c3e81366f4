"""A contestant of the plan bench: the stock CLI driven by tftest, in the yardsticks' environment.

Run as `python -m`, with a folder of modules that is its own to write in, and the CLI.
"""

from __future__ import annotations

import functools
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tftest  # type: ignore[import-not-found] # of the yardsticks' environment

from harness.bench.plan_cases import Case, answer

if TYPE_CHECKING:
    from collections.abc import Mapping


def main(modules: Path, terraform: str) -> None:
    """Answer with plans; a module is initialised once."""

    @functools.cache
    def root(module: str) -> Any:
        made = tftest.TerraformTest(str(modules / module), binary=terraform)
        made.setup()
        return made

    def plan(case: Case) -> Mapping[str, Any]:
        values = modules / "variables.json"
        values.write_text(json.dumps(case.variables), encoding="utf-8")
        document: Mapping[str, Any] = root(case.module).plan(output=True, tf_var_file=str(values))
        return document

    answer(plan)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
