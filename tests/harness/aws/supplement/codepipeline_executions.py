"""CodePipeline: executions, their actions and rules, and approvals."""

from __future__ import annotations

import json
import time
from typing import Any

from moto.codepipeline.exceptions import (
    InvalidStructureException,
    PipelineExecutionNotFoundException,
)
from moto.codepipeline.responses import CodePipelineResponse
from moto.core.exceptions import JsonRESTError

from harness.aws.pipelines import (
    FAILED,
    IN_PROGRESS,
    STOPPING,
    SUCCEEDED,
    Execution,
    Record,
)
from harness.aws.supplement import codepipeline_state
from harness.aws.supplement.registry import mend

_STARTED = mend(
    "codepipeline:StartPipelineExecution",
    reason="says of each execution that it has succeeded, and forgets defaults of variables",
    observed="a promotion was over before its first stage",
)
_ACTIONS = mend(
    "codepipeline:ListActionExecutions",
    reason="knows no actions of an execution",
    observed="nothing could tell who had approved",
)
_RULES = mend(
    "codepipeline:ListRuleExecutions",
    reason="knows no rules of stage conditions",
    observed="nothing could tell which condition kept a stage closed",
)
_STATE = mend(
    "codepipeline:GetPipelineState",
    reason="has no state of a pipeline, and so no token of an approval",
    observed="nobody could approve",
)
_APPROVAL = mend(
    "codepipeline:PutApprovalResult",
    reason="takes no approval",
    observed="an approval action could not be answered",
)
_STOP = mend(
    "codepipeline:StopPipelineExecution",
    reason="can't stop an execution",
    observed="an execution that waited for an approval could not be ended",
)
_RETRY = mend(
    "codepipeline:RetryStageExecution",
    reason="can't retry a stage",
    observed="an execution whose build was killed could not go on",
)

_OVERRIDE = mend(
    "codepipeline:OverrideStageCondition",
    reason="can't override a condition",
    observed="an account without alarms could never have its first release",
)

_MODES = ("FAILED_ACTIONS", "ALL_ACTIONS")
_MOMENTS = {"BEFORE_ENTRY": "beforeEntry", "ON_SUCCESS": "onSuccess"}


def error(code: str, message: str) -> JsonRESTError:
    """Make one of CodePipeline's errors."""
    return JsonRESTError(code, message)


@_STARTED.instead(CodePipelineResponse, "start_pipeline_execution")
def _start(self: CodePipelineResponse) -> str:
    name = self._get_param("name")
    pipeline = _pipeline(self, name)
    declared: dict[str, Any] = json.loads(json.dumps(pipeline.pipeline))
    values = {
        each["name"]: each["defaultValue"]
        for each in declared.get("variables") or []
        if "defaultValue" in each
    }
    known = {each["name"] for each in declared.get("variables") or []}
    values |= {each["name"]: each["value"] for each in self._get_param("variables") or []}
    if strange := values.keys() - known:
        raise error("ValidationException", f"The pipeline has no variables {sorted(strange)}")
    if missing := known - values.keys():
        raise error("ValidationException", f"The variables {sorted(missing)} have no value")
    execution = Execution(
        pipeline_name=name,
        pipeline_version=declared["version"],
        declaration=declared,
        variables=values,
        mode=declared.get("executionMode", "SUPERSEDED"),
        started_by=_caller(self),
    )
    record = Record.of(pipeline)
    with record.writing():
        record.executions[execution.pipeline_execution_id] = execution
    return json.dumps({"pipelineExecutionId": execution.pipeline_execution_id})


@_ACTIONS.instead(CodePipelineResponse, "list_action_executions")
def _list_actions(self: CodePipelineResponse) -> str:
    record = _record(self, "pipelineName")
    wanted = (self._get_param("filter") or {}).get("pipelineExecutionId")
    runs = [run for each in _chosen(record, wanted) for run in each.actions]
    details = [run.detail() for run in sorted(runs, key=lambda run: run.started_at, reverse=True)]
    return _page(self, "actionExecutionDetails", details)


@_RULES.instead(CodePipelineResponse, "list_rule_executions")
def _list_rules(self: CodePipelineResponse) -> str:
    record = _record(self, "pipelineName")
    wanted = (self._get_param("filter") or {}).get("pipelineExecutionId")
    runs = [run for each in _chosen(record, wanted) for run in each.rules]
    details = [run.detail() for run in sorted(runs, key=lambda run: run.started_at, reverse=True)]
    return _page(self, "ruleExecutionDetails", details)


@_STATE.instead(CodePipelineResponse, "get_pipeline_state")
def _get_state(self: CodePipelineResponse) -> str:
    pipeline = _pipeline(self, self._get_param("name"))
    return json.dumps(codepipeline_state.of(pipeline, Record.of(pipeline)))


@_APPROVAL.instead(CodePipelineResponse, "put_approval_result")
def _put_approval(self: CodePipelineResponse) -> str:
    record = _record(self, "pipelineName")
    stage, action = self._get_param("stageName"), self._get_param("actionName")
    runs = [
        run
        for each in record.executions.values()
        for run in each.actions
        if (run.stage, run.name) == (stage, action) and run.token
    ]
    if not runs:
        raise error("ActionNotFoundException", f"No approval waits in {stage}/{action}")
    found = next((run for run in runs if run.token == self._get_param("token")), None)
    if found is None:
        raise error("InvalidApprovalTokenException", "The token isn't of an approval that waits")
    if found.status != IN_PROGRESS:
        raise error("ApprovalAlreadyCompletedException", f"{stage}/{action} was answered already")
    result = self._get_param("result")
    with record.writing():
        found.status = SUCCEEDED if result["status"] == "Approved" else FAILED
        found.summary = result["summary"]
        found.updated_by = _caller(self)
        found.updated_at = time.time()
        if found.status == FAILED:
            found.error = {"code": "JobFailed", "message": f"rejected: {found.summary}"}
    return json.dumps({"approvedAt": found.updated_at})


@_STOP.instead(CodePipelineResponse, "stop_pipeline_execution")
def _stop(self: CodePipelineResponse) -> str:
    record = _record(self, "pipelineName")
    execution = _execution(record, self._get_param("pipelineExecutionId"))
    if execution.status != IN_PROGRESS:
        raise error("PipelineExecutionNotStoppableException", f"It has {execution.status.lower()}")
    with record.writing():
        execution.status = STOPPING
        execution.status_summary = self._get_param("reason")
    return json.dumps({"pipelineExecutionId": execution.pipeline_execution_id})


@_RETRY.instead(CodePipelineResponse, "retry_stage_execution")
def _retry(self: CodePipelineResponse) -> str:
    record = _record(self, "pipelineName")
    execution = _execution(record, self._get_param("pipelineExecutionId"))
    stage, mode = self._get_param("stageName"), self._get_param("retryMode")
    if mode not in _MODES:
        raise error("ValidationException", f"retryMode is one of {', '.join(_MODES)}")
    if execution.stages.get(stage) not in (FAILED, "Stopped"):
        raise error("StageNotRetryableException", f"The stage {stage} hasn't failed")
    with record.writing():
        execution.status = IN_PROGRESS
        execution.status_summary = None
        del execution.stages[stage]
        if mode == "ALL_ACTIONS":
            execution.retried_whole.add(stage)
    return json.dumps({"pipelineExecutionId": execution.pipeline_execution_id})


@_OVERRIDE.instead(CodePipelineResponse, "override_stage_condition")
def _override(self: CodePipelineResponse) -> str:
    record = _record(self, "pipelineName")
    execution = _execution(record, self._get_param("pipelineExecutionId"))
    stage, kind = self._get_param("stageName"), self._get_param("conditionType")
    moment = _MOMENTS.get(kind)
    if moment is None:
        raise error("ValidationException", f"conditionType is one of {', '.join(_MOMENTS)}")
    rules = [rule for rule in execution.rules if (rule.stage, rule.moment) == (stage, moment)]
    if execution.stages.get(stage) != FAILED or all(each.status == SUCCEEDED for each in rules):
        raise error("ConditionNotOverridableException", f"No {kind} of {stage} has failed")
    with record.writing():
        execution.status = IN_PROGRESS
        execution.status_summary = None
        del execution.stages[stage]
        execution.overridden[stage, moment] = _caller(self)
    return ""


def _pipeline(response: CodePipelineResponse, name: str) -> Any:
    response.codepipeline_backend.get_pipeline(name)  # raises where there is none
    return response.codepipeline_backend.pipelines[name]


def _record(response: CodePipelineResponse, parameter: str) -> Record:
    return Record.of(_pipeline(response, response._get_param(parameter)))


def _execution(record: Record, identifier: str) -> Execution:
    found = record.executions.get(identifier)
    if found is None:
        raise PipelineExecutionNotFoundException(f"There is no execution {identifier}")
    return found


def _chosen(record: Record, identifier: str | None) -> list[Execution]:
    if identifier is None:
        return list(record.executions.values())
    return [_execution(record, identifier)]


def _page(response: CodePipelineResponse, key: str, details: list[dict[str, Any]]) -> str:
    size = int(response._get_param("maxResults") or 100)
    try:
        start = int(response._get_param("nextToken") or 0)
    except ValueError:
        raise InvalidStructureException("The nextToken isn't one of this operation's") from None
    rest = {"nextToken": str(start + size)} if start + size < len(details) else {}
    return json.dumps({key: details[start : start + size], **rest})


def _caller(response: CodePipelineResponse) -> str:
    return str(response.headers["X-Embedded-Principal"])
