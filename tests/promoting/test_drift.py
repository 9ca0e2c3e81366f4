"""Drift is what was changed by hand and the ordinary plan would undo; nothing else is."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from harness.testing import pci
from promoting.documents import change, plan
from promotion import drift, releases
from promotion.__main__ import main
from promotion.commands.drift import DRIFTED
from promotion.drift import CHANGED, DELETED, UNAPPLIED, Author

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from promoting.world import World

APPLIED = {"id": "q-1", "name": "jobs", "delay": 0, "arn": "arn:1"}


def test_a_change_by_hand_is_told_with_both_values() -> None:
    found_as = {**APPLIED, "delay": 9, "arn": "arn:2"}
    by_hand = change("aws_sqs_queue.jobs", APPLIED, found_as)
    undone = change("aws_sqs_queue.jobs", found_as, {**found_as, "delay": 0})
    [finding] = drift.find(plan(undone, drift=(by_hand,)))
    assert (finding.kind, finding.type, finding.id) == (CHANGED, "aws_sqs_queue", "q-1")
    assert finding.address == "aws_sqs_queue.jobs"
    assert finding.attributes == {"delay": (0, 9)}


def test_what_no_plan_would_undo_is_no_drift() -> None:
    trifle = change("aws_sqs_queue.jobs", APPLIED, {**APPLIED, "arn": "arn:2"})
    same = change("aws_sqs_queue.jobs", APPLIED, APPLIED)
    read = change("data.aws_ami.newest.x", {"id": "1"}, {"id": "2"}, mode="data")
    reading = change("data.aws_ami.newest.x", None, {"id": "2"}, mode="data")
    assert drift.find(plan(same, reading, drift=(trifle, read))) == []


def test_what_was_deleted_is_told_with_what_it_was() -> None:
    gone = change("aws_sqs_queue.jobs", APPLIED, None)
    made_again = change("aws_sqs_queue.jobs", None, APPLIED)
    [finding] = drift.find(plan(made_again, drift=(gone,)))
    assert (finding.kind, finding.id) == (DELETED, "q-1")


def test_a_plan_without_drift_was_not_applied() -> None:
    [finding] = drift.find(plan(change("aws_sqs_queue.new", None, {"name": "new"})))
    assert finding.kind == UNAPPLIED


def test_no_secret_is_told() -> None:
    marks = {"value": True}
    by_hand = change("aws_a.b", {"value": "hunter1"}, {"value": "hunter2"}, sensitive=marks)
    undone = change("aws_a.b", {"value": "hunter2"}, {"value": "hunter1"}, sensitive=marks)
    [finding] = drift.find(plan(undone, drift=(by_hand,)))
    assert "hunter" not in json.dumps(finding.as_document())
    assert "value" in str(finding)


class Trail:
    """CloudTrail's event history."""

    def __init__(self, *events: dict[str, Any]) -> None:
        self.events = events

    def lookup_events(self, *, LookupAttributes: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803 - AWS's name
        if not self.events:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "LookupEvents")
        [wanted] = LookupAttributes
        return {
            "Events": [event for event in self.events if event["of"] == wanted["AttributeValue"]]
        }


def test_who_did_it_is_told_where_the_trail_knows() -> None:
    by_hand = change("aws_sqs_queue.jobs", APPLIED, {**APPLIED, "delay": 9})
    undone = change("aws_sqs_queue.jobs", {**APPLIED, "delay": 9}, APPLIED)
    document = plan(undone, drift=(by_hand,))

    def event(name: str, hour: int, read: str) -> dict[str, Any]:
        at = datetime(2026, 1, 2, hour, tzinfo=UTC)
        return {"of": "jobs", "EventName": name, "EventTime": at, "ReadOnly": read, "Username": "x"}

    events = [event("Set", 9, "false"), event("Create", 8, "false"), event("Get", 10, "true")]
    [finding] = drift.find(document, Trail(*events))
    assert finding.author == Author("x", "Set", "2026-01-02T09:00:00+00:00")
    [finding] = drift.find(document, Trail())
    assert finding.author is None


@pci("6.5.1")
def test_a_change_by_hand_in_production_is_reported(
    world: World,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release = world.release("1.0.0")
    world.deploy("integration", release)
    world.deploy("production", release)
    with world.stage("production", release) as stage:
        releases.publish(stage.store, release)
        monkeypatch.chdir(stage.laid_out)
        report = tmp_path / "drift.json"
        command = ["drift", "integration", "production", "--report", str(report)]
        assert main(command) == 0, capsys.readouterr().out

        settings = {"Name": "/payments/settings", "Type": "SecureString", "Overwrite": True}
        world.client("ssm").put_parameter(Value="mine", Description="by hand", **settings)
        bucket = f"payments-production-receipts-{world.accounts['production']}"
        world.client("s3").delete_bucket(Bucket=bucket)
        capsys.readouterr()
        assert main(command) == DRIFTED
    told = capsys.readouterr().out
    assert "integration: nothing by hand" in told
    assert "production: 2 by hand" in told
    findings = json.loads(report.read_text())["production"]["findings"]
    assert [(item["kind"], item["type"], item["address"]) for item in findings] == [
        (DELETED, "aws_s3_bucket", "aws_s3_bucket.receipts"),
        (CHANGED, "aws_ssm_parameter", "aws_ssm_parameter.settings"),
    ]
    assert findings[1]["attributes"]["description"]["found"] == "by hand"
    assert "mine" not in report.read_text()
