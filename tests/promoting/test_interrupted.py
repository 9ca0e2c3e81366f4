"""A run that was killed says how to go on, or goes on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from harness.aws.errors import AwsError
from promotion.errors import Refused
from promotion.terraform import TerraformError

if TYPE_CHECKING:
    from pathlib import Path

    from promoting.world import World

ENVIRONMENT = "integration"
LOCK = {
    "ID": "0c9f4a6e-1111-4222-8333-444455556666",
    "Operation": "OperationTypeApply",
    "Info": "",
    "Who": "build@codebuild-7",
    "Version": "1.11.4",
    "Created": "2026-01-02T11:00:00Z",
    "Path": "x",
}


def test_a_lock_that_was_left_tells_whose_it_is_and_how_to_go_on(world: World) -> None:
    place: Any = {
        "Bucket": f"payments-terraform-state-{world.accounts[ENVIRONMENT]}",
        "Key": f"{ENVIRONMENT}/terraform.tfstate.tflock",
    }
    s3 = world.client("s3", ENVIRONMENT)
    s3.put_object(**place, Body=json.dumps(LOCK).encode())
    with pytest.raises(Refused) as caught:
        world.plan(ENVIRONMENT, world.release("1.0.0"))
    s3.delete_object(**place)
    assert caught.value.rule == "state-locked"
    for part in (LOCK["ID"], LOCK["Who"], "2026-01-02 11:00:00"):
        assert part in caught.value.evidence
    assert f"force-unlock {LOCK['ID']}" in caught.value.fix


def test_a_stage_that_is_stopped_leaves_no_lock_and_no_files(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CodeBuild stops builds with SIGTERM; Terraform then ends in its own way."""
    release = world.release("1.0.0")
    monkeypatch.setenv("RELEASE_DIGEST", release.digest)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    command = [sys.executable, "-m", "promotion", "plan", ENVIRONMENT]
    stage = subprocess.Popen([*command, "--release", str(release.directory)])
    locks = f"{ENVIRONMENT}/terraform.tfstate.tflock"
    bucket = f"payments-terraform-state-{world.accounts[ENVIRONMENT]}"
    s3 = world.client("s3", ENVIRONMENT)

    def locked() -> bool:
        found = s3.list_objects_v2(Bucket=bucket, Prefix=locks)
        return bool(found["KeyCount"])

    while not locked():
        assert stage.poll() is None
        time.sleep(0.05)
    stage.send_signal(signal.SIGTERM)
    assert stage.wait(timeout=120) != 0
    assert not locked()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_what_an_apply_left_undone_is_planned_again(world: World) -> None:
    """The plan that was applied in part says so, and isn't applied any more."""
    release = world.release("1.0.0")
    first = world.plan(ENVIRONMENT, release).record.plan_sha256

    def refuse(_: object) -> None:
        raise AwsError("CodeStorageExceededException", "Full.", 400)

    with (
        world.aws.faults.before(lambda call: call.action == "CreateAlias", refuse),
        pytest.raises(TerraformError, match="CodeStorageExceededException"),
    ):
        world.apply(ENVIRONMENT, release, first)
    with pytest.raises(Refused) as caught:
        world.apply(ENVIRONMENT, release, first)
    assert caught.value.rule == "plan-stale"
    assert "this plan's apply began at" in caught.value.evidence
    assert "plans what is left" in caught.value.fix

    rest = world.plan(ENVIRONMENT, release)
    assert [change.address for change in rest.changes] == ["aws_lambda_alias.live"]
    assert world.apply(ENVIRONMENT, release, rest.record.plan_sha256)
