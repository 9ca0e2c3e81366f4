"""Conditions keep a stage closed, skip it, or let an execution in."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import pytest

from harness.aws.pipelines import FAILED, SUCCEEDED
from harness.pipeline.clock import Clock
from harness.pipeline.command import asks_for_missing_alarm
from harness.pipeline.errors import PipelineError
from harness.pipeline.windows import Window
from pipeline.small import ACCOUNT, NAME, entered_if, rule

if TYPE_CHECKING:
    from harness.aws.pipelines import Execution
    from harness.pipeline.assembled import Assembly
    from pipeline.small import Small

OFFICE = "* * 8-15 ? * MON-THU"
FRIDAY_EVENING = datetime.datetime(2026, 11, 20, 18, 30, tzinfo=datetime.UTC)


def deploy(small: Small, assembly: Assembly, *rules: dict[str, Any]) -> Execution:
    small.stage(
        "deploy",
        small.build("deploy", "version: 0.2\nphases:\n  build:\n    commands: ['true']\n"),
        **entered_if(*rules),
    )
    small.create()
    runner = assembly.runner(NAME)
    return runner.run(runner.start())


def alarm(assembly: Assembly, state: str) -> None:
    alarms = assembly.aws.client("cloudwatch", ACCOUNT)
    alarms.put_metric_alarm(
        AlarmName="paging",
        Namespace="payments",
        MetricName="errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    alarms.set_alarm_state(AlarmName="paging", StateValue=state, StateReason="test")


@pytest.mark.parametrize(
    ("state", "status"), [("OK", SUCCEEDED), ("INSUFFICIENT_DATA", SUCCEEDED), ("ALARM", FAILED)]
)
def test_an_alarm_keeps_a_stage_closed(
    small: Small, assembly: Assembly, state: str, status: str
) -> None:
    alarm(assembly, state)
    execution = deploy(small, assembly, rule("quiet", "CloudWatchAlarm", AlarmName="paging"))
    assert execution.status == status
    told = small.session.client("codepipeline").list_rule_executions(pipelineName=NAME)
    (judged,) = told["ruleExecutionDetails"]
    assert (judged["ruleName"], judged["status"]) == ("quiet", status)
    summary = judged["output"]["executionResult"]["externalExecutionSummary"]
    assert summary == f"the alarm paging is {state}"
    assert [run.name for run in execution.actions if run.stage == "deploy"] == (
        ["deploy"] if status == SUCCEEDED else []
    )


def test_an_alarm_fails_a_stage_whose_actions_succeeded(small: Small, assembly: Assembly) -> None:
    alarm(assembly, "ALARM")
    quiet = rule("quiet", "CloudWatchAlarm", AlarmName="paging")
    small.stage(
        "deploy",
        small.build("deploy", "version: 0.2\nphases:\n  build:\n    commands: ['true']\n"),
        onSuccess={"conditions": [{"result": "FAIL", "rules": [quiet]}]},
    )
    small.create()
    runner = assembly.runner(NAME)
    execution = runner.run(runner.start())
    assert (execution.status, execution.actions[-1].status) == (FAILED, SUCCEEDED)
    assert execution.status_summary == "quiet: the alarm paging is ALARM"


def test_a_missing_alarm_keeps_a_stage_closed_until_somebody_overrides(
    small: Small, assembly: Assembly
) -> None:
    execution = deploy(small, assembly, rule("quiet", "CloudWatchAlarm", AlarmName="paging"))
    assert execution.status_summary == "quiet: there is no alarm paging"
    small.session.client("codepipeline").override_stage_condition(
        pipelineName=NAME,
        stageName="deploy",
        pipelineExecutionId=execution.pipeline_execution_id,
        conditionType="BEFORE_ENTRY",
    )
    again = assembly.runner(NAME).run(execution.pipeline_execution_id)
    assert again.status == SUCCEEDED
    assert next(iter(again.overridden.values())).endswith("/operator")


def test_a_stage_that_fails_after_its_override_is_not_overridden_again(
    small: Small, assembly: Assembly
) -> None:
    execution = deploy(small, assembly, rule("quiet", "CloudWatchAlarm", AlarmName="paging"))
    assert asks_for_missing_alarm(execution) == "deploy"
    execution.overridden["deploy", "beforeEntry"] = "operator"
    assert asks_for_missing_alarm(execution) is None


def test_a_closed_window_is_waited_for_without_waiting(small: Small, assembly: Assembly) -> None:
    assembly.clock = Clock(FRIDAY_EVENING)
    execution = deploy(
        small,
        assembly,
        rule("window", "DeploymentWindow", Cron=OFFICE, TimeZone="Europe/Dublin"),
    )
    assert execution.status == SUCCEEDED
    (judged,) = execution.rules
    assert judged.summary == f"as if Mon 2026-11-23 08:00 UTC, when the window {OFFICE} opens"
    assert assembly.clock.now() >= datetime.datetime(2026, 11, 23, 8, tzinfo=datetime.UTC)


def test_a_rule_that_ends_before_the_window_opens_fails(small: Small, assembly: Assembly) -> None:
    assembly.clock = Clock(FRIDAY_EVENING)
    window = rule("window", "DeploymentWindow", Cron=OFFICE, TimeZone="UTC")
    execution = deploy(small, assembly, {**window, "timeoutInMinutes": 60})
    assert execution.status == FAILED


def test_rules_of_unknown_kinds_are_an_error(small: Small, assembly: Assembly) -> None:
    with pytest.raises(PipelineError, match="is a LambdaInvoke, which isn't known here"):
        deploy(small, assembly, rule("ask", "LambdaInvoke", FunctionName="x"))


@pytest.mark.parametrize(
    ("cron", "moment", "is_open"),
    [
        (OFFICE, "2026-11-23T08:00", True),
        (OFFICE, "2026-11-23T15:59", True),
        (OFFICE, "2026-11-23T16:00", False),
        (OFFICE, "2026-11-27T10:00", False),
        ("* 0/15 9 1,15 JAN-MAR ?", "2027-02-15T09:30", True),
        ("* 0/15 9 1,15 JAN-MAR ?", "2027-02-15T09:31", False),
        ("* 0/15 9 1,15 JAN-MAR ?", "2027-04-15T09:30", False),
        ("* * * ? * * 2027", "2026-01-01T00:00", False),
    ],
)
def test_windows_read_cron_expressions(cron: str, moment: str, is_open: bool) -> None:
    at = datetime.datetime.fromisoformat(moment).replace(tzinfo=datetime.UTC)
    assert Window(cron).contains(at) is is_open


def test_a_window_opens_by_its_own_time_zone() -> None:
    summer = datetime.datetime(2026, 7, 6, 6, 0, tzinfo=datetime.UTC)
    assert Window(OFFICE, "Europe/Dublin").opens(summer).hour == 7
    assert Window(OFFICE, "UTC+2").opens(summer).hour == 6


@pytest.mark.parametrize("cron", ["* * 8-15 ? *", "5 * * ? * *", "* * 8-25 ? * *", "* * * L * ?"])
def test_windows_that_are_not_understood_are_errors(cron: str) -> None:
    with pytest.raises(PipelineError):
        Window(cron)
