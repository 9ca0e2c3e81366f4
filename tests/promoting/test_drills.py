"""Drills of the pipeline: each is refused by its rule, before anything is changed."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing import pci
from promoting.small_releases import AUTHOR
from promoting.world import APPROVERS, PLAN_KEY, approval, approved
from promotion import plans
from promotion.bundle import MANIFEST
from promotion.errors import Refused
from promotion.plans import PLAN, RECORD
from promotion.signing import KmsKey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from promoting.world import World
    from promotion.bundle import Release
    from promotion.plans import SavedPlan

ENVIRONMENT = "production"


@pytest.fixture(scope="module")
def release(world: World) -> Release:
    """A release that integration runs, and production not yet."""
    for environment in ("integration", ENVIRONMENT):
        world.deploy(environment, world.release("1.0.0"))
    release = world.release("1.1.0")
    world.deploy("integration", release)
    return release


@pytest.fixture(scope="module")
def planned(world: World, release: Release) -> SavedPlan:
    """Production's plan for it, of which nothing but a drill keeps anybody from applying it."""
    return world.plan(ENVIRONMENT, release, hold_traffic=True)


@pytest.fixture(autouse=True)
def all_approved(world: World, planned: SavedPlan) -> None:
    world.actions = approved(planned.record.plan_sha256, *APPROVERS)


@contextmanager
def refused(world: World, rule: str, *evidence: str) -> Iterator[None]:
    """Expect a refusal by a rule, with evidence, and that nothing was written to any account."""
    since = world.aws.calls.mark()
    with pytest.raises(Refused) as caught:
        yield
    refusal = caught.value
    assert refusal.rule == rule
    for part in evidence:
        assert part in refusal.evidence
    assert refusal.fix
    assert refusal.override
    # Who plans takes the state's lock; that is all.
    assert not [call for call in world.writes(since) if ".tflock" not in call]


def put(world: World, saved: SavedPlan, name: str, content: bytes) -> None:
    place = plans.folder(saved.record.environment, saved.record.plan_sha256)
    world.store.put(f"{place}/{name}", content)


@contextmanager
def replaced(world: World, saved: SavedPlan, name: str, content: bytes) -> Iterator[None]:
    place = plans.folder(saved.record.environment, saved.record.plan_sha256)
    before = world.store.get(f"{place}/{name}")
    assert before is not None
    world.store.put(f"{place}/{name}", content)
    try:
        yield
    finally:
        world.store.put(f"{place}/{name}", before)


@pci("6.5.1")
def test_a_tampered_plan(world: World, release: Release, planned: SavedPlan) -> None:
    other = world.plan("integration", release)
    with (
        replaced(world, planned, PLAN, other.content),
        refused(world, "plan-tampered", other.record.plan_sha256, planned.record.plan_sha256),
    ):
        world.apply(ENVIRONMENT, release, planned.record.plan_sha256)


def test_a_record_that_was_changed_after_it_was_signed(
    world: World, release: Release, planned: SavedPlan
) -> None:
    later = replace(planned.record, expires_at="2999-01-01T00:00:00+00:00")
    with (
        replaced(world, planned, RECORD, later.encoded()),
        refused(world, "plan-manifest-changed"),
    ):
        world.apply(ENVIRONMENT, release, planned.record.plan_sha256)


def test_an_expired_plan(world: World, release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "LIFETIME", timedelta(0))
    expired = world.plan(ENVIRONMENT, release, hold_traffic=True).record
    world.actions = approved(expired.plan_sha256, *APPROVERS)
    with refused(world, "plan-expired", expired.created_at, expired.expires_at):
        world.apply(ENVIRONMENT, release, expired.plan_sha256)


def test_a_stale_serial(world: World, release: Release, planned: SavedPlan) -> None:
    with (
        somebody_else_applied(world) as (serial, lineage),
        refused(world, "plan-stale", f"serial {serial}", lineage),
    ):
        world.apply(ENVIRONMENT, release, planned.record.plan_sha256)


def test_a_plan_whose_own_apply_was_killed_says_so(
    world: World, release: Release, planned: SavedPlan
) -> None:
    place = f"records/begun/{ENVIRONMENT}/{planned.record.plan_sha256}.json"
    world.store.put_json(place, {"begun_at": "2026-01-02T11:00:00+00:00"})
    with (
        somebody_else_applied(world),
        refused(world, "plan-stale", "this plan's apply began at 2026-01-02T11:00:00+00:00"),
    ):
        world.apply(ENVIRONMENT, release, planned.record.plan_sha256)


@contextmanager
def somebody_else_applied(world: World) -> Iterator[tuple[int, str]]:
    """Give the state the next serial; yields it, and the lineage."""
    bucket = f"payments-terraform-state-{world.accounts[ENVIRONMENT]}"
    place: Any = {"Bucket": bucket, "Key": f"{ENVIRONMENT}/terraform.tfstate"}
    s3 = world.client("s3", ENVIRONMENT)
    before = s3.get_object(**place)["Body"].read()
    state = json.loads(before)
    state["serial"] += 1
    s3.put_object(**place, Body=json.dumps(state).encode())
    try:
        yield state["serial"], state["lineage"]
    finally:
        s3.put_object(**place, Body=before)


def test_a_plan_of_a_wrong_account(world: World, release: Release, tmp_path: Path) -> None:
    """Somebody who may sign plans carries integration's over to production."""
    other = world.plan("integration", release)
    record = replace(other.record, environment=ENVIRONMENT)
    carried = replace(other, record=record)
    plans.keep(world.store, carried, KmsKey(PLAN_KEY), tmp_path)
    world.actions = approved(record.plan_sha256, *APPROVERS)
    accounts = world.accounts["integration"], world.accounts[ENVIRONMENT]
    with refused(world, "wrong-account", *accounts):
        world.apply(ENVIRONMENT, release, record.plan_sha256)


def test_a_stage_that_is_told_a_wrong_account(
    world: World, release: Release, planned: SavedPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCOUNT_ID", world.accounts["integration"])
    with refused(world, "wrong-account", world.accounts["integration"]):
        world.apply(ENVIRONMENT, release, planned.record.plan_sha256)


def test_a_plan_of_another_release(world: World, planned: SavedPlan) -> None:
    other = world.release("9.9.9")
    with refused(world, "plan-of-another-release", planned.record.release_digest):
        world.apply(ENVIRONMENT, other, planned.record.plan_sha256)


@pci("6.5.1")
def test_an_approval_by_the_author(world: World, release: Release, planned: SavedPlan) -> None:
    world.actions = approved(planned.record.plan_sha256, AUTHOR, APPROVERS[0])
    with refused(world, "approval-by-author", AUTHOR):
        world.apply(ENVIRONMENT, release, planned.record.plan_sha256)


def test_both_approvals_by_one_person(world: World, release: Release, planned: SavedPlan) -> None:
    world.actions = approved(planned.record.plan_sha256, APPROVERS[0], APPROVERS[0].upper())
    with refused(world, "approval-missing", "2 people", APPROVERS[0]):
        world.apply(ENVIRONMENT, release, planned.record.plan_sha256)


@pci("6.5.1")
def test_no_approval_at_all(world: World, release: Release, planned: SavedPlan) -> None:
    world.actions = []
    with refused(world, "approval-missing", "none"):
        world.apply(ENVIRONMENT, release, planned.record.plan_sha256)


def test_an_approval_of_another_plan(world: World, release: Release, planned: SavedPlan) -> None:
    world.actions[0] = approval("approve-first", APPROVERS[0], f"ok {'0' * 64}")
    with refused(world, "approval-of-another-plan", planned.record.plan_sha256):
        world.apply(ENVIRONMENT, release, planned.record.plan_sha256)


@pytest.mark.parametrize("name", [MANIFEST, "transaction_gateway.zip"])
@pci("6.5.1")
def test_a_swapped_file(
    world: World, release: Release, planned: SavedPlan, tmp_path: Path, name: str
) -> None:
    rules = {MANIFEST: "release-manifest-changed", "transaction_gateway.zip": "release-zip-swapped"}
    swapped = replace(release, directory=tmp_path / "swapped")
    shutil.copytree(release.directory, swapped.directory)
    (swapped.directory / name).write_bytes((release.directory / name).read_bytes() + b"\n")
    with refused(world, rules[name], name):
        world.apply(ENVIRONMENT, swapped, planned.record.plan_sha256)


def test_an_unsigned_release(
    world: World, release: Release, planned: SavedPlan, tmp_path: Path
) -> None:
    unsigned = replace(release, directory=tmp_path / "unsigned")
    shutil.copytree(release.directory, unsigned.directory)
    (unsigned.directory / f"{MANIFEST}.sig").unlink()
    with refused(world, "release-unsigned"):
        world.apply(ENVIRONMENT, unsigned, planned.record.plan_sha256)


def test_a_parity_break(world: World, release: Release) -> None:
    """Production's plan would also repair what somebody changed there by hand."""
    ssm = world.client("ssm", ENVIRONMENT)
    before = ssm.get_parameter(Name="/payments/settings", WithDecryption=True)["Parameter"]["Value"]
    ssm.put_parameter(Name="/payments/settings", Value="x", Type="SecureString", Overwrite=True)
    try:
        with refused(world, "parity", "aws_ssm_parameter.settings"):
            world.plan(ENVIRONMENT, release, hold_traffic=True)
    finally:
        ssm.put_parameter(
            Name="/payments/settings", Value=before, Type="SecureString", Overwrite=True
        )


def test_a_sounding_alarm(world: World, release: Release, planned: SavedPlan) -> None:
    name = f"payments-{ENVIRONMENT}-transaction-gateway-errors"
    cloudwatch = world.client("cloudwatch", ENVIRONMENT)
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="3 errors")
    try:
        with refused(world, "alarms-quiet", name, "3 errors"):
            world.apply(ENVIRONMENT, release, planned.record.plan_sha256)
    finally:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="quiet")


def test_what_no_drill_touches_is_applied(
    world: World, release: Release, planned: SavedPlan
) -> None:
    """The drills above are refused for their own sake: the same plan passes every gate."""
    since = world.aws.calls.mark()
    applied = world.apply(ENVIRONMENT, release, planned.record.plan_sha256)
    assert applied is not None
    assert applied.changes == planned.changes
    account = world.accounts[ENVIRONMENT]
    written = {call.partition(" ")[0] for call in world.writes(since) if call.endswith(account)}
    # The log that showed no write above shows them.
    assert {"lambda:PublishVersion", "ssm:PutParameter"} <= written
    assert world.apply(ENVIRONMENT, release, planned.record.plan_sha256) is None
