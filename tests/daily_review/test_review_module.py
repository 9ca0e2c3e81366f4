"""modules/org-logging/review: what it takes, and what it makes of it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing import AFTER_APPLY, pci, rejects

if TYPE_CHECKING:
    from harness.testing import PlannedRoot, Planner

MODULE = "modules/org-logging/review"
PAGES, TICKETS = (
    "arn:aws:sns:eu-west-1:444444444444:pages",
    "arn:aws:sns:eu-west-1:444444444444:tickets",
)
GOOD: dict[str, Any] = {
    "name": "payments-dev",
    "environment": "dev",
    "artifact": {
        "sha256_base64": "irrelevant",
        "s3": {"bucket": "releases", "key": "log_review.zip", "object_version": "1"},
    },
    "log_groups": {"access": ["/access"], "function": ["/aws/lambda/one", "/aws/lambda/two"]},
    "alarm_topic_arns": [PAGES],
}
OWN = {
    "advice": "Look at it.",
    "kinds": ["access"],
    "query": "filter status = 418\n| stats count(*) as events by user_arn",
    "requirement": "10.4.1",
    "severity": "low",
}


def own(**changes: Any) -> dict[str, Any]:
    return {"teapots": {**OWN, **changes}}


REFUSED: dict[str, tuple[str, Any, str]] = {
    "capital_name": ("name", "Payments", "3 to 39 lower-case letters"),
    "capital_environment": ("environment", "Dev", "2 to 31 lower-case letters"),
    "nothing_to_review": ("log_groups", {"audit": ["/audit"]}, "No query reads any of these"),
    "empty_kind": ("log_groups", {"access": []}, "A kind without log groups"),
    "many_groups": ("log_groups", {"access": [f"/{n}" for n in range(51)]}, "50 log groups"),
    "many_queries": ("queries", {f"query_{n}": OWN for n in range(11)}, "Up to 10 queries"),
    "odd_query_name": ("queries", {"Tea": OWN}, "Up to 10 queries"),
    "lines_told": ("queries", own(query="fields @message"), "ends with"),
    "not_counted": ("queries", own(query="stats sum(took) as events by user"), "ends with"),
    "messages_told": (
        "queries",
        own(query="stats count(*) as events by @message"),
        "doesn't group by @message",
    ),
    "odd_severity": ("queries", own(severity="urgent"), '"high" (somebody must act now)'),
    "odd_requirement": ("queries", own(requirement="10"), "number of PCI DSS"),
    "negative": ("queries", own(threshold=-1), "whole number of events"),
    "odd_comparison": ("queries", own(compared_days=7), 'counts "by @log, bin(1h)"'),
    "unknown_threshold": ("thresholds", {"refused": 5}, "for one of the queries: access_denied"),
    "negative_threshold": ("thresholds", {"refused_callers": -5}, "0 or more events"),
    "unknown_skipped": ("skipped_queries", ["refused"], "Only these queries can be skipped"),
    "odd_pattern": ("expected", {"principals": "role/("}, "are regular expressions"),
    "role_arn": (
        "expected",
        {"deploy_role": "arn:aws:iam::444444444444:role/a"},
        "without path or account",
    ),
    "odd_account": ("expected", {"archive_account_id": "archive"}, "12 digits"),
    "crontab": ("schedule", {"expression": "15 0 * * *"}, "as EventBridge does"),
    "week": ("schedule", {"period_hours": 168}, "periods fill a day"),
    "hasty": ("timeout_seconds", 5, "60 to 900 seconds"),
    "unheard": ("alarm_topic_arns", [], "somebody must hear"),
}
# What an assessor asks for among them.
EVIDENCE = {"week": pci("10.4.1"), "unheard": pci("10.4.3"), "lines_told": pci("3.4.1")}


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=EVIDENCE.get(case, ())) for case in REFUSED]
)
def test_invalid_input_is_refused(plan: Planner, case: str) -> None:
    variable, value, words = REFUSED[case]
    with rejects(variable=variable, match=re.escape(words)):
        plan(MODULE, {**GOOD, variable: value})


def queries(planned: PlannedRoot) -> dict[str, Any]:
    saved = planned.all("aws_cloudwatch_query_definition")
    return {each["name"].rpartition("/")[2]: each for each in saved}


def test_only_queries_of_the_given_kinds_are_run(plan: Planner) -> None:
    found = queries(plan(MODULE, GOOD))
    assert set(found) == {
        "card_numbers",
        "function_errors",
        "refused_callers",
        "server_error_bursts",
        "silent_hours",
        "throttled_merchants",
        "unusual_principals",
    }
    assert found["refused_callers"]["log_group_names"] == ["/access"]
    assert found["function_errors"]["log_group_names"] == ["/aws/lambda/one", "/aws/lambda/two"]


def test_log_groups_may_be_named_by_the_same_apply(plan: Planner) -> None:
    planned = plan("tests/daily_review/unnamed_groups")
    planned.one(
        'module.log_review.aws_cloudwatch_query_definition.review["execution_authorization_errors"]'
    ).expect(log_group_names=AFTER_APPLY)


def test_queries_can_be_added_replaced_and_skipped(plan: Planner) -> None:
    changed = {"teapots": OWN, "refused_callers": {**OWN, "threshold": 3}}
    planned = plan(MODULE, GOOD, queries=changed, skipped_queries=["card_numbers"])
    found = queries(planned)
    assert "card_numbers" not in found
    for name, threshold in {"teapots": 0, "refused_callers": 3}.items():
        assert found[name]["query_string"].splitlines() == [
            "filter status = 418",
            "| stats count(*) as events by user_arn",
            f"| filter events > {threshold}",
            "| sort events desc",
            "| limit 1000",
        ]


@pci("10.4.2.1")
def test_period_and_thresholds_follow_the_risk_analysis(plan: Planner) -> None:
    schedule = {"expression": "cron(20 0/6 * * ? *)", "period_hours": 6}
    planned = plan(MODULE, GOOD, schedule=schedule, thresholds={"refused_callers": 7})
    assert "| filter events > 7\n" in queries(planned)["refused_callers"]["query_string"]
    rule = planned.one("module.function.aws_cloudwatch_event_rule.schedule[0]")
    rule.expect(schedule_expression="cron(20 0/6 * * ? *)")
    environment = planned.one("aws_lambda_function")["environment"][0]["variables"]
    assert environment["REVIEW_PERIOD_HOURS"] == "6"
    incomplete = planned.one("aws_cloudwatch_metric_alarm.review_incomplete")
    assert incomplete["period"] * incomplete["evaluation_periods"] == 8 * 3600


@pci("10.4.1.1", "10.7.2")
def test_a_missing_review_breaches(plan: Planner) -> None:
    plan(MODULE, GOOD).one("aws_cloudwatch_metric_alarm.review_incomplete").expect(
        metric_name="ReviewsCompleted",
        comparison_operator="LessThanThreshold",
        threshold=1,
        treat_missing_data="breaching",
        period=3600,
        evaluation_periods=26,
        alarm_actions=[PAGES],
    )


@pci("10.4.3")
def test_every_query_has_an_alarm_that_says_what_to_do(plan: Planner) -> None:
    planned = plan(MODULE, GOOD, ticket_topic_arns=[TICKETS])
    for name in queries(planned):
        alarm = planned.one(f'aws_cloudwatch_metric_alarm.findings["{name}"]')
        high = "severity high" in alarm["alarm_description"]
        alarm.expect(
            dimensions={"Environment": "dev", "Service": "LogReview", "Query": name},
            metric_name="Findings",
            threshold=0,
            alarm_actions=[PAGES if high else TICKETS],
        )
        assert re.match(r"PCI DSS \d+\.\d+\.\d+(\.\d+)?, severity ", alarm["alarm_description"])


@pci("7.2.5")
def test_the_role_searches_the_named_log_groups_and_unmasks_nothing(plan: Planner) -> None:
    planned = plan(MODULE, GOOD, kms_key={"arn": "arn:aws:kms:eu-west-1:444444444444:key/k"})
    arn = "arn:aws:logs:eu-west-1:555555555555:log-group"
    search = {
        "Sid": "SearchReviewedLogs",
        "Action": ["logs:StartQuery"],
        "Resource": [f"{arn}:{name}:*" for name in ("/access", *GOOD["log_groups"]["function"])],
    }
    policy = planned.one("module.function.aws_iam_role_policy.function")["policy"]
    statements = {each["Sid"]: each for each in json.loads(policy)["Statement"]}
    assert statements["SearchReviewedLogs"].items() >= search.items()
    read = ["logs:DescribeQueryDefinitions", "logs:GetQueryResults", "logs:StopQuery"]
    planned.one("aws_iam_role_policy.run_queries").expect(
        policy={"Statement": [{"Action": read, "Resource": "*"}]}
    )


def test_the_environment_fits_into_a_functions(plan: Planner) -> None:
    """Lambda takes 4 KB in all; with every kind and as many queries as one may add."""
    kinds = ("access", "execution", "findings", "flow", "function", "service", "trail", "waf")
    planned = plan(
        MODULE,
        GOOD,
        log_groups={kind: [f"/{kind}"] for kind in kinds},
        queries={f"a_query_with_a_name_as_long_as_names_{n}": OWN for n in range(10)},
    )
    variables = planned.one("aws_lambda_function")["environment"][0]["variables"]
    assert sum(len(name) + len(value) for name, value in variables.items()) < 4096
