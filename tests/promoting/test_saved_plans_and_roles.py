"""What a saved plan keeps of its backend, which decides how two roles can share one."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from promotion.accounts import DEPLOY, PLAN, Organization, enter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from promoting.world import World
    from promotion.accounts import Entered

ENVIRONMENT = "integration"
NO_ROLE = "-backend-config=assume_role=null"


@pytest.fixture
def root(world: World, tmp_path: Path) -> Iterator[Path]:
    release = world.release("1.0.0")
    release.lay_out(tmp_path / "laid-out")
    yield tmp_path / "laid-out" / "environments" / ENVIRONMENT
    state = f"payments-terraform-state-{world.accounts[ENVIRONMENT]}"
    for item in world.client("s3", ENVIRONMENT).list_objects_v2(Bucket=state).get("Contents", ()):
        world.client("s3", ENVIRONMENT).delete_object(Bucket=state, Key=item["Key"])


def terraform(root: Path, *arguments: str, entered: Entered | None = None) -> None:
    variables = {**os.environ, **(entered.variables if entered else {})}
    done = subprocess.run(
        ["terraform", *arguments],
        cwd=root,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def states_written_by(world: World, since: float) -> set[str]:
    """Name the roles that wrote to the state's bucket, locks apart."""
    return {
        call.principal_arn.split("/")[1]
        for call in world.aws.calls.select("s3", since=since)
        if call.method == "PUT" and call.path.endswith(".tfstate")
    }


def test_a_role_in_the_backend_is_the_planners_at_the_apply_too(world: World, root: Path) -> None:
    """This is why the pipeline doesn't use one."""
    account = world.accounts[ENVIRONMENT]
    role = f'-backend-config=assume_role={{role_arn="arn:aws:iam::{account}:role/{PLAN}"}}'
    terraform(root, "init", "-input=false", role)
    terraform(root, "plan", "-input=false", "-var=role=plan", "-out=saved")
    terraform(root, "init", "-input=false", "-reconfigure")
    since = world.aws.calls.mark()
    terraform(root, "apply", "-input=false", "-var=role=deploy", "saved")
    assert states_written_by(world, since) == {PLAN}
    terraform(root, "destroy", "-auto-approve", "-input=false", "-var=role=deploy")


def test_without_one_each_is_who_runs_it(world: World, root: Path) -> None:
    organization = Organization.read(root.parent / "organization.json")
    planner = enter(organization, ENVIRONMENT, PLAN)
    since = world.aws.calls.mark()
    terraform(root, "init", "-input=false", NO_ROLE, entered=planner)
    terraform(root, "plan", "-input=false", "-var=role=", "-out=saved", entered=planner)
    assert {call.split(" ")[1].rpartition("/")[2] for call in world.writes(since)} == {
        "terraform.tfstate.tflock"
    }
    deployer = enter(organization, ENVIRONMENT, DEPLOY, release="x")
    since = world.aws.calls.mark()
    terraform(root, "apply", "-input=false", "-var=role=", "saved", entered=deployer)
    assert states_written_by(world, since) == {DEPLOY}
    written = {call.principal_arn.split("/")[1] for call in world.aws.calls.select(since=since)}
    assert written == {DEPLOY}
    terraform(root, "destroy", "-auto-approve", "-input=false", "-var=role=", entered=deployer)
