"""A contestant of the plan bench: the harness. Run as `python -m`, with a folder of modules."""

from __future__ import annotations

import functools
import os
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.bench.plan_cases import ACCOUNT, Case, answer
from harness.terraform import Terraform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.terraform import Root


def planner(
    modules: Path, workdir: Path, environment: Mapping[str, str]
) -> Callable[[Case], Mapping[str, Any]]:
    """Give a function that plans a case; a module is initialised once."""
    terraform = Terraform.discover()

    @functools.cache
    def root(module: str) -> Root:
        made = terraform.module(modules / module, workdir=workdir / module, environment=environment)
        made.init()
        return made

    def plan(case: Case) -> Mapping[str, Any]:
        return root(case.module).plan_from_nothing(case.variables).document

    return plan


def main(modules: Path, *, own_aws: bool) -> None:
    """Answer with plans in the AWS of the environment, or in one of this process as in a test."""
    given = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    if own_aws:
        from harness.aws import EmbeddedAWS  # it takes memory and time to import
    with (
        EmbeddedAWS() if own_aws else nullcontext() as aws,
        tempfile.TemporaryDirectory(prefix="bench-") as workdir,
    ):
        environment = aws.environment(ACCOUNT) if aws else given
        answer(planner(modules, Path(workdir), environment))


if __name__ == "__main__":
    main(Path(sys.argv[1]), own_aws="--own-aws" in sys.argv)
