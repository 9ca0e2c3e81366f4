"""An account's log groups and saved queries, for the function in process."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

from harness.payments import Context
from log_review import handler
from log_review.periods import DAY_S, HOUR_S
from log_review.saved_queries import SavedQuery
from log_review.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harness.aws import EmbeddedAWS

ACCOUNT = "444444444444"
TODAY_S = int(time.time()) // DAY_S * DAY_S
"""Midnight, at the end of the period that a run of today reviews."""
ERRORS = 'filter level = "ERROR"\n| stats count(*) as events by error'
HOURS = "stats count(*) as events by @log, bin(1h)"


class Reviewed:
    """Everything new for each test, under names of its own."""

    def __init__(self, aws: EmbeddedAWS) -> None:
        self.logs: Any = aws.session(ACCOUNT).client("logs")
        self.name = f"review-{uuid.uuid4().hex[:8]}"
        self.group = f"/{self.name}"
        self.wanted: dict[str, dict[str, Any]] = {}
        self.slept: list[float] = []
        self.now_s = float(TODAY_S + HOUR_S)
        self.logs.create_log_group(logGroupName=self.group)
        self.logs.create_log_stream(logGroupName=self.group, logStreamName="one")

    def close(self) -> None:
        """Delete what there still is."""
        saved = self.logs.describe_query_definitions(queryDefinitionNamePrefix=f"{self.name}/")
        for query in saved["queryDefinitions"]:
            self.logs.delete_query_definition(queryDefinitionId=query["queryDefinitionId"])
        self.logs.delete_log_group(logGroupName=self.group)

    def write(self, *lines: str, at_s: int = TODAY_S - HOUR_S) -> None:
        """Write lines at a time, an hour before midnight if not told."""
        events = [{"timestamp": at_s * 1000, "message": line} for line in lines]
        self.logs.put_log_events(logGroupName=self.group, logStreamName="one", logEvents=events)

    def fail_with(self, *errors: str, at_s: int = TODAY_S - HOUR_S) -> None:
        """Write a line for each error."""
        lines = [json.dumps({"level": "ERROR", "error": error}) for error in errors]
        self.write(*lines, at_s=at_s)

    def save(
        self, name: str, text: str, groups: Iterable[str] = (), *, compared_days: int = 0
    ) -> str:
        """Save a query as a release does; give its id."""
        query = SavedQuery(text, tuple(groups) or (self.group,))
        self.wanted[name] = {
            "digest": query.digest,
            "severity": "high",
            "requirement": "10.4.1",
            "compared_days": compared_days,
        }
        saved = self.logs.put_query_definition(
            name=f"{self.name}/{name}", queryString=text, logGroupNames=list(query.log_groups)
        )
        return str(saved["queryDefinitionId"])

    def review(
        self, time: str | None = None, *, logs: Any = None, remaining_ms: int = 60_000
    ) -> dict[str, Any]:
        """Run the function; its clock stands, but for what it sleeps."""
        settings = Settings.from_environment(
            {
                "ENVIRONMENT": self.name,
                "REVIEW_FOLDER": self.name,
                "REVIEW_QUERIES": json.dumps(self.wanted),
            }
        )
        application = handler.build(
            settings, logs=logs or self.logs, clock=lambda: self.now_s, sleep=self._sleep
        )
        event = {"time": time or _written(TODAY_S + 15 * 60)}
        return handler.review(application, event, Context(remaining_ms=remaining_ms))

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds


def lines_of(output: str) -> list[dict[str, Any]]:
    """Read what the function wrote."""
    return [json.loads(line) for line in output.splitlines()]


def findings_in(output: str) -> list[Mapping[str, Any]]:
    """Give the findings that the function wrote."""
    return [line for line in lines_of(output) if line["message"] == "finding"]


def _written(at_s: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_s))
