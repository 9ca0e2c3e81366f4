"""The function in process: periods, findings, silence, and queries without an answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from api_functions.settings import SettingsError
from daily_review.account import ERRORS, HOURS, TODAY_S, Reviewed, findings_in, lines_of
from harness.testing import pci
from log_review.handler import IncompleteReviewError
from log_review.periods import DAY_S, HOUR_S, EventError, Period
from log_review.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    Output = pytest.CaptureFixture[str]

CARD = "4111111111111111"
MIDNIGHT_S = 1_800_057_600  # 2027-01-16T00:00:00Z


@pytest.mark.parametrize(
    ("time", "hours", "ended"),
    [
        ("2027-01-16T00:15:00Z", 24, 0),
        ("2027-01-16T00:00:00Z", 24, 0),
        ("2027-01-16T23:59:59.9Z", 24, 0),
        ("2027-01-15T23:59:59Z", 24, -24),
        ("2027-01-16T06:15:00Z", 6, 6),
        ("2027-01-16T01:30:00+01:00", 1, 0),
    ],
)
def test_the_last_whole_period_before_the_event_is_reviewed(
    time: str, hours: int, ended: int
) -> None:
    end_s = MIDNIGHT_S + ended * HOUR_S
    found = Period.before({"time": time}, hours, MIDNIGHT_S + DAY_S)
    assert found == Period(end_s - hours * HOUR_S, end_s)


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({}, "send {"),
        ({"time": "yesterday"}, "'yesterday': send"),
        ({"time": "2027-01-16T00:15:00"}, "send {"),
        ({"time": "2027-01-18T00:15:00Z"}, "still to come"),
    ],
)
def test_an_event_without_a_clock_says_what_to_send(event: dict[str, str], words: str) -> None:
    with pytest.raises(EventError, match=words):
        Period.before(event, 24, MIDNIGHT_S)


def test_findings_are_written_counted_and_measured(reviewed: Reviewed, capsys: Output) -> None:
    reviewed.save("errors", ERRORS)
    reviewed.save("quiet", 'filter level = "FATAL" | stats count(*) as events by error')
    reviewed.fail_with("KeyError", "KeyError", "OSError")
    assert reviewed.review()["findings"] == {"errors": 2, "quiet": 0}
    output = capsys.readouterr().out
    found = {each["identity"]["error"]: each for each in findings_in(output)}
    assert found["KeyError"]["events"] == 2
    assert (found["OSError"]["query"], found["OSError"]["requirement"]) == ("errors", "10.4.1")
    measured = [line for line in lines_of(output) if "_aws" in line]
    assert {line["Query"]: line["Findings"] for line in measured if "Query" in line} == {
        "errors": 2,
        "quiet": 0,
    }
    assert measured[-1]["ReviewsCompleted"] == 1
    assert measured[-1]["_aws"]["Timestamp"] == TODAY_S * 1000


def test_only_lines_of_the_period_are_reviewed(reviewed: Reviewed) -> None:
    reviewed.save("errors", ERRORS)
    reviewed.fail_with("Earlier", at_s=TODAY_S - DAY_S - 1)
    reviewed.fail_with("First", at_s=TODAY_S - DAY_S)
    reviewed.fail_with("Last", at_s=TODAY_S - 1)
    reviewed.fail_with("Later", at_s=TODAY_S + 1)
    assert reviewed.review()["findings"] == {"errors": 2}


def test_a_period_that_is_reviewed_twice_has_the_same_findings(
    reviewed: Reviewed, capsys: Output
) -> None:
    reviewed.save("errors", ERRORS)
    reviewed.fail_with("KeyError", "OSError")
    first = reviewed.review()
    before = findings_in(capsys.readouterr().out)
    reviewed.now_s += 3 * DAY_S
    assert reviewed.review() == first
    after = findings_in(capsys.readouterr().out)
    assert [each["finding_id"] for each in after] == [each["finding_id"] for each in before]
    assert len({each["finding_id"] for each in before}) == 2


def test_a_missed_day_is_reviewed_by_its_time(reviewed: Reviewed) -> None:
    reviewed.save("errors", ERRORS)
    reviewed.fail_with("KeyError", at_s=TODAY_S - 3 * DAY_S - HOUR_S)
    assert reviewed.review()["findings"] == {"errors": 0}
    missed = Period(TODAY_S - 4 * DAY_S, TODAY_S - 3 * DAY_S)
    found = reviewed.review(str(missed).partition("/")[2])
    assert found == {"period": str(missed), "findings": {"errors": 1}}


def test_an_empty_log_group_is_reviewed(reviewed: Reviewed, capsys: Output) -> None:
    reviewed.save("errors", ERRORS)
    reviewed.save("silent", HOURS, compared_days=7)
    assert reviewed.review()["findings"] == {"errors": 0, "silent": 0}
    assert '"scanned":0' in capsys.readouterr().out


@pci("3.4.1")
def test_no_card_number_and_no_line_is_repeated(reviewed: Reviewed, capsys: Output) -> None:
    reviewed.save("errors", ERRORS)
    reviewed.save("lines", "stats count(*) as events by @message")
    reviewed.fail_with(CARD, "4111 1111 1111 1111", "KeyError")
    assert reviewed.review()["findings"] == {"errors": 3, "lines": 3}
    output = capsys.readouterr().out
    assert "withheld" in output
    assert "1111" not in output
    assert "@message" not in output


# --- queries without an answer -------------------------------------------------------------------


@pci("10.7.2")
def test_a_failing_query_makes_the_review_incomplete(reviewed: Reviewed, capsys: Output) -> None:
    reviewed.save("errors", ERRORS)
    reviewed.save("broken", "pattern @message")
    reviewed.save("gone", ERRORS, ["/absent"])
    reviewed.fail_with("KeyError")
    with pytest.raises(IncompleteReviewError, match=r'broken, gone .* send \{"time": "20'):
        reviewed.review()
    output = capsys.readouterr().out
    failed = {line["query"]: line for line in lines_of(output) if line["level"] == "ERROR"}
    assert "MalformedQueryException" in failed["broken"]["advice"]
    assert "ResourceNotFoundException" in failed["gone"]["advice"]
    assert len(findings_in(output)) == 1  # the others' are written all the same
    assert lines_of(output)[-1]["ReviewsCompleted"] == 0


def change_text(reviewed: Reviewed, query_id: str) -> None:
    reviewed.logs.put_query_definition(
        queryDefinitionId=query_id,
        name=f"{reviewed.name}/errors",
        queryString=f"{ERRORS} | limit 0",
        logGroupNames=[reviewed.group],
    )


def change_groups(reviewed: Reviewed, query_id: str) -> None:
    reviewed.logs.put_query_definition(
        queryDefinitionId=query_id, name=f"{reviewed.name}/errors", queryString=ERRORS
    )


def delete(reviewed: Reviewed, query_id: str) -> None:
    reviewed.logs.delete_query_definition(queryDefinitionId=query_id)


@pci("10.3.2")
@pytest.mark.parametrize("tamper", [change_text, change_groups, delete])
def test_a_saved_query_that_was_changed_is_noticed(
    reviewed: Reviewed, capsys: Output, tamper: Callable[[Reviewed, str], None]
) -> None:
    tamper(reviewed, reviewed.save("errors", ERRORS))
    with pytest.raises(IncompleteReviewError):
        reviewed.review()
    assert "apply the release again" in capsys.readouterr().out


class SlowLogs:
    """CloudWatch Logs whose queries end, or not, after so many looks at them."""

    def __init__(self, logs: Any, statuses: list[str]) -> None:
        self._logs = logs
        self._statuses = statuses
        self.refusals = 0
        self.stopped = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._logs, name)

    def start_query(self, **request: Any) -> Any:
        if self.refusals:
            self.refusals -= 1
            raise self._logs.exceptions.LimitExceededException(
                {"Error": {"Code": "LimitExceededException"}}, "StartQuery"
            )
        return self._logs.start_query(**request)

    def get_query_results(self, **request: Any) -> Any:
        if self._statuses:
            return {"status": self._statuses.pop(0), "results": []}
        return self._logs.get_query_results(**request)

    def stop_query(self, **_: Any) -> None:
        self.stopped += 1


def test_queries_are_awaited_with_growing_patience(reviewed: Reviewed) -> None:
    reviewed.save("errors", ERRORS)
    reviewed.fail_with("KeyError")
    slow = SlowLogs(reviewed.logs, ["Scheduled", *["Running"] * 6])
    slow.refusals = 1
    assert reviewed.review(logs=slow)["findings"] == {"errors": 1}
    assert reviewed.slept == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]


@pci("10.7.2")
def test_queries_that_take_too_long_are_stopped_and_told(
    reviewed: Reviewed, capsys: Output
) -> None:
    reviewed.save("errors", ERRORS)
    slow = SlowLogs(reviewed.logs, ["Running"] * 99)
    with pytest.raises(IncompleteReviewError, match="errors"):
        reviewed.review(logs=slow, remaining_ms=20_000)
    assert slow.stopped == 1
    assert sum(reviewed.slept) < 17
    assert "no time was left" in capsys.readouterr().out


@pytest.mark.parametrize("status", ["Failed", "Cancelled", "Timeout", "Unknown"])
def test_a_query_that_ends_badly_is_told(reviewed: Reviewed, capsys: Output, status: str) -> None:
    reviewed.save("errors", ERRORS)
    with pytest.raises(IncompleteReviewError):
        reviewed.review(logs=SlowLogs(reviewed.logs, [status]))
    assert f"it ended as {status}" in capsys.readouterr().out


# --- silence -------------------------------------------------------------------------------------


def speak(reviewed: Reviewed, days: range, hours: range) -> None:
    for day in days:
        for hour in hours:
            reviewed.write("a line", at_s=TODAY_S - day * DAY_S + hour * HOUR_S + 60)


@pci("10.7.2")
def test_hours_that_usually_have_lines_are_missed(reviewed: Reviewed, capsys: Output) -> None:
    reviewed.save("silent", HOURS, compared_days=7)
    speak(reviewed, range(2, 8), range(8, 18))  # of seven days before, one was silent
    speak(reviewed, range(1, 2), range(8, 15))
    assert reviewed.review()["findings"] == {"silent": 1}
    (found,) = findings_in(capsys.readouterr().out)
    assert found["events"] == 3
    assert found["identity"]["@log"].endswith(f":{reviewed.group}")
    assert found["identity"]["since"].endswith("T15:00:00.000Z")


@pytest.mark.parametrize(
    ("before", "yesterday"),
    [
        (range(2, 9), range(8, 18)),  # as every day
        (range(2, 7), range(0)),  # two of the seven days were silent too
        (range(0), range(8, 9)),  # nothing is usual yet
    ],
)
def test_usual_days_are_not_silent(reviewed: Reviewed, before: range, yesterday: range) -> None:
    reviewed.save("silent", HOURS, compared_days=7)
    speak(reviewed, before, range(8, 18))
    speak(reviewed, range(1, 2), yesterday)
    assert reviewed.review()["findings"] == {"silent": 0}


# --- settings ------------------------------------------------------------------------------------

GOOD = {
    "ENVIRONMENT": "dev",
    "REVIEW_FOLDER": "payments-dev/review",
    "REVIEW_QUERIES": json.dumps(
        {"errors": {"digest": "0", "severity": "low", "requirement": "10.4.1", "compared_days": 0}}
    ),
}


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ENVIRONMENT", "", "set ENVIRONMENT"),
        ("REVIEW_FOLDER", " ", "set REVIEW_FOLDER"),
        ("REVIEW_PERIOD_HOURS", "7", "one of 1, 2, 3, 4, 6, 8, 12, 24, not '7'"),
        ("REVIEW_QUERIES", "{", "JSON object of queries, each with digest, severity"),
        ("REVIEW_QUERIES", '{"errors": {}}', "JSON object of queries"),
        ("REVIEW_QUERIES", "{}", "JSON object of queries"),
    ],
)
def test_settings_that_cannot_be_used_are_named(name: str, value: str, words: str) -> None:
    assert Settings.from_environment(GOOD).period_hours == 24
    with pytest.raises(SettingsError, match=words):
        Settings.from_environment({**GOOD, name: value})
