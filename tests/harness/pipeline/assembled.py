"""Puts a runner together for a pipeline that is deployed in the embedded AWS."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.pipeline.actions import Actions
from harness.pipeline.build import Builder
from harness.pipeline.clock import Clock
from harness.pipeline.conditions import Judge
from harness.pipeline.deployed import read
from harness.pipeline.runner import Runner
from harness.pipeline.sessions import ServiceSessions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from harness.aws import EmbeddedAWS
    from harness.aws.pipelines import Execution
    from harness.pipeline.conditions import Verdict
    from harness.pipeline.deployed import Action, Stage
    from harness.pipeline.people import Approvers
    from harness.pipeline.runner import Listener
    from harness.pipeline.source import Source

_CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class Quiet:
    """A listener that says nothing."""

    def began(self, execution: Execution, stage: Stage) -> None:
        """Do nothing."""

    def judged(self, execution: Execution, stage: Stage, verdict: Verdict) -> None:
        """Do nothing."""

    def ended(self, execution: Execution, stage: Stage, seconds: float) -> None:
        """Do nothing."""


def _silent(_action: Action, _line: str) -> None:
    pass


@dataclass
class Assembly:
    """Everything that a runner needs, but the pipeline."""

    aws: EmbeddedAWS
    account_id: str
    workdir: Path
    source: Source
    approvers: Approvers
    tools: Mapping[str, str] = field(default_factory=dict)
    path: Sequence[Path] = ()
    clock: Clock = field(default_factory=Clock)
    listener: Listener = field(default_factory=Quiet)
    on_line: Callable[[Action, str], None] = _silent
    stopping: threading.Event = field(default_factory=threading.Event)

    def runner(self, name: str) -> Runner:
        """Read a pipeline back, and make what runs it.

        Raises:
            PipelineError: there is no such pipeline.
        """
        session = self.aws.session(self.account_id)
        pipeline = read(session, name)
        sessions = ServiceSessions(self.aws)
        builder = Builder(
            sessions=sessions,
            environment={
                name: value
                for name, value in self.aws.environment().items()
                if name not in _CREDENTIALS
            },
            tools=self.tools,
            path=self.path,
            workdir=self.workdir,
            on_line=self.on_line,
            stopping=self.stopping,
        )
        actions = Actions(
            pipeline,
            sessions=sessions,
            source=self.source,
            builder=builder,
            approvers=self.approvers,
        )
        judge = Judge(sessions, self.clock, pipeline)
        return Runner(pipeline, session, actions=actions, judge=judge, listener=self.listener)
