"""Runs queries side by side: a few at a time, asking less and less often, until time is up."""

from __future__ import annotations

import contextlib
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError

from log_review.saved_queries import QueryProblem, SavedQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_logs.client import CloudWatchLogsClient

Row: TypeAlias = dict[str, str]

MOST_AT_ONCE = 5
"""An account may run 30 at once, and people's queries are among them."""

_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.2, 5.0
_LATER = frozenset({"LimitExceededException", "ThrottlingException", "ServiceUnavailableException"})
_UNDER_WAY = frozenset({"Scheduled", "Running"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A query and the time that it is about, in epoch seconds, both ends included."""

    query: SavedQuery
    start_s: int
    end_s: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query found, and how many events it looked at."""

    rows: list[Row]
    scanned: int


class Runner:
    """Runs queries until ``deadline`` on ``clock``, both in seconds."""

    def __init__(
        self,
        logs: CloudWatchLogsClient,
        *,
        deadline: float,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._logs = logs
        self._deadline = deadline
        self._clock = clock
        self._sleep = sleep
        self._waiting: deque[tuple[str, Asked]] = deque()
        self._running: dict[str, str] = {}
        self._settled: dict[str, Answer | QueryProblem] = {}

    def run(self, queries: Mapping[str, Asked]) -> dict[str, Answer | QueryProblem]:
        """Give each query's answer, or why it has none. Raises nothing."""
        self._waiting.extend(queries.items())
        wait_s = _FIRST_WAIT_S
        while True:
            self._start()
            self._collect()
            if not self._waiting and not self._running:
                return self._settled
            if self._clock() + wait_s > self._deadline:
                self._give_up()
                return self._settled
            self._sleep(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)

    def _start(self) -> None:
        while self._waiting and len(self._running) < MOST_AT_ONCE:
            name, asked = self._waiting[0]
            try:
                started = self._logs.start_query(
                    logGroupNames=list(asked.query.log_groups),
                    startTime=asked.start_s,
                    endTime=asked.end_s,
                    queryString=asked.query.text,
                )
            except (BotoCoreError, ClientError) as error:
                if _code(error) in _LATER:
                    return
                self._settled[name] = _problem("it can't be started", error)
            else:
                self._running[name] = started["queryId"]
            self._waiting.popleft()

    def _collect(self) -> None:
        for name, query_id in list(self._running.items()):
            try:
                found = self._logs.get_query_results(queryId=query_id)
            except (BotoCoreError, ClientError) as error:
                if _code(error) in _LATER:
                    return
                self._settle(name, _problem("its results can't be read", error))
                continue
            if found["status"] == "Complete":
                rows = [{each["field"]: each["value"] for each in row} for row in found["results"]]
                self._settle(name, Answer(rows, int(found["statistics"]["recordsScanned"])))
            elif found["status"] not in _UNDER_WAY:
                self._settle(name, QueryProblem(f"it ended as {found['status']}"))

    def _settle(self, name: str, answer: Answer | QueryProblem) -> None:
        del self._running[name]
        self._settled[name] = answer

    def _give_up(self) -> None:
        late = QueryProblem("no time was left for it: give the review more, or shorter periods")
        for name, query_id in self._running.items():
            with contextlib.suppress(BotoCoreError, ClientError):
                self._logs.stop_query(queryId=query_id)
            self._settled[name] = late
        self._settled.update({name: late for name, _ in self._waiting})


def _problem(what: str, error: BotoCoreError | ClientError) -> QueryProblem:
    return QueryProblem(f"{what}: {_code(error)}")


def _code(error: BotoCoreError | ClientError) -> str:
    return (
        error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    )
