"""An execution goes through the stages of a deployed pipeline as CodePipeline would take it."""

from __future__ import annotations

import itertools
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from harness.aws.pipelines import FAILED, IN_PROGRESS, SKIPPED, SUCCEEDED
from harness.pipeline.people import Person, answer
from pipeline.small import ACCOUNT, NAME, approval, entered_if, rule

if TYPE_CHECKING:
    from pathlib import Path

    from harness.pipeline.assembled import Assembly
    from pipeline.small import Small

PLAN = "ab" * 32


def says(text: str) -> str:
    return f"version: 0.2\nphases:\n  build:\n    commands: [{json.dumps(text)}]\n"


def wait_for(path: Path) -> str:
    """A command that waits for a file, for a minute."""
    return f"timeout 60 sh -c 'while [ ! -e {path} ]; do sleep 0.1; done'"


def told(small: Small, execution_id: str) -> dict[str, Any]:
    """What ListActionExecutions tells of an execution, by action."""
    details = small.session.client("codepipeline").list_action_executions(
        pipelineName=NAME, filter={"pipelineExecutionId": execution_id}
    )["actionExecutionDetails"]
    return {each["actionName"]: each for each in reversed(details)}


def test_two_people_approve_by_the_api_and_are_told(small: Small, assembly: Assembly) -> None:
    shown = "write its SHA-256 as comment: #{plan.SHA256}"
    small.stage(
        "plan",
        small.build(
            "plan",
            "version: 0.2\nenv:\n  exported-variables: [SHA256]\n"
            f"phases:\n  build:\n    commands: ['export SHA256={PLAN}']\n",
        ),
    )
    small.stage("approve", approval("first", shown=shown), approval("second", shown=shown))
    small.stage("deploy", small.build("deploy", says("true")))
    small.create()
    runner = assembly.runner(NAME)
    execution = runner.run(runner.start())
    assert execution.status == SUCCEEDED, execution.status_summary
    actions = told(small, execution.pipeline_execution_id)
    for name, person in (("first", "alice"), ("second", "bob")):
        assert actions[name]["updatedBy"].endswith(f"/{person}")
        result = actions[name]["output"]["executionResult"]
        assert result["externalExecutionSummary"] == f"Read the plan {PLAN}"
    assert actions["deploy"]["input"]["inputArtifacts"][0]["name"] == "source"


def test_a_rejection_ends_the_execution(small: Small, assembly: Assembly) -> None:
    small.stage("approve", approval("first"))
    small.stage("deploy", small.build("deploy", says("true")))
    small.create()

    class Mallory:
        def asked(self, *given: Any) -> None:
            person = Person("mallory", assembly.aws.session(ACCOUNT, session_name="mallory"))
            answer(person, *given, status="Rejected", comment=lambda _: "not on Friday")

    assembly.approvers = Mallory()
    runner = assembly.runner(NAME)
    execution = runner.run(runner.start())
    assert execution.status == FAILED
    assert execution.status_summary == "first: rejected: not on Friday"
    assert "deploy" not in told(small, execution.pipeline_execution_id)


def test_actions_of_one_order_run_at_once_and_the_next_after_them(
    small: Small, assembly: Assembly, tmp_path: Path
) -> None:
    small.stage(
        "test",
        small.build("left", says(f"touch {tmp_path}/l; {wait_for(tmp_path / 'r')}")),
        small.build("right", says(f"touch {tmp_path}/r; {wait_for(tmp_path / 'l')}")),
        small.build("last", says(f"test -e {tmp_path}/l -a -e {tmp_path}/r"), order=2),
    )
    small.create()
    runner = assembly.runner(NAME)
    execution = runner.run(runner.start())
    assert execution.status == SUCCEEDED, execution.status_summary
    runs = {run.name: run for run in execution.actions}
    ends = max(runs["left"].updated_at, runs["right"].updated_at)
    assert runs["last"].started_at >= ends


def test_two_promotions_at_once_queue(small: Small, assembly: Assembly, tmp_path: Path) -> None:
    alone = f"mkdir {tmp_path}/busy && sleep 0.3 && rmdir {tmp_path}/busy"
    small.stage("deploy", small.build("deploy", says(alone)))
    small.stage("after", small.build("after", says("true")))
    small.create()
    runner = assembly.runner(NAME)
    ids = [runner.start() for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        executions = list(pool.map(runner.run, reversed(ids)))
    assert {each.status for each in executions} == {SUCCEEDED}
    for stage in ("deploy", "after"):
        runs = [run for each in executions for run in each.actions if run.stage == stage]
        runs.sort(key=lambda run: run.started_at)
        assert [run.execution_id for run in runs] == ids, "somebody overtook"
        assert all(a.updated_at <= b.started_at for a, b in itertools.pairwise(runs))


def test_whoever_waits_is_seen_in_the_pipelines_state(
    small: Small, assembly: Assembly, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    small.stage("deploy", small.build("deploy", says(wait_for(go))))
    small.create()
    runner = assembly.runner(NAME)
    first, second = runner.start(), runner.start()
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(runner.run, each) for each in (first, second)]
        waiting: list[str] = []
        for _ in range(600):
            state = small.session.client("codepipeline").get_pipeline_state(name=NAME)
            deploy = state["stageStates"][1]
            waiting = [each["pipelineExecutionId"] for each in deploy["inboundExecutions"]]
            if waiting:
                break
            time.sleep(0.05)
        assert waiting == [second]
        assert deploy["latestExecution"]["pipelineExecutionId"] == first
        assert deploy["latestExecution"]["status"] == IN_PROGRESS
        go.touch()
        assert [each.result().status for each in running] == [SUCCEEDED, SUCCEEDED]


class KilledError(BaseException):
    """The runner's end."""


def test_an_execution_whose_runner_was_killed_goes_on(
    small: Small, assembly: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = f"echo x >> {tmp_path}/$STEP; test $(wc -l < {tmp_path}/plans) -gt 0"
    small.stage("plan", small.build("plan", says(count), told={"STEP": "plans"}))
    small.stage(
        "apply",
        small.build("prepare", says(count), told={"STEP": "prepared"}),
        small.build("apply", says(count), told={"STEP": "applies"}, order=2),
    )
    small.create()
    runner = assembly.runner(NAME)
    execution_id = runner.start()
    with monkeypatch.context() as patch:
        real = runner.actions._carry_out

        def dies(*given: Any) -> None:
            if given[3].name == "apply":
                raise KilledError
            real(*given)

        patch.setattr(runner.actions, "_carry_out", dies)
        patch.setattr("harness.pipeline.actions.killed", lambda _run: None)
        with pytest.raises(KilledError):
            runner.run(execution_id)
    state = runner.record.executions[execution_id]
    assert state.stages == {"source": SUCCEEDED, "plan": SUCCEEDED, "apply": IN_PROGRESS}
    execution = assembly.runner(NAME).resume(execution_id)
    assert execution.status == SUCCEEDED, execution.status_summary
    for step in ("plans", "prepared", "applies"):
        assert (tmp_path / step).read_text() == "x\n", f"{step} ran more than once"
    runs = [run for run in execution.actions if run.name == "apply"]
    assert [(run.status, (run.error or {}).get("message")) for run in runs] == [
        (FAILED, "what ran it was killed"),
        (SUCCEEDED, None),
    ]


def test_a_build_that_was_killed_is_retried_from_its_stage(
    small: Small, assembly: Assembly, tmp_path: Path
) -> None:
    first = f"test -e {tmp_path}/seen || {{ touch {tmp_path}/seen; kill -9 $$; }}"
    once = f"{first}; echo x >> {tmp_path}/done"
    small.stage("deploy", small.build("deploy", says(once)))
    small.create()
    runner = assembly.runner(NAME)
    execution = runner.run(runner.start())
    assert execution.status == FAILED
    assert "ended with status 137" in str(execution.status_summary)
    assert runner.resume(execution.pipeline_execution_id).status == SUCCEEDED
    assert (tmp_path / "done").read_text() == "x\n"


def test_an_approval_outlives_the_runner(small: Small, assembly: Assembly) -> None:
    small.stage("approve", approval("first"))
    small.create()
    asked = threading.Event()

    class Slow:
        def asked(self, *given: Any) -> None:
            if asked.is_set():
                alice = Person("alice", assembly.aws.session(ACCOUNT, session_name="alice"))
                answer(alice, *given)
            else:
                asked.set()
                raise KilledError

    assembly.approvers = Slow()
    runner = assembly.runner(NAME)
    execution_id = runner.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.pipeline.actions.killed", lambda _run: None)
        with pytest.raises(KilledError):
            runner.run(execution_id)
    before = runner.record.executions[execution_id].actions[-1]
    execution = assembly.runner(NAME).resume(execution_id)
    assert execution.status == SUCCEEDED
    assert execution.actions[-1] is before


def test_a_failed_shift_goes_back_to_the_release_before(
    small: Small, assembly: Assembly, tmp_path: Path
) -> None:
    shift = f"echo $CHOSEN >> {tmp_path}/shifts; test $CHOSEN != bad"
    small.variables = {"release": "good"}
    small.stage(
        "shift",
        small.build("shift", says(shift), told={"CHOSEN": "#{variables.release}"}),
        onFailure={"result": "ROLLBACK"},
    )
    small.stage("record", small.build("record", says("true")))
    small.create()
    runner = assembly.runner(NAME)
    good = runner.run(runner.start())
    bad = runner.run(runner.start({"release": "bad"}))
    assert (good.status, bad.status) == (SUCCEEDED, FAILED)
    assert (tmp_path / "shifts").read_text().split() == ["good", "bad", "good"]
    told = small.session.client("codepipeline").list_pipeline_executions(pipelineName=NAME)
    latest = told["pipelineExecutionSummaries"][0]
    assert (latest["executionType"], latest["status"]) == ("ROLLBACK", SUCCEEDED)
    assert latest["rollbackMetadata"]["rollbackTargetPipelineExecutionId"] == (
        good.pipeline_execution_id
    )


@pytest.mark.parametrize(
    ("mode", "prepared"), [("FAILED_ACTIONS", "x\n"), ("ALL_ACTIONS", "x\nx\n")]
)
def test_a_stage_may_be_retried_once_by_itself(
    small: Small, assembly: Assembly, tmp_path: Path, mode: str, prepared: str
) -> None:
    flaky = f"mkdir {tmp_path}/failed && exit 1; true"
    small.stage(
        "test",
        small.build("prepare", says(f"echo x >> {tmp_path}/prepared")),
        small.build("test", says(flaky), order=2),
        onFailure={"result": "RETRY", "retryConfiguration": {"retryMode": mode}},
    )
    small.create()
    runner = assembly.runner(NAME)
    execution = runner.run(runner.start())
    assert (execution.status, execution.status_summary) == (SUCCEEDED, None)
    assert [run.status for run in execution.actions if run.name == "test"] == [FAILED, SUCCEEDED]
    assert (tmp_path / "prepared").read_text() == prepared


def test_a_stopped_execution_ends_while_it_waits(small: Small, assembly: Assembly) -> None:
    small.stage("approve", approval("first"))
    small.create()

    class Nobody:
        def asked(self, *given: Any) -> None:
            small.session.client("codepipeline").stop_pipeline_execution(
                pipelineName=NAME, pipelineExecutionId=given[3], reason="wrong release"
            )

    assembly.approvers = Nobody()
    runner = assembly.runner(NAME)
    assert runner.run(runner.start()).status == "Stopped"


def test_skipped_stages_count_as_passed(small: Small, assembly: Assembly) -> None:
    small.variables = {"changes": "0"}
    given = {"Variable": "#{variables.changes}", "Value": "0", "Operator": "NE"}
    check = rule("changes", "VariableCheck", **given)
    small.stage("approve", approval("first"), **entered_if(check, result="SKIP"))
    small.stage("after", small.build("after", says("true")))
    small.create()
    runner = assembly.runner(NAME)
    execution = runner.run(runner.start())
    assert execution.stages == {"source": SUCCEEDED, "approve": SKIPPED, "after": SUCCEEDED}
