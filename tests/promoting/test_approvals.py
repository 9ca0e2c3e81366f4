"""Approvals are read from CodePipeline as it tells them, and counted by person."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from harness.testing import pci
from promoting.world import approved
from promotion import approvals
from promotion.errors import Refused

PLAN = "a" * 64
AUTHORS = {"ada@example.com"}


def source(**variables: str) -> dict[str, Any]:
    return {
        "stageName": "source",
        "actionName": "source",
        "input": {"actionTypeId": {"category": "Source"}},
        "output": {"outputVariables": variables},
    }


def test_the_actions_of_one_execution_are_read_page_by_page() -> None:
    client = boto3.client(
        "codepipeline",
        region_name="eu-west-1",
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",
    )
    kind = {"category": "Approval", "owner": "AWS", "provider": "Manual", "version": "1"}
    told = {
        "stageName": "prod-approve",
        "actionName": "approve-first",
        "status": "Succeeded",
        "startTime": datetime(2026, 1, 2, tzinfo=UTC),
        "lastUpdateTime": datetime(2026, 1, 2, 1, tzinfo=UTC),
        "updatedBy": "arn:aws:sts::333333333333:assumed-role/approver/Grace@Example.com",
        "input": {"actionTypeId": kind},
        "output": {"executionResult": {"externalExecutionSummary": f"ok {PLAN}"}},
    }
    asked = {"pipelineName": "payments", "filter": {"pipelineExecutionId": "1-2"}}
    with Stubber(client) as stub:
        first = {"actionExecutionDetails": [told], "nextToken": "more"}
        stub.add_response("list_action_executions", first, asked)
        last: dict[str, Any] = {"actionExecutionDetails": []}
        stub.add_response("list_action_executions", last, {**asked, "nextToken": "more"})
        actions = approvals.actions_of(client, "payments", "1-2")
    [found] = approvals.read(actions)
    assert (found.action, found.person) == ("approve-first", "grace@example.com")
    assert found.at == "2026-01-02T01:00:00+00:00"
    assert PLAN in found.comment


@pci("6.5.1")
def test_two_people_other_than_the_author_are_enough() -> None:
    approvals.check(approvals.read(approved(PLAN, "grace", "edsger")), AUTHORS, PLAN)


@pci("6.5.1")
@pytest.mark.parametrize(
    ("people", "rule"),
    [
        (("grace",), "approval-missing"),
        (("grace", "Grace"), "approval-missing"),
        (("grace", "ada@example.com"), "approval-by-author"),
        (("ADA@example.com", "grace"), "approval-by-author"),
        (("ada", "grace"), "approval-by-author"),
        (("grace", ""), "approval-unattributed"),
    ],
)
def test_others_are_not(people: tuple[str, ...], rule: str) -> None:
    with pytest.raises(Refused) as caught:
        approvals.check(approvals.read(approved(PLAN, *people)), AUTHORS, PLAN)
    assert caught.value.rule == rule


def test_nobody_approves_for_an_unknown_author() -> None:
    with pytest.raises(Refused, match="approval-author-unknown"):
        approvals.check(approvals.read(approved(PLAN, "grace", "edsger")), set(), PLAN)


def test_part_of_a_digest_does_not_name_a_plan() -> None:
    with pytest.raises(Refused, match="approval-of-another-plan"):
        approvals.check(approvals.read(approved(PLAN[:-1], "grace", "edsger")), AUTHORS, PLAN)


def test_a_later_no_counts_and_not_the_earlier_yes() -> None:
    [yes] = approved(PLAN, "grace")
    no = {**yes, "status": "Failed", "startTime": datetime(2026, 1, 3, tzinfo=UTC)}
    assert approvals.read([yes, no]) == []


def test_the_author_is_whoever_the_source_tells_of() -> None:
    told = source(AuthorEmail="Ada@Example.com", AuthorId="ada", CommitId="1")
    assert approvals.authors_of([told]) == {"ada@example.com", "ada"}
