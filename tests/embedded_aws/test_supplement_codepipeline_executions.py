"""Executions, approvals and states of CodePipeline through boto3, where moto alone fails."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from moto.codepipeline.models import codepipeline_backends

from harness.aws.pipelines import FAILED, SUCCEEDED, ActionRun, Record, RuleRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.aws.pipelines import Execution

    Clients = Callable[[str], Any]

ACCOUNT, REGION, NAME = "444444444444", "eu-west-1", "delivery"


def action(name: str, category: str, provider: str, **more: Any) -> dict[str, Any]:
    kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": name, "actionTypeId": kind, "runOrder": 1, **more}


SOURCE = action(
    "source",
    "Source",
    "S3",
    configuration={"S3Bucket": "b", "S3ObjectKey": "k"},
    outputArtifacts=[{"name": "source"}],
)
APPROVE = action("approve", "Approval", "Manual", configuration={"CustomData": "#{x.y}"})


@pytest.fixture
def pipelines(client: Clients) -> Any:
    """A pipeline of two stages, and the client."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "codepipeline.amazonaws.com"},
            }
        ],
    }
    role = client("iam").create_role(
        RoleName="pipeline", AssumeRolePolicyDocument=json.dumps(trust)
    )["Role"]["Arn"]
    pipelines = client("codepipeline")
    pipelines.create_pipeline(
        pipeline={
            "name": NAME,
            "roleArn": role,
            "artifactStore": {"type": "S3", "location": "artifacts"},
            "pipelineType": "V2",
            "executionMode": "QUEUED",
            "variables": [{"name": "release", "defaultValue": "newest"}],
            "stages": [
                {"name": "source", "actions": [SOURCE]},
                {"name": "approve", "actions": [APPROVE]},
            ],
        }
    )
    return pipelines


def started(pipelines: Any) -> Execution:
    """Start an execution, and return what the service keeps of it."""
    identifier = pipelines.start_pipeline_execution(name=NAME)["pipelineExecutionId"]
    return record().executions[identifier]


def record() -> Record:
    return Record.of(codepipeline_backends[ACCOUNT][REGION].pipelines[NAME])


def waits(execution: Execution) -> ActionRun:
    """Have the execution wait for its approval, as the service would."""
    execution.stages = {"source": SUCCEEDED, "approve": "InProgress"}
    run = ActionRun(
        execution_id=execution.pipeline_execution_id,
        stage="approve",
        declaration=APPROVE,
        resolved={"CustomData": "plan 1"},
        inputs=(),
        version=1,
        token="6f2c7c6e-6f0d-4b57-9a51-0d6f3c1f4b11",
    )
    execution.actions.append(run)
    return run


@pytest.mark.mends("codepipeline:StartPipelineExecution")
def test_an_execution_begins_and_has_its_variables(pipelines: Any) -> None:
    identifier = pipelines.start_pipeline_execution(name=NAME)["pipelineExecutionId"]
    told = pipelines.get_pipeline_execution(pipelineName=NAME, pipelineExecutionId=identifier)
    execution = told["pipelineExecution"]
    assert (execution["status"], execution["executionMode"]) == ("InProgress", "QUEUED")
    assert execution["variables"] == [{"name": "release", "resolvedValue": "newest"}]
    with pytest.raises(ClientError, match="has no variables"):
        pipelines.start_pipeline_execution(name=NAME, variables=[{"name": "other", "value": "1"}])


@pytest.mark.mends("codepipeline:ListActionExecutions")
def test_actions_of_an_execution_are_listed_latest_first(pipelines: Any) -> None:
    first, second = started(pipelines), started(pipelines)
    for execution in (first, second):
        waits(execution)
        time.sleep(0.01)
    told = pipelines.list_action_executions(pipelineName=NAME)["actionExecutionDetails"]
    assert [each["pipelineExecutionId"] for each in told] == [
        second.pipeline_execution_id,
        first.pipeline_execution_id,
    ]
    (only,) = pipelines.list_action_executions(
        pipelineName=NAME, filter={"pipelineExecutionId": first.pipeline_execution_id}
    )["actionExecutionDetails"]
    assert only["input"]["resolvedConfiguration"] == {"CustomData": "plan 1"}
    assert only["status"] == "InProgress"
    pages = pipelines.get_paginator("list_action_executions").paginate(
        pipelineName=NAME, PaginationConfig={"PageSize": 1}
    )
    assert [len(page["actionExecutionDetails"]) for page in pages] == [1, 1]


@pytest.mark.mends("codepipeline:ListRuleExecutions")
def test_rules_of_conditions_are_listed(pipelines: Any) -> None:
    execution = started(pipelines)
    kind = {"category": "Rule", "owner": "AWS", "provider": "CloudWatchAlarm", "version": "1"}
    execution.rules.append(
        RuleRun(
            execution.pipeline_execution_id,
            "approve",
            "beforeEntry",
            {"name": "quiet", "ruleTypeId": kind},
            {"AlarmName": "paging"},
            1,
            FAILED,
            "the alarm paging is ALARM",
            time.time(),
        )
    )
    execution.stages = {"approve": FAILED}
    (told,) = pipelines.list_rule_executions(pipelineName=NAME)["ruleExecutionDetails"]
    assert (told["ruleName"], told["status"]) == ("quiet", "Failed")
    state = pipelines.get_pipeline_state(name=NAME)["stageStates"][1]
    assert state["beforeEntryConditionState"]["latestExecution"]["status"] == "Failed"


@pytest.mark.mends("codepipeline:GetPipelineState")
def test_the_state_tells_stages_and_whoever_waits(pipelines: Any) -> None:
    first = started(pipelines)
    run = waits(first)
    second = started(pipelines)
    second.stages = {"source": SUCCEEDED}
    source, approve = pipelines.get_pipeline_state(name=NAME)["stageStates"]
    assert source["latestExecution"]["status"] == "Succeeded"
    assert [each["pipelineExecutionId"] for each in approve["inboundExecutions"]] == [
        second.pipeline_execution_id
    ]
    (state,) = approve["actionStates"]
    assert state["latestExecution"]["token"] == run.token


@pytest.mark.mends("codepipeline:PutApprovalResult")
def test_an_approval_keeps_who_gave_it(pipelines: Any) -> None:
    run = waits(started(pipelines))
    answer = {
        "pipelineName": NAME,
        "stageName": "approve",
        "actionName": "approve",
        "result": {"summary": "plan 1", "status": "Approved"},
    }
    with pytest.raises(ClientError, match="InvalidApprovalToken"):
        pipelines.put_approval_result(**answer, token="00000000-0000-0000-0000-000000000000")
    pipelines.put_approval_result(**answer, token=run.token)
    (told,) = pipelines.list_action_executions(pipelineName=NAME)["actionExecutionDetails"]
    assert told["status"] == "Succeeded"
    assert told["updatedBy"].endswith("/operator")
    assert told["output"]["executionResult"]["externalExecutionSummary"] == "plan 1"
    with pytest.raises(ClientError, match="ApprovalAlreadyCompleted"):
        pipelines.put_approval_result(**answer, token=run.token)


@pytest.mark.mends("codepipeline:StopPipelineExecution")
def test_an_execution_can_be_stopped(pipelines: Any) -> None:
    execution = started(pipelines)
    wanted = {"pipelineName": NAME, "pipelineExecutionId": execution.pipeline_execution_id}
    pipelines.stop_pipeline_execution(**wanted, reason="wrong release")
    told = pipelines.get_pipeline_execution(**wanted)["pipelineExecution"]
    assert (told["status"], told["statusSummary"]) == ("Stopping", "wrong release")


@pytest.mark.mends("codepipeline:RetryStageExecution")
def test_a_failed_stage_can_be_retried(pipelines: Any) -> None:
    execution = started(pipelines)
    wanted = {
        "pipelineName": NAME,
        "stageName": "approve",
        "pipelineExecutionId": execution.pipeline_execution_id,
        "retryMode": "FAILED_ACTIONS",
    }
    execution.stages = {"source": SUCCEEDED, "approve": SUCCEEDED}
    with pytest.raises(ClientError, match="StageNotRetryable"):
        pipelines.retry_stage_execution(**wanted)
    execution.stages["approve"] = execution.status = FAILED
    pipelines.retry_stage_execution(**wanted)
    assert (execution.status, execution.stages) == ("InProgress", {"source": SUCCEEDED})


@pytest.mark.mends("codepipeline:OverrideStageCondition")
def test_a_failed_condition_can_be_overridden(pipelines: Any) -> None:
    execution = started(pipelines)
    wanted = {
        "pipelineName": NAME,
        "stageName": "approve",
        "pipelineExecutionId": execution.pipeline_execution_id,
        "conditionType": "BEFORE_ENTRY",
    }
    execution.stages = {"source": SUCCEEDED, "approve": FAILED}
    with pytest.raises(ClientError, match="ConditionNotOverridable"):
        pipelines.override_stage_condition(**wanted)
    kind = {"category": "Rule", "owner": "AWS", "provider": "CloudWatchAlarm", "version": "1"}
    execution.rules.append(
        RuleRun(
            execution.pipeline_execution_id,
            "approve",
            "beforeEntry",
            {"name": "quiet", "ruleTypeId": kind},
            {},
            1,
            FAILED,
            "the alarm paging is ALARM",
            time.time(),
        )
    )
    pipelines.override_stage_condition(**wanted)
    assert (execution.status, execution.stages) == ("InProgress", {"source": SUCCEEDED})
    assert execution.overridden["approve", "beforeEntry"].endswith("/operator")
    execution.stages["approve"] = "InProgress"
    state = pipelines.get_pipeline_state(name=NAME)["stageStates"][1]
    assert state["beforeEntryConditionState"]["latestExecution"]["status"] == "Overridden"
