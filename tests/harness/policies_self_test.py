"""`make self-test`: plans of our own roots, and the policies' self-test over them."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

from harness.aws import EmbeddedAWS
from harness.known_organization import found_organization, known_organization
from harness.planned_roots import planned_root
from harness.platform import REPOSITORY
from harness.terraform import Terraform
from harness.testing.workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from harness.console import Steps

ROOTS = ("dev", "log-archive", "trail", "management")


class SelfTestError(RuntimeError):
    """The self-test can't begin; says what to do."""


def plan_roots(workdir: Path, steps: Steps) -> list[Path]:
    """Plan the roots before anything is applied, a step each; return the plans' JSON files.

    Raises:
        harness.terraform.TerraformError: a root can't be planned.
    """
    known = known_organization()
    with EmbeddedAWS(region=known["region"], account_ids=known["accounts"]) as aws:
        found_organization(aws, known["accounts"])
        workbench = Workbench(Terraform.discover(), aws.environment, workdir)
        plans = {}
        for name in ROOTS:
            with steps.step(f"terraform plan environments/{name}") as step:
                plans[name] = planned_root(name, aws, workbench)
                step.done(f"{len(plans[name]['resource_changes'])} resources")
    return written(plans, workdir)


def written(plans: Mapping[str, Mapping[str, Any]], workdir: Path) -> list[Path]:
    """Write plans as files for `judge`, by name."""
    paths = []
    for name, document in plans.items():
        path = workdir / f"{name}.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        paths.append(path)
    return paths


def judge(python: Path, plans: Sequence[Path]) -> int:
    """Try all checks on mutants of plans, printing what comes of it; return the exit code.

    Args:
        python: of the policies' environment.
        plans: JSON files.

    Raises:
        SelfTestError: there is no such environment.
    """
    if not python.exists():
        raise SelfTestError(f"there is no {python}: run `make self-test`, which makes it")
    return subprocess.run(  # noqa: S603 - of our own environment
        [python, "-m", "pci_dss.self_test", *plans],
        check=False,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "policies")},
    ).returncode
