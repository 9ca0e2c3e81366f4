"""The module applied, and its function run by its schedule over lines that services wrote."""

from __future__ import annotations

import datetime
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from daily_review.account import TODAY_S
from daily_review.alarms import sounds
from daily_review.lines import ARCHIVE, CASES, LOG_GROUPS
from daily_review.test_review_module import GOOD, MODULE
from harness.aws.errors import AwsError
from harness.edge import Edge, FunctionError
from harness.iam import AccessRequest, Decision, Policies, Principal, authorize, read_role
from harness.testing import pci
from log_review.periods import DAY_S, HOUR_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.aws import EmbeddedAWS
    from harness.testing import AppliedRoot, Applies

NOISY_S, QUIET_S = TODAY_S - DAY_S + 12 * HOUR_S, TODAY_S - 3 * DAY_S + 12 * HOUR_S
"""Noon of the day that a run of today reviews, and of a day with nothing to find."""
SILENT = LOG_GROUPS["service"][0]


@pytest.fixture(scope="module")
def log_groups(applied: Applies, aws: EmbeddedAWS) -> Iterator[Any]:  # noqa: ARG001 - ends before
    """The account's logs client, with a noisy day, a quiet one, and a group that fell silent."""
    logs = aws.session(ACCOUNT).client("logs")
    for groups in LOG_GROUPS.values():
        logs.create_log_group(logGroupName=groups[0])
        logs.create_log_stream(logGroupName=groups[0], logStreamName="one")
    for case in CASES.values():
        group = LOG_GROUPS[case.kind][0]
        write(logs, group, [*case.quiet, *[case.line] * case.number], NOISY_S)
        write(logs, group, [*case.quiet, *[case.line] * (case.number - 1)], QUIET_S)
    for days in range(7):
        write(logs, SILENT, ["a line"], NOISY_S - (days + 1) * DAY_S)
    yield logs
    for groups in LOG_GROUPS.values():
        logs.delete_log_group(logGroupName=groups[0])


def write(logs: Any, group: str, lines: Sequence[str], at_s: int) -> None:
    events = [{"timestamp": at_s * 1000, "message": line} for line in lines]
    logs.put_log_events(logGroupName=group, logStreamName="one", logEvents=events)


ACCOUNT = "555555555555"


@pytest.fixture(scope="module")
def review(applied: Applies, artifact: dict[str, str]) -> AppliedRoot:
    return applied(
        MODULE,
        GOOD,
        artifact=artifact,
        log_groups=LOG_GROUPS,
        expected={"archive_account_id": ARCHIVE},
    )


@pytest.fixture(scope="module")
def edge(aws: EmbeddedAWS, review: AppliedRoot, log_groups: Any) -> Iterator[Edge]:  # noqa: ARG001 - must be there
    with Edge(
        endpoint_url=aws.endpoint_url,
        account_id=ACCOUNT,
        region=aws.region,
        environment=aws.environment(ACCOUNT),
    ) as running:
        yield running


def fire(edge: Edge, review: AppliedRoot) -> dict[str, int]:
    findings = edge.fire_schedule(review.outputs["schedule_rule_name"])["findings"]
    edge.flush_logs()
    return dict(findings)


def review_day_of(edge: Edge, review: AppliedRoot, at_s: int) -> dict[str, int]:
    event = {"time": f"{datetime.datetime.fromtimestamp(at_s + DAY_S, datetime.UTC):%FT%TZ}"}
    answer = edge.invoke(review.outputs["function"]["name"], event, qualifier="live")
    edge.flush_logs()
    return dict(answer["findings"])


def alarmed(review: AppliedRoot, query: str, *, in_s: int = 0) -> bool:
    at = datetime.datetime.fromtimestamp(time.time() + 60 + in_s, datetime.UTC)
    return sounds(review.client("cloudwatch"), review.outputs["alarm_names"][query], at)


@pci("10.4.1.1", "10.7.2")
def test_a_missed_run_is_alarmed_until_a_review_completes(edge: Edge, review: AppliedRoot) -> None:
    assert alarmed(review, "review_incomplete")
    review_day_of(edge, review, QUIET_S)
    assert alarmed(review, "review_incomplete"), "an old day stands for the last one"
    fire(edge, review)
    assert not alarmed(review, "review_incomplete")
    assert alarmed(review, "review_incomplete", in_s=2 * DAY_S), "a run that never came is quiet"


@pci("10.4.1.1")
def test_a_scheduled_run_reviews_the_day_before(edge: Edge, review: AppliedRoot) -> None:
    found = fire(edge, review)
    assert set(found) == {*CASES, "silent_hours"}
    assert [name for name, number in found.items() if number == 0] == []


@pci("10.4.1")
def test_a_day_with_nothing_to_find_has_no_findings(edge: Edge, review: AppliedRoot) -> None:
    assert set(review_day_of(edge, review, QUIET_S).values()) == {0}


@pci("10.4.3")
def test_findings_are_written_and_alarmed(edge: Edge, review: AppliedRoot, log_groups: Any) -> None:
    since = int(time.time() * 1000)
    fire(edge, review)
    written = log_groups.filter_log_events(
        logGroupName=review.outputs["log_group"]["name"], startTime=since
    )["events"]
    lines = [json.loads(event["message"]) for event in written]
    findings = [line for line in lines if line.get("message") == "finding"]
    assert {line["query"] for line in findings} == {*CASES, "silent_hours"}
    (silent,) = [line for line in findings if line["query"] == "silent_hours"]
    assert silent["identity"]["@log"] == f"{ACCOUNT}:{SILENT}"
    for query in CASES:
        assert alarmed(review, query), query
        assert not alarmed(review, query, in_s=DAY_S)


@pci("10.7.2")
def test_a_query_that_fails_fails_the_run(
    aws: EmbeddedAWS, edge: Edge, review: AppliedRoot
) -> None:
    def refuse(_: object) -> None:
        raise AwsError("AccessDeniedException", "Not yours.", 400)

    with (
        aws.faults.before(lambda call: call.action == "StartQuery", refuse, nth=1),
        pytest.raises(FunctionError, match="IncompleteReviewError: no answer from"),
    ):
        edge.fire_schedule(review.outputs["schedule_rule_name"])


@pci("7.2.5")
def test_the_role_allows_what_a_review_calls_and_no_look_at_lines(
    aws: EmbeddedAWS, edge: Edge, review: AppliedRoot
) -> None:
    since = aws.calls.mark()
    fire(edge, review)
    (function,) = review.found.all("aws_lambda_function")
    role = function["role"]
    name = role.rpartition("/")[2]
    called = {
        call.action
        for call in aws.calls.select("logs", since=since)
        if f":assumed-role/{name}/" in call.principal_arn
    }
    assert called == {"DescribeQueryDefinitions", "StartQuery", "GetQueryResults"}
    permissions = read_role(review.client("iam"), name)
    group = f"arn:aws:logs:{aws.region}:{ACCOUNT}:log-group:{LOG_GROUPS['access'][0]}:*"

    def decide(action: str) -> Decision:
        request = AccessRequest(
            action=f"logs:{action}",
            resource=group,
            lookup=lambda _: None,
            principal=Principal(ACCOUNT, role, role),
        )
        policies = Policies(permissions.statements, permissions.boundary)
        return authorize(request, policies, resource_account=ACCOUNT).decision

    assert {decide(action) for action in {*called, "StopQuery"}} == {Decision.ALLOW}
    others = ["GetLogEvents", "FilterLogEvents", "Unmask", "PutQueryDefinition", "DeleteLogGroup"]
    assert Decision.ALLOW not in {decide(action) for action in others}


def test_its_second_plan_is_empty(review: AppliedRoot) -> None:
    review.assert_idempotent()
