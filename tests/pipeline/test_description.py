"""What a pipeline would do is told from what is deployed: gates, roles and time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from harness.pipeline.deployed import read
from harness.pipeline.description import budget, describe, table
from harness.pipeline.errors import PipelineError
from harness.pipeline.gates import STAGES, missing
from pipeline.small import ACCOUNT, NAME, approval, entered_if, rule

if TYPE_CHECKING:
    from pipeline.small import Small

QUIET = rule("quiet", "CloudWatchAlarm", AlarmName="paging")
WINDOW = rule("window", "DeploymentWindow", Cron="* * 8-15 ? * MON-THU", TimeZone="UTC")
SHIFT = {"weights_percent": [5, 25, 50, 100], "step_minutes": 5, "bake_minutes": 15}
NOTHING = "version: 0.2\nphases: {}\n"


def whole(small: Small, **changes: Any) -> None:
    """Make a pipeline with all stages; `changes` are stages' actions or conditions by name."""
    guarded = entered_if(WINDOW, QUIET)
    for name in STAGES[1:]:
        variables = {"SHIFT": json.dumps(SHIFT)} if name == "prod-shift" else {}
        build = small.build(name, NOTHING, minutes=40, variables=variables)
        actions, conditions = [build], {}
        if name == "prod-approve":
            actions = [
                approval("approve-first"),
                approval("approve-second"),
                {**build, "runOrder": 2},
            ]
        elif name in ("prod-deploy", "prod-shift"):
            conditions = guarded
        actions = changes.get("actions", {}).get(name, actions)
        small.stage(name, *actions, **changes.get("conditions", {}).get(name, conditions))
    small.create(mode=changes.get("mode", "QUEUED"))


def test_a_whole_pipeline_lacks_nothing(small: Small) -> None:
    whole(small)
    assert missing(read(small.session, NAME)) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"mode": "SUPERSEDED"}, "SUPERSEDED, not QUEUED"),
        (
            {"conditions": {"prod-shift": entered_if(QUIET)}},
            "prod-shift is entered without looking",
        ),
        ({"conditions": {"prod-deploy": {}}}, "at a deployment alarm"),
        (
            {"actions": {"prod-approve": [approval("approve-first"), approval("approve-second")]}},
            "verifies who approved",
        ),
    ],
    ids=["mode", "window", "alarm", "verifier"],
)
def test_what_a_pipeline_lacks_is_said(small: Small, changes: Any, problem: str) -> None:
    whole(small, **changes)
    assert any(problem in each for each in missing(read(small.session, NAME)))


def test_a_missing_approval_is_said(small: Small) -> None:
    whole(small)
    stage = next(each for each in small.stages if each["name"] == "prod-approve")
    stage["actions"] = [each for each in stage["actions"] if each["name"] != "approve-second"]
    small.update()
    assert missing(read(small.session, NAME)) == [
        "the stage prod-approve has 1 approval actions, production needs 2"
    ]


def test_stages_are_described_with_gates_roles_and_time(small: Small) -> None:
    whole(small)
    stages = {each.name: each for each in describe(read(small.session, NAME))}
    deploy, approve = stages["prod-deploy"], stages["prod-approve"]
    assert deploy.gates == ("entered if within * * 8-15 ? * MON-THU UTC and paging is quiet",)
    assert deploy.roles == ("build-prod-deploy",)
    assert (deploy.minutes, deploy.people_minutes) == (40, 0)
    assert (approve.minutes, approve.people_minutes) == (40, 60)
    assert approve.critical == ("approve-first", "prod-approve")
    assert "2 approvals: approve-first, approve-second" in approve.gates
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(table(list(stages.values())))
    laid_out = console.export_text()
    assert "and people's 60" in laid_out
    assert "approve-first, then prod-approve as build-prod-approve" in laid_out


def test_the_time_of_all_stages_is_held_against_the_promise(small: Small) -> None:
    whole(small)
    pipeline = read(small.session, NAME)
    assert budget(pipeline, 400).overruns == ()
    over = budget(pipeline, 399)
    assert over.minutes == 400
    assert over.overruns == ("all stages may take 400 minutes, 399 are promised",)
    assert budget(pipeline).promised is None


def test_the_promise_is_read_from_the_pipelines_tag(small: Small) -> None:
    whole(small)
    small.session.client("codepipeline").tag_resource(
        resourceArn=f"arn:aws:codepipeline:eu-west-1:{ACCOUNT}:{NAME}",
        tags=[{"key": "time-budget-minutes", "value": "90"}],
    )
    assert budget(read(small.session, NAME)).promised == 90


def test_a_shift_that_outlasts_its_project_is_an_overrun(small: Small) -> None:
    late = {"weights_percent": [5, 100], "step_minutes": 20, "bake_minutes": 15}
    action = small.build("slow", NOTHING, minutes=40, told={"SHIFT": json.dumps(late)})
    whole(small, actions={"prod-shift": [action]})
    assert budget(read(small.session, NAME)).overruns == (
        "slow shifts for 55 minutes, and may run for 40",
    )


def test_a_pipeline_that_is_not_there_is_said(small: Small) -> None:
    with pytest.raises(PipelineError, match="other can't be read back"):
        read(small.session, "other")
