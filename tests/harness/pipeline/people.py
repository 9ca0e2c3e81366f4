"""Those who approve: each signs in as themselves, looks at what waits, and answers."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import boto3

    from harness.aws import EmbeddedAWS
    from harness.pipeline.deployed import Action, Pipeline, Stage

_ASKED_FOR = re.compile(r"as comment: ([0-9a-f]{64})\b")


class Approvers(Protocol):
    """Answers approvals; called once for each that begins to wait, and may answer later."""

    def asked(self, pipeline: Pipeline, stage: Stage, action: Action, execution_id: str) -> None:
        """Look at an approval that waits."""


@dataclass(frozen=True)
class Person:
    """Somebody with a session of their own."""

    name: str
    session: boto3.Session


def sign_in(aws: EmbeddedAWS, account_id: str, name: str, role: str) -> Person:
    """Make an IAM user, who becomes the role of those who approve under the user's own name."""
    iam = aws.client("iam", account_id)
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    user = aws.session_of(key["AccessKeyId"], key["SecretAccessKey"])
    role_arn = f"arn:aws:iam::{account_id}:role/{role}"
    become = user.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=name)["Credentials"]
    return Person(
        name,
        aws.session_of(become["AccessKeyId"], become["SecretAccessKey"], become["SessionToken"]),
    )


class TwoPeople:
    """Approves what the pipeline says, each action as the next of several people.

    Args:
        names: who approves; the first action of a stage is the first one's.
        enter: signs somebody in, when they are asked for the first time.
        comment: what a person writes, from what the approval shows.
    """

    def __init__(
        self,
        names: Sequence[str],
        enter: Callable[[str], Person],
        comment: Callable[[str], str] = lambda shown: shown,
    ) -> None:
        self._names = names
        self._enter = enter
        self._comment = comment
        self._lock = threading.Lock()
        self._people: dict[str, Person] = {}

    def asked(self, pipeline: Pipeline, stage: Stage, action: Action, execution_id: str) -> None:
        """Approve as the person whose turn it is."""
        number = [each.name for each in stage.approvals].index(action.name)
        name = self._names[number % len(self._names)]
        with self._lock:
            if name not in self._people:
                self._people[name] = self._enter(name)
        answer(self._people[name], pipeline, stage, action, execution_id, comment=self._comment)


def answer(
    person: Person,
    pipeline: Pipeline,
    stage: Stage,
    action: Action,
    execution_id: str,
    *,
    comment: Callable[[str], str] = lambda shown: shown,
    status: str = "Approved",
) -> None:
    """Answer an approval as somebody who looks at the pipeline by its API alone."""
    pipelines = person.session.client("codepipeline")
    state = pipelines.get_pipeline_state(name=pipeline.name)
    stages = {each["stageName"]: each for each in state["stageStates"]}
    actions = {each["actionName"]: each for each in stages[stage.name]["actionStates"]}
    token = actions[action.name]["latestExecution"]["token"]
    told = pipelines.list_action_executions(
        pipelineName=pipeline.name, filter={"pipelineExecutionId": execution_id}
    )["actionExecutionDetails"]
    shown = next(each for each in told if each["actionName"] == action.name)["input"]
    text = shown.get("resolvedConfiguration", {}).get("CustomData", "")
    pipelines.put_approval_result(
        pipelineName=pipeline.name,
        stageName=stage.name,
        actionName=action.name,
        result={"summary": comment(text) or "approved", "status": status},
        token=token,
    )


def read_plan(shown: str) -> str:
    """Write what a careful approver does: which plan was read, by the hash that is asked for."""
    found = _ASKED_FOR.search(shown)
    return f"Read the plan {found[1]}" if found else "approved"
