"""CodePipeline: the state of a pipeline, stage by stage, from the record of its executions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.aws.pipelines import IN_PROGRESS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.aws.pipelines import Execution, Record, RuleRun

_CONDITIONS = {
    "beforeEntry": "beforeEntryConditionState",
    "onSuccess": "onSuccessConditionState",
    "onFailure": "onFailureConditionState",
}


def of(pipeline: Any, record: Record) -> dict[str, Any]:
    """Return what GetPipelineState tells."""
    declared = pipeline.pipeline
    executions = list(record.executions.values())
    return {
        "pipelineName": declared["name"],
        "pipelineVersion": declared["version"],
        "stageStates": [_stage(stage, record, executions) for stage in declared["stages"]],
        "created": pipeline.metadata["created"],
        "updated": pipeline.metadata["updated"],
    }


def _stage(stage: Mapping[str, Any], record: Record, executions: list[Execution]) -> dict[str, Any]:
    name = stage["name"]
    entered = [each for each in executions if name in each.stages]
    waiting = [each for each in executions if _waits(each, name, record)]
    state: dict[str, Any] = {
        "stageName": name,
        "inboundTransitionState": {"enabled": True},
        "inboundExecutions": [_execution(each, IN_PROGRESS) for each in waiting],
        "actionStates": [_action(name, action, executions) for action in stage["actions"]],
    }
    if entered:
        latest = max(entered, key=lambda each: each.updated_at)
        state["latestExecution"] = _execution(latest, latest.stages[name])
        for moment, key in _CONDITIONS.items():
            rules = [r for r in latest.rules if (r.stage, r.moment) == (name, moment)]
            if rules:
                state[key] = _condition(rules, is_overridden=(name, moment) in latest.overridden)
    return state


def _waits(execution: Execution, stage: str, record: Record) -> bool:
    """Tell whether this is the stage that an execution wants to enter next, and can't yet."""
    if execution.status != IN_PROGRESS or IN_PROGRESS in execution.stages.values():
        return False
    names = [each["name"] for each in execution.declaration["stages"]]
    following = next((each for each in names if each not in execution.stages), None)
    return following == stage and bool(record.ahead(execution, stage))


def _execution(execution: Execution, status: str) -> dict[str, Any]:
    return {
        "pipelineExecutionId": execution.pipeline_execution_id,
        "status": status,
        "type": execution.kind,
    }


def _action(stage: str, action: Mapping[str, Any], executions: list[Execution]) -> dict[str, Any]:
    runs = [run for each in executions if (run := each.latest(stage, action["name"]))]
    state: dict[str, Any] = {"actionName": action["name"]}
    if runs:
        state["latestExecution"] = max(runs, key=lambda run: run.updated_at).state()
    return state


def _condition(rules: list[RuleRun], *, is_overridden: bool) -> dict[str, Any]:
    failed = [rule for rule in rules if rule.status != "Succeeded"]
    status = "Failed" if failed else "Succeeded"
    status = "Overridden" if is_overridden else status
    summary = (failed or rules)[-1].summary
    return {
        "latestExecution": {"status": status, "summary": summary},
        "conditionStates": [
            {
                "latestExecution": {"status": status, "summary": summary},
                "ruleStates": [
                    {
                        "ruleName": rule.declaration["name"],
                        "latestExecution": {
                            "ruleExecutionId": rule.id,
                            "status": rule.status,
                            "summary": rule.summary,
                            "lastStatusChange": rule.updated_at,
                        },
                    }
                    for rule in rules
                ],
            }
        ],
    }
