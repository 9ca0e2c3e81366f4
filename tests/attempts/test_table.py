"""The table of attempts on an organization whose guardrails are written by hand."""

from __future__ import annotations

import io
import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from attempts.organization import ACCOUNTS, REGION
from harness.attempts import (
    ATTEMPTS,
    PEOPLE,
    NotDeployedError,
    carry_out,
    collect,
    export,
    failures,
    tables,
)
from harness.attempts.attempt import BYPASSED
from harness.attempts.targets import OUTSIDE
from harness.testing import pci

if TYPE_CHECKING:
    from pathlib import Path

    from attempts.conftest import Made

# What whoever wants to be rid of a log would try.
NAMED = {
    "cloudtrail:DeleteTrail",
    "cloudtrail:PutEventSelectors",
    "cloudtrail:StopLogging",
    "cloudtrail:UpdateTrail",
    "ec2:DeleteFlowLogs",
    "firehose:DeleteDeliveryStream",
    "kms:DisableKey",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "lambda:UpdateFunctionCode",
    "logs:DeleteAccountPolicy",
    "logs:DeleteDataProtectionPolicy",
    "logs:DeleteDestination",
    "logs:DeleteLogGroup",
    "logs:DeleteSubscriptionFilter",
    "logs:PutDestinationPolicy",
    "logs:PutRetentionPolicy",
    "logs:Unmask",
    "organizations:LeaveOrganization",
    "s3:BypassGovernanceRetention",
    "s3:DeleteObjectVersion",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketPolicy",
    "s3:PutBucketVersioning",
    "s3:PutLifecycleConfiguration",
    "s3:PutObjectRetention",
}


def test_every_way_is_attempted(made: Made) -> None:
    assert {attempt.action for attempt in ATTEMPTS} >= NAMED
    by = Counter(record.who for record in made.records)
    for who in ("OrganizationAccountAccessRole", "payments-deploy"):
        assert min(by[f"{who} of dev"], by[f"{who} of log-archive"]) > 20
    assert by["administrator of management"] > 20


@pci("10.3.2", "10.5.1")
def test_every_attempt_is_answered_as_the_table_says(made: Made) -> None:
    assert failures(made.records) == []


@pci("10.3.2")
def test_a_locked_log_is_seen_to_stay(made: Made) -> None:
    seen = Counter((each.action, each.answer) for each in made.records if each.how == "seen")
    assert seen == {
        ("logs:PutSubscriptionFilter", "AccessDeniedException"): 1,
        ("s3:BypassGovernanceRetention", "AccessDenied"): 4,
        ("s3:DeleteBucketPolicy", "AccessDenied"): 3,
        ("s3:DeleteObjectVersion", "AccessDenied"): 4,
        ("s3:PutBucketObjectLockConfiguration", "AccessDenied"): 3,
        ("s3:PutBucketPolicy", "AccessDenied"): 3,
        ("s3:PutBucketVersioning", "AccessDenied"): 2,
        ("s3:PutBucketVersioning", "InvalidBucketState"): 2,
        ("s3:PutEncryptionConfiguration", "AccessDenied"): 3,
        ("s3:PutLifecycleConfiguration", "AccessDenied"): 3,
        ("s3:PutObjectRetention", "AccessDenied"): 4,
    }
    stored = made.deployed.stored
    archive = made.deployed.enter(ACCOUNTS["log-archive"], "OrganizationAccountAccessRole")
    s3: Any = archive.client("s3")
    s3.head_object(Bucket=stored.bucket, Key=stored.key, VersionId=stored.version)
    policy = json.loads(s3.get_bucket_policy(Bucket=stored.bucket)["Policy"])
    kept = {statement["Sid"] for statement in policy["Statement"]}
    assert kept == {"RefuseInsecureTransport", "RefuseOtherAdministrators"}


def test_what_a_buckets_policy_refuses_is_sent_only_while_it_is_enforced(made: Made) -> None:
    by_policy = [attempt for attempt in ATTEMPTS if attempt.by_policy]
    assert {each.how for each in carry_out(made.deployed, by_policy)} == {"evaluated"}
    assert {attempt.action for attempt in by_policy} == {
        "s3:DeleteBucketPolicy",
        "s3:PutBucketObjectLockConfiguration",
        "s3:PutBucketPolicy",
        "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
    }


def test_only_what_is_refused_is_sent(made: Made) -> None:
    assert {f"{call.service}:{call.action}" for call in made.calls} == {
        "iam:CreateRole",  # the outsider's own role and log group
        "iam:DeleteRole",
        "logs:CreateLogGroup",
        "logs:DeleteLogGroup",
        "logs:PutSubscriptionFilter",
        "s3:DeleteBucketPolicy",
        "s3:DeleteObject",
        "s3:PutBucketEncryption",
        "s3:PutBucketLifecycleConfiguration",
        "s3:PutBucketPolicy",
        "s3:PutBucketVersioning",
        "s3:PutObjectLockConfiguration",
        "s3:PutObjectRetention",
        "sts:AssumeRole",
    }
    outside = {call.account_id for call in made.calls if call.service in ("iam", "logs")}
    assert outside == {OUTSIDE}


@pci("10.2.1")
def test_nothing_keeps_the_management_account_from_stopping_the_trail(made: Made) -> None:
    (stopped,) = [
        each
        for each in made.records
        if each.action == "cloudtrail:StopLogging" and "management" in each.who
    ]
    assert (stopped.answer, stopped.possible) == ("allowed", BYPASSED)


def test_a_record_says_who_what_when_and_by_what(made: Made, tmp_path: Path) -> None:
    export(made.records, tmp_path / "evidence" / "attempts.json")
    rows = json.loads((tmp_path / "evidence" / "attempts.json").read_text())
    assert len(rows) == len(made.records)
    (row,) = [
        each
        for each in rows
        if each["action"] == "logs:DeleteLogGroup"
        and each["who"] == "OrganizationAccountAccessRole of dev"
        and each["owner"] == "dev"
    ]
    assert row["at"].startswith("20")
    assert row["at"].endswith("+00:00")
    del row["at"]
    assert row == {
        "what": "delete a log group",
        "who": "OrganizationAccountAccessRole of dev",
        "account_id": ACCOUNTS["dev"],
        "action": "logs:DeleteLogGroup",
        "resource": f"arn:aws:logs:{REGION}:{ACCOUNTS['dev']}:log-group:"
        "/aws/lambda/payments-dev-transaction-gateway",
        "owner": "dev",
        "requirements": ["10.5.1"],
        "how": "evaluated",
        "answer": "AccessDenied",
        "decided_by": "denied by SCP guard-NonProduction of unit NonProduction, statement"
        " DeletionsByOthers",
        "possible": "",
        "refused": True,
    }


def test_the_table_shows_every_row(made: Made) -> None:
    out = io.StringIO()
    console = Console(file=out, width=250)
    for table in tables(made.records):
        console.print(table)
    text = out.getvalue()
    assert text.count("seen ") == sum(each.how == "seen" for each in made.records)
    assert text.count("possible ") > 0
    for attempt in ATTEMPTS:
        assert attempt.what in text
    assert "DeletionsByOthers" in text
    assert f"possible for administrator of management: {BYPASSED}" in text


def test_an_attempt_without_answer_is_a_failure(made: Made) -> None:
    assert failures(made.records[1:]) == [
        "no answer to: delete an archived log for good (s3:DeleteObjectVersion),"
        " by OrganizationAccountAccessRole of log-archive"
    ]


def test_an_unexpected_answer_is_a_failure_that_names_the_requirement(made: Made) -> None:
    first = made.records[0]
    (allowed,) = failures([replace(first, answer="allowed"), *made.records[1:]])
    assert "delete an archived log for good" in allowed
    assert "was allowed, against PCI DSS 10.3.2, 10.5.1" in allowed
    (broken,) = failures([replace(first, answer="NoSuchBucket"), *made.records[1:]])
    assert "was answered NoSuchBucket, which isn't a refusal" in broken
    possible = next(each for each in made.records if each.possible)
    others = [each for each in made.records if each is not possible]
    (refused,) = failures([replace(possible, answer="AccessDenied"), *others])
    assert "should be possible" in refused


def test_a_lost_guardrail_shows(made: Made) -> None:
    evaluated = [attempt for attempt in ATTEMPTS if attempt.send is None]
    lacking = replace(
        made.deployed, snapshot=made.deployed.snapshot.without("guard-Root", "Nobody")
    )
    found = failures(carry_out(lacking, evaluated), evaluated)
    assert any("logs:Unmask" in each and "against PCI DSS 3.4.1" in each for each in found)
    assert all("was allowed" in each for each in found)
    assert failures(carry_out(made.deployed, evaluated), evaluated) == []


def test_what_lacks_is_named(made: Made) -> None:
    enter = made.deployed.enter
    with pytest.raises(NotDeployedError, match="apply environments/management first"):
        collect(enter, {**ACCOUNTS, "management": "888888888888"}, REGION, PEOPLE)
    with pytest.raises(NotDeployedError, match="apply environments/log-archive first"):
        collect(enter, {**ACCOUNTS, "log-archive": "888888888888"}, REGION, PEOPLE)
