"""Who approved what: the pipeline's approval actions, read back from CodePipeline."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promotion.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NEEDED = 2
_MAY_OVERRIDE = "nobody: two people other than the author approve each change of production"
_AUTHOR_VARIABLES = ("AuthorEmail", "AuthorId", "AuthorDisplayName")


@dataclass(frozen=True)
class Approval:
    """One approval action that somebody answered with yes."""

    action: str
    principal: str
    at: str
    comment: str

    @property
    def person(self) -> str:
        """Who it was: the session's name, or the user's."""
        return person_of(self.principal)


def person_of(principal: str) -> str:
    """Return the person behind an ARN: a role's session has their name, a user is theirs."""
    return principal.rpartition("/")[2].strip().lower()


def authors_of(actions: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return what the source action tells of the author."""
    found: set[str] = set()
    for action in actions:
        if action.get("input", {}).get("actionTypeId", {}).get("category") == "Source":
            told = action.get("output", {}).get("outputVariables") or {}
            found |= {told[name].strip().lower() for name in _AUTHOR_VARIABLES if told.get(name)}
    return found


def read(actions: Iterable[Mapping[str, Any]]) -> list[Approval]:
    """Return the approvals among the actions of one execution, the latest of each action."""
    latest: dict[str, Mapping[str, Any]] = {}
    for action in actions:
        if action.get("input", {}).get("actionTypeId", {}).get("category") == "Approval":
            known = latest.get(action["actionName"])
            if known is None or action["startTime"] >= known["startTime"]:
                latest[action["actionName"]] = action
    return [
        Approval(
            action=action["actionName"],
            principal=action.get("updatedBy", ""),
            at=action["lastUpdateTime"].isoformat(timespec="seconds"),
            comment=_comment(action),
        )
        for action in latest.values()
        if action["status"] == "Succeeded"
    ]


def actions_of(codepipeline: Any, pipeline: str, execution_id: str) -> list[dict[str, Any]]:
    """Read every action of an execution."""
    pages = codepipeline.get_paginator("list_action_executions").paginate(
        pipelineName=pipeline, filter={"pipelineExecutionId": execution_id}
    )
    return [action for page in pages for action in page["actionExecutionDetails"]]


def check(approvals: Sequence[Approval], authors: set[str], plan_sha256: str) -> None:
    """Refuse what two people other than the author didn't approve, for this very plan.

    Raises:
        Refused: says which approval doesn't count, and why.
    """
    if not authors:
        raise Refused(
            rule="approval-author-unknown",
            evidence="neither the source action nor the release tells who wrote the change",
            fix="give the source action a connection that tells AuthorEmail, or set SOURCE_AUTHOR",
            override=_MAY_OVERRIDE,
        )
    for approval in approvals:
        _check_one(approval, authors, plan_sha256)
    people = {approval.person for approval in approvals}
    if len(people) < NEEDED:
        listed = ", ".join(f"{item.action} by {item.person}" for item in approvals) or "none"
        raise Refused(
            rule="approval-missing",
            evidence=f"{NEEDED} people have to approve; there are: {listed}",
            fix="have another person approve; the stage's approval actions must both be there",
            override=_MAY_OVERRIDE,
        )


def _check_one(approval: Approval, authors: set[str], plan_sha256: str) -> None:
    if not approval.person:
        raise Refused(
            rule="approval-unattributed",
            evidence=f"{approval.action} doesn't say who approved",
            fix="retry the stage prod-approve, and approve as a person with a session of their own",
            override=_MAY_OVERRIDE,
        )
    if any(_same(approval.person, author) for author in authors):
        raise Refused(
            rule="approval-by-author",
            evidence=f"{approval.action} was approved by {approval.person}, who wrote the change",
            fix="retry the stage prod-approve, and have somebody else approve",
            override=_MAY_OVERRIDE,
        )
    if plan_sha256 not in re.findall(r"[0-9a-f]{64}", approval.comment):
        raise Refused(
            rule="approval-of-another-plan",
            evidence=f"the comment of {approval.action} by {approval.person} doesn't name the plan "
            f"{plan_sha256}, which is to be applied",
            fix="retry the stage prod-approve, look at this plan's record, and write its SHA-256 "
            "as comment",
            override=_MAY_OVERRIDE,
        )


def _same(person: str, author: str) -> bool:
    """Compare a session's name with an author's, with or without the domain of an address."""
    return person == author or person.partition("@")[0] == author.partition("@")[0]


def _comment(action: Mapping[str, Any]) -> str:
    result = action.get("output", {}).get("executionResult") or {}
    return str(result.get("externalExecutionSummary", ""))
