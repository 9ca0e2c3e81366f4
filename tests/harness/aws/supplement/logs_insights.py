"""CloudWatch Logs: queries over log events. They end at once; what they hold is read when asked."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from moto.core.exceptions import JsonRESTError
from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.logs.responses import LogsResponse

from harness.aws.insights import Query, QueryError, record_of
from harness.aws.supplement.registry import mend

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moto.logs.models import LogGroup, LogsBackend

    from harness.aws.insights import Record

_QUERIES = mend(
    "logs:StartQuery",
    reason="takes no query apart: filters and statistics are ignored in silence",
    observed="a query that filtered for nothing found every event, and without its fields",
)
_STOP = mend(
    "logs:StopQuery",
    reason="can't stop a query (500)",
    observed="stop_query failed as not implemented",
)
_MOST_GROUPS = 50


class _MalformedQueryError(JsonRESTError):
    code = 400

    def __init__(self, error: QueryError) -> None:
        super().__init__("MalformedQueryException", str(error))
        location = {"startCharOffset": error.start, "endCharOffset": error.end}
        self.description = json.dumps(
            {
                "__type": "MalformedQueryException",
                "message": str(error),
                "queryCompileError": {"location": location, "message": str(error)},
            }
        )


@dataclass(frozen=True, slots=True)
class _Started:
    query_id: str
    text: str
    groups: tuple[LogGroup, ...]
    first_ms: int
    last_ms: int
    created_ms: int

    def described(self) -> dict[str, Any]:
        return {
            "queryLanguage": "CWLI",
            "queryId": self.query_id,
            "queryString": self.text,
            "status": "Complete",
            "createTime": self.created_ms,
            "logGroupName": self.groups[0].name,
        }

    def results(self, account_id: str) -> dict[str, Any]:
        records = list(self._records(account_id))
        found = Query(self.text).run(records)
        return {
            "queryLanguage": "CWLI",
            "results": found.rows,
            "statistics": {
                "bytesScanned": sum(len(str(record["@message"]).encode()) for record in records),
                "estimatedBytesSkipped": 0,
                "estimatedRecordsSkipped": 0,
                "logGroupsScanned": len(self.groups),
                "recordsMatched": found.matched,
                "recordsScanned": len(records),
            },
            "status": "Complete",
        }

    def _records(self, account_id: str) -> Iterator[Record]:
        for group in self.groups:
            for name, stream in list(group.streams.items()):
                for event in list(stream.events):
                    if self.first_ms <= event.timestamp <= self.last_ms:
                        yield record_of(
                            event.message,
                            timestamp=event.timestamp,
                            ingested=event.ingestion_time,
                            log=f"{account_id}:{group.name}",
                            stream=name,
                            pointer=str(event.event_id),
                        )


@_QUERIES.instead(LogsResponse, "start_query")
def _start_query(self: LogsResponse) -> str:
    first, last = int(self._get_param("startTime")), int(self._get_param("endTime"))
    if first > last:
        raise InvalidParameterException("End time should not be before start time")
    text = self._get_param("queryString")
    try:
        Query(text)
    except QueryError as error:
        raise _MalformedQueryError(error) from None
    query_id = str(uuid4())
    _started(self.logs_backend)[query_id] = _Started(
        query_id,
        text,
        tuple(_groups(self)),
        first * 1000,
        last * 1000,
        int(time.time() * 1000),
    )
    return json.dumps({"queryId": query_id})


@_QUERIES.instead(LogsResponse, "get_query_results")
def _get_query_results(self: LogsResponse) -> str:
    return json.dumps(_asked_for(self).results(self.logs_backend.account_id))


@_QUERIES.instead(LogsResponse, "describe_queries")
def _describe_queries(self: LogsResponse) -> str:
    group, status = self._get_param("logGroupName"), self._get_param("status")
    found = [
        each.described()
        for each in reversed(_started(self.logs_backend).values())
        if group in (None, *(group.name for group in each.groups))
    ]
    return json.dumps({"queries": found if status in (None, "Complete") else []})


@_STOP.instead(LogsResponse, "stop_query")
def _stop_query(self: LogsResponse) -> str:
    query = _asked_for(self)
    raise InvalidParameterException(f"The query {query.query_id} isn't running: it has ended")


def _asked_for(response: LogsResponse) -> _Started:
    query_id = response._get_param("queryId")
    try:
        return _started(response.logs_backend)[query_id]
    except KeyError:
        raise ResourceNotFoundException(f"There is no query {query_id}") from None


def _groups(response: LogsResponse) -> Iterator[LogGroup]:
    one, names, identifiers = (
        response._get_param(name)
        for name in ("logGroupName", "logGroupNames", "logGroupIdentifiers")
    )
    given = [each for each in (one and [one], names, identifiers) if each]
    if len(given) != 1 or len(given[0]) > _MOST_GROUPS:
        raise InvalidParameterException(
            f"Give 1 to {_MOST_GROUPS} log groups, in one of logGroupName, logGroupNames and"
            " logGroupIdentifiers"
        )
    for identifier in given[0]:
        name = identifier.rpartition(":log-group:")[2].removesuffix(":*")
        group = response.logs_backend.groups.get(name)
        if group is None:
            account = response.logs_backend.account_id
            raise ResourceNotFoundException(
                f"Log group '{name}' does not exist for account ID '{account}'"
            )
        yield group


def _started(backend: LogsBackend) -> dict[str, _Started]:
    started: dict[str, _Started] = vars(backend).setdefault("started_queries", {})
    return started
