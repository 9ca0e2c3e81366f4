"""The actions of a stage: sources, builds and approvals, each written down as it goes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import uuid4

from harness.aws.pipelines import FAILED, IN_PROGRESS, STOPPING, SUCCEEDED, ActionRun
from harness.pipeline import artifacts
from harness.pipeline.build import Given
from harness.pipeline.deployed import BUILD, SOURCE
from harness.pipeline.errors import ActionFailedError, PipelineError
from harness.pipeline.sessions import PIPELINES
from harness.pipeline.variables import resolve_all

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.aws.pipelines import Artifact, Execution, Record
    from harness.pipeline.build import Builder, Built
    from harness.pipeline.deployed import Action, Pipeline, Stage
    from harness.pipeline.people import Approvers
    from harness.pipeline.sessions import ServiceSessions
    from harness.pipeline.source import Source

_LOOK_SECONDS = 0.5


class Actions:
    """Runs actions.

    Args:
        pipeline: whose actions they are.
        sessions: where the pipeline's own credentials come from.
        source: what source actions bring.
        builder: what builds run in.
        approvers: who is asked.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        sessions: ServiceSessions,
        source: Source,
        builder: Builder,
        approvers: Approvers,
    ) -> None:
        self._pipeline = pipeline
        self._sessions = sessions
        self._source = source
        self._builder = builder
        self._approvers = approvers
        self.builds: dict[str, Built] = {}
        """What builds came to, by the id of their action's run."""

    def run(
        self,
        record: Record,
        execution: Execution,
        stage: Stage,
        action: Action,
        known: Mapping[str, Mapping[str, str]],
        available: Mapping[str, Artifact],
    ) -> ActionRun:
        """Run an action to its end; a failure is part of what comes back.

        Raises:
            PipelineError: it can't be run here.
        """
        run = self._waiting(execution, stage, action) or ActionRun(
            execution_id=execution.pipeline_execution_id,
            stage=stage.name,
            declaration=action.declaration,
            resolved={},
            inputs=tuple(available[name] for name in action.inputs if name in available),
            version=execution.pipeline_version,
        )
        if run not in execution.actions:
            with record.writing():
                execution.actions.append(run)
        try:
            missing = [name for name in action.inputs if name not in available]
            if missing:
                raise ActionFailedError(f"there is no artifact {', '.join(missing)}")
            run.resolved = resolve_all(action.configuration, known)
            self._carry_out(record, execution, stage, action, run)
        except ActionFailedError as error:
            with record.writing():
                run.status = FAILED
                run.error = {"code": error.code, "message": str(error)}
                run.updated_at = time.time()
        except BaseException:
            with record.writing():
                killed(run)
            raise
        return run

    @staticmethod
    def _waiting(execution: Execution, stage: Stage, action: Action) -> ActionRun | None:
        """An approval that waits already, after the runner was killed, goes on waiting."""
        latest = execution.latest(stage.name, action.name)
        waits = latest is not None and latest.token and latest.status == IN_PROGRESS
        return latest if waits else None

    def _carry_out(
        self, record: Record, execution: Execution, stage: Stage, action: Action, run: ActionRun
    ) -> None:
        if action.is_approval:
            self._approval(record, execution, stage, action, run)
        elif action.category == SOURCE:
            self._bring(record, execution, action, run)
        elif action.provider == BUILD:
            self._build(record, action, run)
        else:
            raise PipelineError(f"The action {action.name} is a {action.provider}: not known here")

    def _bring(self, record: Record, execution: Execution, action: Action, run: ActionRun) -> None:
        pipeline = self._pipeline
        revision = self._source.fetch(run.resolved)
        session = self._sessions.of(PIPELINES, pipeline.role_arn, pipeline.arn, pipeline.name)
        written = [
            artifacts.put(session, pipeline, name, revision.content) for name in action.outputs
        ]
        with record.writing():
            execution.revisions.append(
                {
                    "name": action.name,
                    "revisionId": revision.id,
                    "revisionSummary": revision.variables.get("CommitMessage", ""),
                }
            )
            _succeed(run, tuple(written), revision.variables)

    def _build(self, record: Record, action: Action, run: ActionRun) -> None:
        given = Given(
            self._pipeline,
            action,
            run.resolved,
            {each.name: each for each in run.inputs},
            f"codepipeline/{self._pipeline.name}",
        )
        built = self._builder.run(given)
        self.builds[run.id] = built
        run.external_id = built.id
        if built.failure is not None:
            raise ActionFailedError(built.failure)
        with record.writing():
            _succeed(run, built.outputs, built.variables)

    def _approval(
        self, record: Record, execution: Execution, stage: Stage, action: Action, run: ActionRun
    ) -> None:
        """Wait for an answer, as long as the action lets people take."""
        if run.token is None:
            with record.writing():
                run.token = run.external_id = str(uuid4())
        minutes = action.timeout_minutes or 0
        ends = run.started_at + 60 * minutes
        self._approvers.asked(self._pipeline, stage, action, execution.pipeline_execution_id)
        with record.changed:
            while run.status == IN_PROGRESS and execution.status != STOPPING:
                left = ends - time.time()
                if left <= 0:
                    raise ActionFailedError(f"nobody answered within {minutes} minutes")
                record.changed.wait(min(left, _LOOK_SECONDS))
        if execution.status == STOPPING:
            raise ActionFailedError("the execution was stopped")


def killed(run: ActionRun) -> None:
    """Say of a run that whatever ran it is gone."""
    run.status = FAILED
    run.error = {"code": "JobFailed", "message": "what ran it was killed"}
    run.updated_at = time.time()


def _succeed(run: ActionRun, outputs: tuple[Artifact, ...], variables: Mapping[str, str]) -> None:
    run.outputs, run.variables = outputs, dict(variables)
    run.status, run.updated_at = SUCCEEDED, time.time()
