"""CodePipeline: takes an execution through the stages of a pipeline as it was deployed.

Everything that happens is written to the pipeline's record, so that its own API tells it; an
execution whose runner was killed goes on from there.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

from moto.codepipeline.models import codepipeline_backends

from harness.aws import pipelines
from harness.aws.pipelines import FAILED, IN_PROGRESS, SKIPPED, STOPPED, STOPPING, SUCCEEDED
from harness.pipeline.actions import Actions, killed
from harness.pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import boto3

    from harness.aws.pipelines import ActionRun, Artifact, Execution
    from harness.pipeline.conditions import Judge, Verdict
    from harness.pipeline.deployed import Condition, Pipeline, Stage
    from harness.pipeline.variables import Namespaces

_OVER = (SUCCEEDED, SKIPPED)


class Listener(Protocol):
    """Hears how an execution goes."""

    def began(self, execution: Execution, stage: Stage) -> None:
        """A stage was entered."""

    def judged(self, execution: Execution, stage: Stage, verdict: Verdict) -> None:
        """A rule of a stage's condition was evaluated."""

    def ended(self, execution: Execution, stage: Stage, seconds: float) -> None:
        """A stage has ended; the execution says how."""


class Runner:
    """Runs executions of one pipeline; several at once wait for each other by stage.

    Args:
        pipeline: as it was read back.
        session: of the pipeline's account, to start executions and stages anew.
        actions: what runs builds, sources and approvals.
        judge: what evaluates conditions.
        listener: who hears how it goes.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        session: boto3.Session,
        *,
        actions: Actions,
        judge: Judge,
        listener: Listener,
    ) -> None:
        self._pipeline = pipeline
        self._session = session
        self.actions = actions
        self._judge = judge
        self._listener = listener
        account, region = pipeline.arn.split(":")[4], pipeline.arn.split(":")[3]
        self.record = pipelines.Record.of(
            codepipeline_backends[account][region].pipelines[pipeline.name]
        )

    def start(self, variables: Mapping[str, str] | None = None) -> str:
        """Start an execution as anybody would, and return its id."""
        given = [{"name": key, "value": value} for key, value in (variables or {}).items()]
        started = self._session.client("codepipeline").start_pipeline_execution(
            name=self._pipeline.name, **({"variables": given} if given else {})
        )
        return str(started["pipelineExecutionId"])

    def run(self, execution_id: str) -> Execution:
        """Take an execution from where it is through the stages that are left.

        Raises:
            PipelineError: the pipeline was changed since, or says what can't be run here.
        """
        execution = self.record.executions[execution_id]
        if execution.pipeline_version != self._pipeline.version:
            raise PipelineError(
                f"{self._pipeline.name} was changed since {execution_id} began: start a new one"
            )
        for stage in self._pipeline.stages:
            if execution.stages.get(stage.name) in _OVER:
                continue
            if not self._stage(execution, stage):
                return execution
        self._close(execution, SUCCEEDED)
        return execution

    def resume(self, execution_id: str) -> Execution:
        """Go on with an execution that has failed, or whose runner was killed.

        What was under way is counted as failed, and its stage is retried: actions that had
        succeeded aren't run again.
        """
        execution = self.record.executions[execution_id]
        with self.record.writing():
            for run in execution.actions:
                if run.status == IN_PROGRESS and run.token is None:
                    killed(run)
            for name, status in execution.stages.items():
                if status == IN_PROGRESS:
                    execution.stages[name] = FAILED
        failed = [name for name, status in execution.stages.items() if status not in _OVER]
        for name in failed:
            self._session.client("codepipeline").retry_stage_execution(
                pipelineName=self._pipeline.name,
                stageName=name,
                pipelineExecutionId=execution_id,
                retryMode="FAILED_ACTIONS",
            )
        return self.run(execution_id)

    def _stage(self, execution: Execution, stage: Stage) -> bool:
        """Run a stage; tell whether the execution goes on."""
        self.record.enter(execution, stage.name)
        self._listener.began(execution, stage)
        started = time.monotonic()
        status = self._entered(execution, stage)
        if status == FAILED and stage.failure_result == "RETRY":
            if stage.failure_retry_mode == "ALL_ACTIONS":
                execution.retried_whole.add(stage.name)
            self._explain(execution, ())
            status = self._entered(execution, stage)
        with self.record.writing():
            execution.stages[stage.name] = status
            execution.updated_at = time.time()
        if status not in _OVER:
            self._close(execution, status)
        self._listener.ended(execution, stage, time.monotonic() - started)
        goes_back = stage.failure_result == "ROLLBACK" and not execution.rolls_back_to
        if status == FAILED and goes_back:
            self._roll_back(execution, stage)
        return status in _OVER

    def _entered(self, execution: Execution, stage: Stage) -> str:
        """Do what a stage consists of, and return its status."""
        known = self._namespaces(execution)
        for condition in stage.before_entry:
            refusals = self._condition(execution, stage, "beforeEntry", condition, known)
            if refusals and condition.result == "SKIP":
                return SKIPPED
            if refusals:
                self._explain(execution, refusals)
                return FAILED
        for step in stage.steps():
            if execution.status == STOPPING:
                return STOPPED
            wanted = [each for each in step if not self._is_done(execution, stage, each.name)]
            if not wanted:
                continue
            known, artifacts = self._namespaces(execution), self._artifacts(execution)
            with ThreadPoolExecutor(len(wanted)) as pool:
                runs = list(
                    pool.map(
                        lambda action, given=(known, artifacts): self.actions.run(
                            self.record, execution, stage, action, *given
                        ),
                        wanted,
                    )
                )
            if execution.status == STOPPING:
                return STOPPED
            if failed := [run for run in runs if run.status != SUCCEEDED]:
                self._explain(execution, [_failure(run) for run in failed])
                return FAILED
        execution.retried_whole.discard(stage.name)
        for condition in stage.on_success:
            known = self._namespaces(execution)
            refusals = self._condition(execution, stage, "onSuccess", condition, known)
            if refusals:
                self._explain(execution, refusals)
                return FAILED
        return SUCCEEDED

    def _is_done(self, execution: Execution, stage: Stage, action: str) -> bool:
        """Whether an earlier try of the stage did it; a retry of all actions does it again."""
        latest = execution.latest(stage.name, action)
        whole = stage.name in execution.retried_whole
        return latest is not None and latest.status == SUCCEEDED and not whole

    def _condition(
        self,
        execution: Execution,
        stage: Stage,
        moment: str,
        condition: Condition,
        known: Namespaces,
    ) -> list[str]:
        """Evaluate a condition, write down what its rules said, and return what failed."""
        if (stage.name, moment) in execution.overridden:
            return []
        verdicts = self._judge.judge(condition, known)
        for verdict in verdicts:
            run = pipelines.RuleRun(
                execution.pipeline_execution_id,
                stage.name,
                moment,
                verdict.rule.declaration,
                verdict.resolved,
                execution.pipeline_version,
                verdict.status,
                verdict.summary,
                verdict.started_at,
            )
            with self.record.writing():
                execution.rules.append(run)
            self._listener.judged(execution, stage, verdict)
        return [f"{each.rule.name}: {each.summary}" for each in verdicts if not each.passed]

    def _roll_back(self, execution: Execution, stage: Stage) -> None:
        """Run the stage again as the last execution that got through it ran it."""
        earlier = [
            other
            for other in self.record.executions.values()
            if other is not execution
            and other.pipeline_version == execution.pipeline_version
            and other.stages.get(stage.name) == SUCCEEDED
            and not other.rolls_back_to
        ]
        if not earlier:
            self._explain(
                execution, ["no earlier execution got through it, so none is gone back to"]
            )
            return
        target = earlier[-1]
        back = pipelines.Execution(
            pipeline_name=execution.pipeline_name,
            pipeline_version=execution.pipeline_version,
            declaration=execution.declaration,
            variables=target.variables,
            mode=execution.mode,
            started_by=f"FailedPipelineExecutionId: {execution.pipeline_execution_id}",
            rolls_back_to=target.pipeline_execution_id,
            stages={name: SKIPPED for name in target.stages if name != stage.name},
            actions=[run for run in target.actions if run.stage != stage.name],
            revisions=target.revisions,
        )
        with self.record.writing():
            self.record.executions[back.pipeline_execution_id] = back
        if self._stage(back, stage):
            self._close(back, SUCCEEDED)

    def _close(self, execution: Execution, status: str) -> None:
        with self.record.writing():
            execution.status = status
            execution.updated_at = time.time()

    def _explain(self, execution: Execution, reasons: Sequence[str]) -> None:
        with self.record.writing():
            execution.status_summary = "; ".join(reasons) or None

    def _namespaces(self, execution: Execution) -> Namespaces:
        known: Namespaces = {
            "codepipeline": {"PipelineExecutionId": execution.pipeline_execution_id},
            "variables": dict(execution.variables),
        }
        for run in execution.actions:
            namespace = run.declaration.get("namespace")
            if namespace and run.status == SUCCEEDED:
                known[namespace] = dict(run.variables)
        return known

    @staticmethod
    def _artifacts(execution: Execution) -> dict[str, Artifact]:
        done = (run for run in execution.actions if run.status == SUCCEEDED)
        return {artifact.name: artifact for run in done for artifact in run.outputs}


def _failure(run: ActionRun) -> str:
    message = (run.error or {}).get("message", "it failed")
    return f"{run.name}: {message}"
