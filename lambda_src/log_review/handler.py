"""The log review's Lambda function: runs a period's queries and writes what they found.

What it reads decides nothing: the same period gives the same findings, however often it is
reviewed. A query without an answer makes the review fail, so that it is tried again, then kept
among the dead letters, whose event reviews the same period again.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from api_functions.aws_clients import client
from api_functions.logs import Logger
from log_review import saved_queries
from log_review.findings import finding
from log_review.periods import DAY_S, Period
from log_review.running import Answer, Asked, Runner
from log_review.saved_queries import QueryProblem, SavedQuery
from log_review.settings import Settings
from log_review.silence import silent_hours

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_logs.client import CloudWatchLogsClient

    from api_functions.answering import LambdaContext
    from log_review.running import Row
    from log_review.settings import Wanted

_WRITING_RESERVE_S = 3


class IncompleteReviewError(Exception):
    """Some queries have no answer; says which and how to review their period again."""


@dataclass(frozen=True, slots=True)
class Application:
    """Everything that a worker keeps between reviews."""

    settings: Settings
    logs: CloudWatchLogsClient
    logger: Logger
    clock: Callable[[], float]
    sleep: Callable[[float], None]


def handle(event: Mapping[str, Any], context: LambdaContext) -> dict[str, object]:
    """Review a period; see ``review``."""
    return review(deployed(), event, context)


def review(
    application: Application, event: Mapping[str, Any], context: LambdaContext
) -> dict[str, object]:
    """Review the last whole period before the event; give the number of findings by query.

    Raises:
        EventError: the event doesn't say when it was.
        IncompleteReviewError: a query has no answer; the others' findings are written.
    """
    now = application.clock()
    deadline = now + context.get_remaining_time_in_millis() / 1000 - _WRITING_RESERVE_S
    period = Period.before(event, application.settings.period_hours, now)
    answers = _ask(application, period, deadline)
    found = {
        name: _tell(application, name, period, answer)
        for name, answer in answers.items()
        if isinstance(answer, Answer)
    }
    problems = {name: each for name, each in answers.items() if isinstance(each, QueryProblem)}
    for name, problem in problems.items():
        application.logger.exception(  # noqa: LOG004 - this logger is handed the error
            "query failed", problem, period=str(period), query=name, advice=str(problem)
        )
    # A day that is reviewed late doesn't stand for today.
    application.logger.measuring(at_ms=period.end_s * 1000).measure(
        "review incomplete" if problems else "review completed",
        {"ReviewsCompleted": int(not problems)},
        units={},
        period=str(period),
        request_id=context.aws_request_id,
    )
    if problems:
        raise IncompleteReviewError(
            f"no answer from {', '.join(sorted(problems))} for {period}:"
            f' send {{"time": "{event["time"]}"}} when the log says why'
        )
    return {"period": str(period), "findings": found}


def _ask(
    application: Application, period: Period, deadline: float
) -> dict[str, Answer | QueryProblem]:
    wanted = application.settings.queries
    saved = saved_queries.read(application.logs, application.settings.folder, wanted)
    asked = {
        name: Asked(query, period.start_s - wanted[name].compared_days * DAY_S, period.end_s)
        for name, query in saved.items()
        if isinstance(query, SavedQuery)
    }
    runner = Runner(
        application.logs, deadline=deadline, clock=application.clock, sleep=application.sleep
    )
    missing = {name: each for name, each in saved.items() if isinstance(each, QueryProblem)}
    return missing | runner.run(asked)


def _tell(application: Application, name: str, period: Period, answer: Answer) -> int:
    """Write a query's findings, and how many there are; zeros are measured too."""
    wanted = application.settings.queries[name]
    about = {"period": str(period), "requirement": wanted.requirement, "severity": wanted.severity}
    rows = _findings(wanted, period, answer)
    for row in rows:
        application.logger.info("finding", query=name, **about, **finding(name, period, row))
    application.logger.measuring(by={"Query": name}).measure(
        "query answered",
        {"Findings": len(rows)},
        units={},
        scanned=answer.scanned,
        **about,
    )
    return len(rows)


def _findings(wanted: Wanted, period: Period, answer: Answer) -> list[Row]:
    if wanted.compared_days:
        return silent_hours(answer.rows, period, wanted.compared_days)
    return answer.rows


def build(
    settings: Settings,
    *,
    logs: CloudWatchLogsClient,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Application:
    """Put an application together. ``clock`` gives epoch seconds."""
    # What a review finds is written whatever the level of other logs.
    logger = Logger("INFO", service="LogReview", environment=settings.environment)
    return Application(settings, logs, logger, clock, sleep)


@cache
def deployed() -> Application:
    """Build this worker's application once, from its environment. Raises ``SettingsError``."""
    return build(Settings.from_environment(os.environ), logs=client("logs"))


if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    # Lambda's init phase has a full core.
    deployed()
