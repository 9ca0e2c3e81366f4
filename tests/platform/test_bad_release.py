"""A release that charges and doesn't answer gets 5 % of real payments, and then none."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from moto.cloudwatch.models import cloudwatch_backends

from harness.pipeline.bad_release import HANDLER, with_mistake
from harness.pipeline.tools import terraform_tools
from harness.pipeline.warm_terraform import WarmTerraform
from harness.platform import REPOSITORY
from harness.testing import pci
from harness.under_way import PaymentsUnderWay, calls_while_split, followed, most_by_chance
from promotion import archives, functions, traffic
from promotion.accounts import DEPLOY, Entered
from promotion.errors import Refused
from promotion.shift import Schedule, Shift
from promotion.store import Store
from promotion.terraform import Root

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.platform import MerchantAccess, Platform

CANARY = 0.05
SCHEDULE = Schedule(weights=(CANARY, 0.5), step_seconds=60, bake_seconds=60, poll_seconds=0.5)
BUCKET = "payments-releases-of-a-test"


def lay_out_bad_release(tree: Path) -> None:
    """Place this checkout's release with the mistake in one function, as a stage does."""
    archives.extract((REPOSITORY / "dist" / "configuration.tar").read_bytes(), tree)
    dist = tree / "dist"
    shutil.copytree(REPOSITORY / "dist", dist)
    manifest = json.loads((dist / "release.json").read_text(encoding="utf-8"))
    packed = dist / "transaction_gateway.zip"
    packed.write_bytes(with_mistake(packed.read_bytes(), HANDLER, "dev"))
    manifest["functions"]["transaction_gateway"] = functions.artifact(
        "transaction_gateway", packed.read_bytes()
    )
    (dist / "release.json").write_text(json.dumps(manifest), encoding="utf-8")


@pytest.fixture
def shift(platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shift]:
    """A shift in dev, by the scripts of the pipeline; at the end dev is as it was."""
    lay_out_bad_release(tmp_path / "tree")
    s3 = platform.aws.client("s3", platform.account_id)
    place = {"LocationConstraint": platform.region}
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
    with WarmTerraform(platform.terraform, tmp_path / "terraform.sock") as lent:
        credentials = platform.aws.environment(platform.account_id)
        tools, path = terraform_tools(platform.terraform, tmp_path / "tools", lent.address)
        for name, value in {**tools, **credentials}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("PATH", ":".join(map(str, path)), prepend=":")
        root = Root(tmp_path / "tree" / "environments" / "dev", credentials)
        yield Shift(
            store=Store(BUCKET, s3),
            planner=root,
            deployer=root,
            account=Entered(
                "dev",
                platform.account_id,
                DEPLOY,
                platform.aws.session(platform.account_id),
                credentials,
            ),
            variables={"release_directory": "../../dist", "acquirer_url": platform.acquirer.url},
            workdir=tmp_path,
            schedule=SCHEDULE,
            say=print,
            release_digest="a-test",
        )
    monkeypatch.undo()
    # With the provider in it, whose bytes another test would read for card numbers.
    shutil.rmtree(tmp_path / "tree")
    platform.apply_environment()
    platform.edge.reload()


def forget_faults(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if what other tests did were days ago; CloudWatch has its measurements at the end."""
    platform.edge.flush_metrics()
    backend = cloudwatch_backends[platform.account_id][platform.region]
    monkeypatch.setattr(backend, "metric_data", [])
    monkeypatch.setitem(vars(backend), "minutes", {})
    cloudwatch = platform.aws.client("cloudwatch", platform.account_id)
    # They would stay as they are until something is measured anew.
    for page in cloudwatch.get_paginator("describe_alarms").paginate(StateValue="ALARM"):
        for alarm in page["MetricAlarms"]:
            cloudwatch.set_alarm_state(
                AlarmName=alarm["AlarmName"], StateValue="OK", StateReason="days ago"
            )


def publish(shift: Shift, stable: str) -> str:
    """Apply the release with all traffic held at the stable version; returns its version."""
    held = traffic.Traffic(stable, 0)
    plan = shift.workdir / "release.plan"
    shift.planner.init()
    assert shift.planner.plan(plan, {**shift.variables, "canary": held.canary})
    traffic.decide(shift.store, "dev", held, shift.release_digest)
    shift.deployer.apply(plan)
    return str(shift.planner.outputs()["functions"]["transaction_gateway"]["version"])


@pytest.mark.timeout(1200)  # the first of its folder, which makes the platform too
@pci("6.5.1")
def test_traffic_goes_back_by_itself_while_merchants_pay(
    platform: Platform,
    steady_access: MerchantAccess,
    shift: Shift,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = platform.outputs["functions"]["transaction_gateway"]["name"]
    awslambda = platform.aws.client("lambda", platform.account_id)
    stable, _ = traffic.live(awslambda, name)
    newest = publish(shift, stable)
    assert newest != stable
    forget_faults(platform, monkeypatch)
    booked = len(platform.acquirer.charges())
    payments = PaymentsUnderWay(steady_access, per_second=6)
    with followed(platform), payments, pytest.raises(Refused) as caught:
        shift.run(newest)
    assert caught.value.rule == "alarm-during-bake", str(caught.value)
    assert f"{name}-errors" in caught.value.evidence
    assert traffic.live(awslambda, name) == (stable, {})

    before, canary = (calls_while_split(platform, version) for version in (stable, newest))
    print(f"{len(payments.payments)} payments, {len(payments.failed)} failed at first: {canary}")
    assert payments.failed, "the canary failed nobody, so nothing was tried"
    assert before.errors == 0
    assert len(payments.failed) <= canary.errors == canary.invoked
    assert canary.invoked <= most_by_chance(CANARY, before.invoked + canary.invoked)
    assert payments.lost == [], "what isn't answered is when it is repeated"
    assert len(platform.acquirer.charges()) - booked == len(payments.paid)
