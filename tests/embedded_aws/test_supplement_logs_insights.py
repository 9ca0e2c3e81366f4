"""CloudWatch Logs Insights: what a query finds in log events."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Clients = Callable[[str], Any]
    Ask = Callable[..., list[dict[str, str]]]

ACCOUNT = "444444444444"
GROUP, OTHER = "/aws/apigateway/access", "/aws/lambda/service"
HOUR_S = 3600
NOON = int(time.time()) // 86_400 * 86_400 - 43_200
"""Noon of yesterday, in epoch seconds."""

LINES = [
    {"status": "200", "user": "florist", "took": 12},
    {"status": "403", "user": "florist", "took": 3},
    {"status": "403", "user": "grocer", "took": 5},
    {"status": "500", "user": "grocer", "took": 90.5, "who": {"role": {"arn": "a:b"}, "n": [7]}},
]


@pytest.fixture
def ask(client: Clients) -> Ask:
    """Ask the lines above, one a minute since noon; gives rows by field, without pointers."""
    logs = client("logs")
    write(logs, GROUP, [json.dumps(line) for line in LINES])
    write(logs, OTHER, ["Task timed out after 3.00 seconds"])

    def ask(query: str, groups: Sequence[str] = (GROUP,)) -> list[dict[str, str]]:
        return [
            {each["field"]: each["value"] for each in row if each["field"] != "@ptr"}
            for row in results(logs, query, groups)["results"]
        ]

    return ask


def write(logs: Any, group: str, messages: list[str]) -> None:
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="one")
    logs.put_log_events(
        logGroupName=group,
        logStreamName="one",
        logEvents=[
            {"timestamp": (NOON + 60 * minute) * 1000, "message": message}
            for minute, message in enumerate(messages)
        ],
    )


def results(logs: Any, query: str, groups: Sequence[str]) -> Any:
    started = logs.start_query(
        logGroupNames=list(groups), startTime=NOON, endTime=NOON + HOUR_S, queryString=query
    )
    return logs.get_query_results(queryId=started["queryId"])


@pytest.mark.mends("logs:StartQuery")
def test_a_query_counts_what_its_filter_lets_through(ask: Ask) -> None:
    query = "filter status = 403 | stats count(*) as refused by user | sort user asc"
    assert ask(query) == [
        {"user": "florist", "refused": "1"},
        {"user": "grocer", "refused": "1"},
    ]


def test_rows_have_the_newest_first_and_say_what_was_scanned(client: Clients, ask: Ask) -> None:  # noqa: ARG001 - writes the lines
    found = results(client("logs"), "fields @timestamp, status, absent", [GROUP])
    assert found["status"] == "Complete"
    assert [row[1]["value"] for row in found["results"]] == ["500", "403", "403", "200"]
    assert [each["field"] for each in found["results"][0]] == ["@timestamp", "status", "@ptr"]
    assert found["results"][0][0]["value"].endswith(" 12:03:00.000")
    statistics = found["statistics"]
    assert (statistics["recordsScanned"], statistics["recordsMatched"]) == (4, 4)


CONDITIONS = {
    "status like /^5/": ["500"],
    'status not like "40"': ["500", "200"],
    'status in ["200", "500"] and user = "grocer"': ["500"],
    "status not in [403]": ["500", "200"],
    "took >= 12 or took < 4": ["500", "403", "200"],
    'not (user = "florist" or user = "grocer")': [],
    "ispresent(who.role.arn)": ["500"],
    "not ispresent(who.role.arn) and status != 200": ["403", "403"],
    'who.role.arn = "a:b" and who.n.0 = 7': ["500"],
    "user =~ /(?i)FLORIST/ # and a comment": ["403", "200"],
    'tolower(toupper(user)) = "grocer" and `status` = "403"': ["403"],
    'absent = "1" or absent > 0 or absent like /./': [],
    'absent != "1"': ["500", "403", "403", "200"],
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_conditions(ask: Ask, condition: str) -> None:
    found = ask(f"fields status\n| filter {condition}\n")
    assert [row["status"] for row in found] == CONDITIONS[condition]


def test_statistics_by_time_and_group(ask: Ask) -> None:
    query = """
        stats count(*) as lines, sum(took), min(took) as least, max(took) as most,
          avg(took) as mean, count_distinct(user) as users, count(who.n.0) as with_n
          by @log, bin(2m)
        | filter lines > 1
        | sort lines desc, most asc
    """
    (first, second) = ask(query, [GROUP, OTHER])
    assert first == {
        "@log": f"{ACCOUNT}:{GROUP}",
        "bin(2m)": first["bin(2m)"],
        "lines": "2",
        "sum(took)": "15",
        "least": "3",
        "most": "12",
        "mean": "7.5",
        "users": "1",
        "with_n": "0",
    }
    assert first["bin(2m)"].endswith(" 12:00:00.000")
    assert (second["most"], second["with_n"]) == ("90.5", "1")


def test_fields_are_parsed_renamed_deduplicated_and_limited(ask: Ask) -> None:
    timed_out = 'parse @message "timed out after * seconds" as waited | display waited, @logStream'
    assert ask(timed_out, [OTHER]) == [{"waited": "3.00", "@logStream": "one"}]
    pattern = r"parse @message /after (?<waited>\d+)/ | display waited"
    assert ask(pattern, [OTHER]) == [{"waited": "3"}]
    assert ask("fields user as merchant | dedup merchant | sort merchant asc | limit 1") == [
        {"merchant": "florist"}
    ]


def test_one_request_is_followed_through_the_groups(ask: Ask) -> None:
    query = """
        fields @timestamp, @log, @message
        | filter @message like "timed out" or @message like "500"
        | sort @timestamp asc
        | limit 1000
    """
    assert [row["@log"].partition(":")[2] for row in ask(query, [GROUP, OTHER])] == [OTHER, GROUP]


def test_a_period_holds_its_first_and_last_second(client: Clients, ask: Ask) -> None:  # noqa: ARG001 - writes the lines
    logs = client("logs")
    started = logs.start_query(
        logGroupName=GROUP, startTime=NOON + 60, endTime=NOON + 120, queryString="fields status"
    )
    assert len(logs.get_query_results(queryId=started["queryId"])["results"]) == 2


UNKNOWN = {
    "pattern @message": "'pattern'",
    "stats pct(took, 99) by user": "'pct'",
    "filter strlen(user) > 3": "strlen",
    "fields took + 1": r"unknown sign '\+'",
    "filter status like status": "'status'",
    "sort took": "asc or desc",
    "fields status limit 3": "'limit'",
    "filter user like /(/": "regular expression",
    "": "the end",
}


@pytest.mark.parametrize("query", UNKNOWN)
@pytest.mark.mends("logs:StartQuery")
def test_what_is_not_known_is_named(client: Clients, ask: Ask, query: str) -> None:  # noqa: ARG001 - writes the lines
    logs = client("logs")
    with pytest.raises(logs.exceptions.MalformedQueryException, match=UNKNOWN[query]) as refused:
        results(logs, query, [GROUP])
    assert "location" in refused.value.response["queryCompileError"]


def test_groups_and_times_must_be_there(client: Clients, ask: Ask) -> None:  # noqa: ARG001 - writes the lines
    logs = client("logs")
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="'/absent' does not"):
        results(logs, "fields status", [GROUP, "/absent"])
    with pytest.raises(ClientError, match="before start time"):
        logs.start_query(logGroupName=GROUP, startTime=2, endTime=1, queryString="fields status")
    with pytest.raises(ClientError, match="1 to 50 log groups"):
        results(logs, "fields status", [GROUP] * 51)
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.get_query_results(queryId="unknown")


@pytest.mark.mends("logs:StopQuery")
def test_queries_are_listed_and_only_running_ones_stop(client: Clients, ask: Ask) -> None:
    ask("fields status")
    logs = client("logs")
    (query,) = logs.describe_queries(logGroupName=GROUP)["queries"]
    assert (query["queryString"], query["status"]) == ("fields status", "Complete")
    assert logs.describe_queries(logGroupName=GROUP, status="Running")["queries"] == []
    with pytest.raises(logs.exceptions.InvalidParameterException, match="has ended"):
        logs.stop_query(queryId=query["queryId"])
