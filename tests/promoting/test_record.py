"""A record tells who, what, when, hashes and durations; and only of what runs everywhere."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from promoting.world import approved
from promotion import history, record
from promotion.errors import Refused
from promotion.plan_document import Change

if TYPE_CHECKING:
    from promoting.world import World

PLAN = "a" * 64


def build(stage: str, minute: int, minutes: int) -> dict[str, Any]:
    return {
        "stageName": stage,
        "actionName": stage,
        "status": "Succeeded",
        "startTime": datetime(2026, 1, 2, 8, minute, tzinfo=UTC),
        "lastUpdateTime": datetime(2026, 1, 2, 8, minute + minutes, tzinfo=UTC),
        "input": {"actionTypeId": {"category": "Build"}},
        "output": {"executionResult": {"externalExecutionId": f"{stage}:1"}},
    }


def test_a_promotion_is_recorded(world: World) -> None:
    release = world.release("1.0.0")
    changes = [Change("aws_a.b", ("update",), {"x": "1"}).as_document()]
    for digest, key in ((release.digest, "1"), ("another", "2")):
        world.store.put_json(
            f"records/applied/production/{key}-{PLAN}.json",
            {
                "environment": "production",
                "release_digest": digest,
                "plan_sha256": PLAN,
                "execution_id": "1-2",
                "begun_at": "2026-01-02T08:00:00+00:00",
                "ended_at": "2026-01-02T08:01:30+00:00",
                "changes": changes,
                "versions": {},
            },
        )
    shift = {"release_digest": release.digest, "events": [{"weight": 0.05}]}
    world.store.put_json("records/shifts/production/1.json", shift)
    execution = {"pipelineName": "payments", "pipelineExecutionId": "1-2"}
    actions = [build("dev", 10, 5), build("verify", 1, 2), *approved(PLAN, "grace", "edsger")]
    running: dict[str, str | None] = {"dev": release.digest, "production": release.digest}
    made = record.make(world.store, release, execution, actions, running)
    assert made["release"]["files"]["transaction_gateway.zip"]
    assert made["release"]["author"] == "ada@example.com"
    [applied] = made["environments"]["production"]["applies"]
    assert (applied["plan_sha256"], applied["seconds"]) == (PLAN, 90)
    assert applied["changes"] == ["~ aws_a.b: x"]
    assert {item["person"] for item in made["approvals"]} == {"grace", "edsger"}
    assert made["shifts"][0]["events"] == [{"weight": 0.05}]
    assert [(item["name"], item["seconds"]) for item in made["stages"][:2]] == [
        ("verify", 120),
        ("dev", 300),
    ]
    assert made["stages"][1]["actions"][0]["build"] == "dev:1"
    assert history.applies(world.store, "production")[0].seconds == 90


def test_nothing_is_recorded_while_an_environment_runs_another_release(world: World) -> None:
    release = world.release("1.0.0")
    running = {"dev": release.digest, "qa": "another", "production": None}
    with pytest.raises(Refused) as caught:
        record.make(world.store, release, {}, [], running)
    assert caught.value.rule == "release-not-everywhere"
    assert "qa runs another, production runs none" in caught.value.evidence


def test_the_source_is_found_where_the_pipeline_left_it() -> None:
    place = {"bucket": "store", "key": "payments/source/1"}
    source = {
        **build("source", 0, 1),
        "input": {"actionTypeId": {"category": "Source"}},
        "output": {"outputArtifacts": [{"name": "source", "s3location": place}]},
    }
    assert record.source_of([build("dev", 1, 1), source]) == place
    assert record.source_of([]) is None
