"""Executions of CodePipeline: what its API tells of them, and what the service itself writes.

moto starts no action. Whoever stands in for the service (`harness.pipeline`) writes here what it
does, and the supplement's mends of CodePipeline tell it.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

IN_PROGRESS, SUCCEEDED, FAILED = "InProgress", "Succeeded", "Failed"
ABANDONED, SKIPPED, STOPPED, STOPPING = "Abandoned", "Skipped", "Stopped", "Stopping"

_ATTRIBUTE = "executions_record"


@dataclass(frozen=True)
class Artifact:
    """Where an artifact lies in the store."""

    name: str
    bucket: str
    key: str

    def as_document(self) -> dict[str, Any]:
        """Return it as the API does."""
        return {"name": self.name, "s3location": {"bucket": self.bucket, "key": self.key}}


@dataclass
class ActionRun:
    """One run of an action."""

    execution_id: str
    stage: str
    declaration: Mapping[str, Any]
    resolved: Mapping[str, str]
    inputs: tuple[Artifact, ...]
    version: int
    id: str = field(default_factory=lambda: str(uuid4()))
    status: str = IN_PROGRESS
    started_at: float = field(default_factory=time.time)
    updated_at: float = field(default_factory=time.time)
    updated_by: str | None = None
    token: str | None = None
    external_id: str | None = None
    summary: str | None = None
    error: Mapping[str, str] | None = None
    outputs: tuple[Artifact, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The action's name."""
        return str(self.declaration["name"])

    def detail(self) -> dict[str, Any]:
        """Return what ListActionExecutions tells."""
        declared = self.declaration
        given = {
            "actionTypeId": declared["actionTypeId"],
            "configuration": declared.get("configuration") or {},
            "resolvedConfiguration": dict(self.resolved),
            "inputArtifacts": [each.as_document() for each in self.inputs],
            **{key: declared[key] for key in ("roleArn", "region", "namespace") if key in declared},
        }
        result: dict[str, Any] = {
            "externalExecutionId": self.external_id,
            "externalExecutionSummary": self.summary,
            "errorDetails": self.error,
        }
        output = {
            "outputArtifacts": [each.as_document() for each in self.outputs],
            "executionResult": {key: value for key, value in result.items() if value},
            "outputVariables": dict(self.variables),
        }
        return {
            "pipelineExecutionId": self.execution_id,
            "actionExecutionId": self.id,
            "pipelineVersion": self.version,
            "stageName": self.stage,
            "actionName": self.name,
            "startTime": self.started_at,
            "lastUpdateTime": self.updated_at,
            **({"updatedBy": self.updated_by} if self.updated_by else {}),
            "status": self.status,
            "input": given,
            "output": output,
        }

    def state(self) -> dict[str, Any]:
        """Return what GetPipelineState tells of the latest run."""
        known = {
            "actionExecutionId": self.id,
            "status": self.status,
            "summary": self.summary,
            "lastStatusChange": self.updated_at,
            "token": self.token if self.status == IN_PROGRESS else None,
            "lastUpdatedBy": self.updated_by,
            "externalExecutionId": self.external_id,
            "errorDetails": self.error,
        }
        return {key: value for key, value in known.items() if value is not None}


@dataclass
class RuleRun:
    """One evaluation of a rule of a stage's condition."""

    execution_id: str
    stage: str
    moment: str
    declaration: Mapping[str, Any]
    resolved: Mapping[str, str]
    version: int
    status: str
    summary: str
    started_at: float
    id: str = field(default_factory=lambda: str(uuid4()))
    updated_at: float = field(default_factory=time.time)

    def detail(self) -> dict[str, Any]:
        """Return what ListRuleExecutions tells."""
        declared = self.declaration
        return {
            "pipelineExecutionId": self.execution_id,
            "ruleExecutionId": self.id,
            "pipelineVersion": self.version,
            "stageName": self.stage,
            "ruleName": declared["name"],
            "startTime": self.started_at,
            "lastUpdateTime": self.updated_at,
            "status": self.status,
            "input": {
                "ruleTypeId": declared["ruleTypeId"],
                "configuration": declared.get("configuration") or {},
                "resolvedConfiguration": dict(self.resolved),
                "inputArtifacts": [],
            },
            "output": {"executionResult": {"externalExecutionSummary": self.summary}},
        }


@dataclass
class Execution:
    """One promotion: its stages, and the runs of actions and rules in the order they began.

    It has the names and methods of moto's own class, which it stands in for.
    """

    pipeline_name: str
    pipeline_version: int
    declaration: Mapping[str, Any]
    variables: Mapping[str, str]
    mode: str
    started_by: str = ""
    rolls_back_to: str | None = None
    pipeline_execution_id: str = field(default_factory=lambda: str(uuid4()))
    status: str = IN_PROGRESS
    status_summary: str | None = None
    started_at: float = field(default_factory=time.time)
    updated_at: float = field(default_factory=time.time)
    stages: dict[str, str] = field(default_factory=dict)
    actions: list[ActionRun] = field(default_factory=list)
    rules: list[RuleRun] = field(default_factory=list)
    revisions: list[dict[str, Any]] = field(default_factory=list)
    retried_whole: set[str] = field(default_factory=set)
    """Stages whose retry runs again what had succeeded, too."""
    overridden: dict[tuple[str, str], str] = field(default_factory=dict)
    """Who overrode the conditions of a stage, by its name and `beforeEntry` or `onSuccess`."""

    @property
    def kind(self) -> str:
        """STANDARD or ROLLBACK."""
        return "ROLLBACK" if self.rolls_back_to else "STANDARD"

    def latest(self, stage: str, action: str) -> ActionRun | None:
        """Return the last run of an action in this execution."""
        runs = [run for run in self.actions if (run.stage, run.name) == (stage, action)]
        return runs[-1] if runs else None

    def to_dict(self) -> dict[str, Any]:
        """Return what GetPipelineExecution tells."""
        return {
            "pipelineName": self.pipeline_name,
            "pipelineVersion": self.pipeline_version,
            **self._common(),
            "artifactRevisions": self.revisions,
            "variables": [
                {"name": name, "resolvedValue": value} for name, value in self.variables.items()
            ],
        }

    def to_summary_dict(self) -> dict[str, Any]:
        """Return what ListPipelineExecutions tells."""
        return {
            **self._common(),
            "startTime": self.started_at,
            "lastUpdateTime": self.updated_at,
            "sourceRevisions": [
                {"actionName": each["name"], "revisionId": each["revisionId"]}
                for each in self.revisions
            ],
        }

    def _common(self) -> dict[str, Any]:
        kind = "ManualRollback" if self.rolls_back_to else "StartPipelineExecution"
        known = {
            "pipelineExecutionId": self.pipeline_execution_id,
            "status": self.status,
            "statusSummary": self.status_summary,
            "trigger": {"triggerType": kind, "triggerDetail": self.started_by},
            "executionMode": self.mode,
            "executionType": self.kind,
        }
        if self.rolls_back_to:
            target = {"rollbackTargetPipelineExecutionId": self.rolls_back_to}
            known["rollbackMetadata"] = target
        return {key: value for key, value in known.items() if value is not None}


class Record:
    """All executions of one pipeline, oldest first; threads may use it.

    Attributes:
        changed: notified whenever something is written.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.executions: dict[str, Execution] = {}

    @classmethod
    def of(cls, pipeline: Any) -> Record:
        """Return the record of one of moto's pipelines, which keeps it as long as it exists."""
        found = vars(pipeline).get(_ATTRIBUTE)
        if found is None:
            found = cls()
            setattr(pipeline, _ATTRIBUTE, found)
            pipeline.executions = found.executions
        assert isinstance(found, cls)  # noqa: S101 - narrows the type: only set here
        return found

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Change executions and wake whoever waits for it."""
        with self.changed:
            yield
            self.changed.notify_all()

    def enter(self, execution: Execution, stage: str) -> None:
        """Wait until the stage is free and nobody who came earlier still has it before them."""
        with self.changed:
            self.changed.wait_for(lambda: not self.ahead(execution, stage))
            execution.stages[stage] = IN_PROGRESS
            execution.updated_at = time.time()
            self.changed.notify_all()

    def ahead(self, execution: Execution, stage: str) -> list[Execution]:
        """Return who has to leave the stage before this execution may enter it.

        What goes back goes first.
        """
        order = sorted(self.executions.values(), key=lambda each: each.kind != "ROLLBACK")
        earlier = order[: order.index(execution)]
        return [
            other
            for other in order
            if other is not execution
            and other.status == IN_PROGRESS
            and (
                other.stages.get(stage) == IN_PROGRESS
                or (other in earlier and stage not in other.stages)
            )
        ]
